from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_rationales import OPERANDS, QUESTIONS, record, too_coarse

from core.errors import KitError
from core.schema_answers import AnswersConfig
from core.tasks.math import TEMPLATE_TYPES, MathQuestion, recognise
from core.text.records import Record
from data_convert.answers import rewrite
from data_convert.answers.paraphrase import numbers_in, paraphrase
from data_convert.answers.phrasings import PHRASINGS
from data_convert.typed.solver import question_text, solution
from eval_accuracy.judges.math import judge


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", TEMPLATE_TYPES)
def test_six_phrasings_or_more_of_each_type(language: str, kind: str) -> None:
    phrasings = PHRASINGS[language][kind]
    assert len(set(phrasings)) == len(phrasings) >= 6
    assert all(any("一" <= letter <= "鿿" for letter in text) == (language == "zh") for text in phrasings)


@given(QUESTIONS, st.sampled_from(["zh", "en"]), st.integers(0, 2**32))
def test_a_paraphrase_carries_its_operands_verbatim_and_no_other_number(
    asked: MathQuestion, language: str, number: int
) -> None:
    text = paraphrase(asked, language, number)
    found = list(numbers_in(text))
    if asked.type == "equation":
        assert found.pop() == "0"
    assert Counter(found) == Counter(asked.operands)
    if asked.type in ("sub", "div", "power", "equation", "discount", "sales", "mean"):
        assert tuple(found) == asked.operands
    assert text != question_text(asked)


def test_the_numbers_of_a_text() -> None:
    assert numbers_in("-81x + -45 = 0，3.50 与 7 厘米/2^-3") == ("-81", "-45", "0", "3.50", "7", "2", "-3")


@pytest.mark.parametrize(
    "phrasing", ["求 {0} 与 {0} 的和。", "求 {0} 与某数的和。", "{0}{1} 的和。", "求 {0}.{1} 与 1 的和。"]
)
def test_a_phrasing_that_does_not_carry_the_operands_is_a_defect(
    phrasing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(PHRASINGS["zh"], "add", (phrasing,))
    with pytest.raises(KitError, match="the phrasing"):
        paraphrase(MathQuestion("add", ("3", "4")), "zh", 0)


def asked_again(kind: str, count: int, **settings: Any) -> list[Any]:
    question = {"add": "计算 3.50 + 4.00 等于多少？", "mean": "求以下数据的平均值：[9, 50, 57, 94]"}[kind]
    config = AnswersConfig(**settings)
    return [rewrite(record(question, str(number)), config, 1) for number in range(count)]


def test_a_share_of_the_questions_is_asked_in_other_words() -> None:
    made = asked_again("add", 2000, paraphrase=0.3)
    changed = [item for item in made if "rewritten" in item.meta]
    assert 520 < len(changed) < 680
    assert len({item.question for item in changed}) == len(PHRASINGS["zh"]["add"])
    assert {item.answer for item in made} == {"3.50 + 4.00 = 7.50"}


def test_both_languages_take_turns_and_the_answer_follows_the_question() -> None:
    made = asked_again("mean", 400, paraphrase=1.0, paraphrase_language="both")
    answers = Counter((item.meta["rewritten"]["paraphrase"], item.answer) for item in made)
    assert set(answers) == {("zh", "平均值为 52.5"), ("en", "The mean is 52.5")}
    assert min(answers.values()) > 150


def test_a_rationale_is_in_the_language_of_the_question() -> None:
    for language, final in (("zh", "答案：52.5"), ("en", "Answer: 52.5")):
        made = asked_again("mean", 1, paraphrase=1.0, paraphrase_language=language, rationale="steps")[0]
        assert made.answer.endswith(final)


def test_the_canonical_question_stays_known() -> None:
    made = asked_again("mean", 1, paraphrase=1.0, paraphrase_language="en")[0]
    assert recognise(made.question).type == "english"
    assert (made.meta["type"], made.meta["operands"]) == ("mean", ["9", "50", "57", "94"])
    # so that what is already in other words can still be worked
    again = rewrite(made, AnswersConfig(rationale="short"), 1)
    assert again.answer == "Sum: 9 + 50 + 57 + 94 = 210\n210 / 4 = 52.5\nAnswer: 52.5"


@pytest.mark.parametrize(
    ("kind", "operands"),
    [("mean", []), ("mul", ["3"]), ("mul", ["3", "x"]), ("none", ["3", "4"]), ("equation", "12"), ("english", [])],
)
def test_operands_that_make_no_question_are_not_believed(kind: str, operands: Any) -> None:
    before = Record("1", "math", "What is it?", "7", "", {"type": kind, "operands": operands})
    assert rewrite(before, AnswersConfig(rationale="steps", paraphrase=1), 1) is before


@given(QUESTIONS, st.sampled_from(["zh", "en"]), st.none() | st.integers(0, 4))
def test_answers_to_paraphrased_questions_are_judged_right(
    asked: MathQuestion, language: Any, decimals: int | None
) -> None:
    question = question_text(asked)
    config = AnswersConfig(paraphrase=1, paraphrase_language=language, decimals=decimals)
    made = rewrite(record(question), config, 1)
    verdict = judge(question, made.answer, solution(asked))
    assert not verdict.reason
    assert too_coarse(decimals, verdict) or verdict.rules["rounded"]


def test_every_type_of_the_corpus_has_phrasings() -> None:
    assert set(PHRASINGS["zh"]) == set(PHRASINGS["en"]) == set(TEMPLATE_TYPES) == set(OPERANDS)
