"""Multiple choice by likelihood and under rotation; which judge judges what."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import load_contest
from core.errors import InputError
from core.registry import JUDGES
from core.text.records import Record
from eval_accuracy.judges import judge_named, judge_of
from eval_accuracy.judges.likelihood import judge
from eval_accuracy.scoring.accuracy import judge_all, score, summarise
from eval_accuracy.scoring.circular import as_asked, folded
from evaluation.answers.predictions import Predictions

QUESTION = "Question: Which? \nA.one\nB.a much longer option\nC.three\nD.four"


def choice(name: str, answer: str = "B", **meta: object) -> Record:
    return Record(name, "choice", QUESTION, f"The right option is {answer}.", meta={"subject": "arts", **meta})


@pytest.mark.parametrize(
    ("scores", "letter", "plain", "per_byte"),
    [
        ([-3.0, -1.0, -4.0, -5.0], "B", True, True),
        ([-1.0, -3.0, -4.0, -5.0], "A", False, True),
        ([-1.0, -30.0, -4.0, -5.0], "A", False, False),
        ([-1.0, -1.0, -4.0, -5.0], "tie", False, True),
        ([-math.inf, -1.0, math.nan, -5.0], "B", True, True),
    ],
)
def test_the_likeliest_option_is_chosen(scores: list[float], letter: str, plain: bool, per_byte: bool) -> None:
    verdict = judge(QUESTION, scores, "B", "arts")
    assert verdict.rules == {"likelihood": plain, "likelihood_per_byte": per_byte}
    assert (verdict.span, verdict.reference, verdict.type) == (letter, "B", "arts")


@pytest.mark.parametrize("scores", [[-1.0] * 4, [-math.inf] * 4, [math.nan] * 4, [-1.0, -2.0, -3.0, -4.0, -0.5]])
def test_no_likelihood_is_guessed_from(scores: list[float]) -> None:
    verdict = judge("Which?", scores, "A")
    assert verdict.reason == "unparsable"
    assert not any(verdict.rules.values())


@given(st.lists(st.floats(), max_size=6))
def test_no_scores_make_a_defect(scores: list[float]) -> None:
    judge(QUESTION, scores, "A")


def test_predictions_with_scores_are_judged_by_them() -> None:
    predictions = Predictions([("1", "The right option is A."), ("2", "x")])
    predictions.scores = {"1": [-2.0, -1.0, -3.0, -3.0]}
    result = score([choice("1"), choice("2"), choice("3")], predictions)
    assert (result.mode, result.rule, result.correct) == ("ppl", "likelihood", 1)
    assert (result.empty, result.missing) == (1, 1)


def rotations(*answers: str) -> list[Record]:
    return [choice(f"q@rot{turn}", answer, of="q", rotation=turn) for turn, answer in enumerate(answers)]


@pytest.mark.parametrize(
    ("said", "plain", "circular"),
    [("BADC", True, True), ("BBBB", True, False), ("AADC", False, False), ("BAD", True, False)],
)
def test_a_choice_is_right_where_every_rotation_is(said: str, plain: bool, circular: bool) -> None:
    records = rotations("B", "A", "D", "C")
    given = Predictions((f"q@rot{turn}", f"The right option is {letter}.") for turn, letter in enumerate(said))
    result = score(records, given)
    assert result.count == 1
    assert result.rules == {
        "phrase": plain,
        "letter": plain,
        "circular_phrase": circular,
        "circular_letter": circular,
    }
    judged = judge_all(records, given, judge_of("choice"))
    assert summarise(records, given, judged, judge_of("choice"), "circular_letter").correct == circular


def test_questions_are_rotated_as_their_predictions_are() -> None:
    asked = as_asked([choice("q")], {"q@rot0": "B", "q@rot1": "A"})
    assert [record.id for record in asked] == ["q@rot0", "q@rot1", "q@rot2", "q@rot3"]
    assert [record.answer[-2] for record in asked] == ["B", "A", "D", "C"]
    plain = [choice("q")]
    assert as_asked(plain, {"q": "B"}) is plain


def test_a_rotation_that_is_not_there_is_said() -> None:
    records = rotations("B", "A", "D", "C")
    verdicts = judge_all(records, Predictions(), judge_of("choice"))
    with pytest.raises(InputError, match="0 to 3"):
        folded([*records[:2], *rotations("B", "A", "D", "C")[3:]], [*verdicts[:2], verdicts[3]])
    with pytest.raises(InputError, match="no rotation"):
        folded([choice("x"), *records], verdicts + verdicts[:1])


def test_the_judge_follows_the_task_unless_it_is_named() -> None:
    math_question = Record("1", "math", "计算 3 + 4 等于多少？", "3 + 4 = 7")
    none = Predictions()
    assert judge_named(None, [math_question], none).name == "math"
    assert judge_named("exact_match", [math_question], none).name == "exact_match"
    with pytest.raises(InputError, match="cannot judge questions of task 'math'"):
        judge_named("choice", [math_question], none)
    with pytest.raises(InputError, match="several tasks"):
        judge_named(None, [math_question, choice("2")], none)
    with pytest.raises(InputError, match="no judge of their own"):
        judge_named(None, [Record("1", "instruction", "q", "a")], none)


@pytest.mark.parametrize("judge_name", ["rouge_l", "exact_match", "span_f1"])
def test_a_contest_may_name_any_judge_of_free_text(judge_name: str) -> None:
    rules = judge_of(judge_name).rules
    config = load_contest("math_llama3", [f"rules.judge={judge_name}", f"rules.equality={rules[-1]}"])
    assert (config.rules.judge, config.rules.equality) == (judge_name, rules[-1])


def test_a_contest_may_name_every_rule_and_no_judge_of_another_task() -> None:
    for rule in ("circular_letter", "likelihood", *(rule for name in JUDGES.names() for rule in judge_of(name).rules)):
        assert load_contest("math_llama3", [f"rules.equality={rule}"]).rules.equality == rule
    with pytest.raises(InputError, match="rules.judge is 'choice' in a contest of task 'math'"):
        load_contest("math_llama3", ["rules.judge=choice"])


def test_many_questions_are_judged_by_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [Record(str(n), "math", f"计算 {n} + 1 等于多少？", f"{n} + 1 = {n + 1}") for n in range(40)]
    given = Predictions((str(n), str(n + 1 if n % 3 else n)) for n in range(38))
    alone = judge_all(records, given, judge_of("math"))
    monkeypatch.setattr("eval_accuracy.scoring.accuracy._MANY", 10)
    assert judge_all(records, given, judge_of("math")) == alone
