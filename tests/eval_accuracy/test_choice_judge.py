from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.tasks.choice import subject_of
from eval_accuracy.judges.choice import judge, reference_letter

QUESTION = "Question: Which is it? \nA.one\nB.two\nC.three\nD.four"
INSTRUCTION = (
    "Here is a question about arts, the correct answer is one of the options A/B/C/D. Please select the correct option "
    "and answer the question with 'The right option is'."
)


@pytest.mark.parametrize(
    ("prediction", "marker", "letter"),
    [
        ("The right option is B.", "phrase", "B"),
        ("The right option is B.' diamonds.'.'", "phrase", "B"),
        ("The right option is B. The right option is C.", "phrase", "B"),
        (f"<|User|>:{INSTRUCTION}\n{QUESTION}<eoh>\n<|Bot|>:The right option is B.", "phrase", "B"),
        ("B", "bare letter", "B"),
        ("(B) two", "bare letter", "B"),
        ("B.two", "bare letter", "B"),
        ("答案是B。", "other phrase", "B"),
        ("不选A，应选B。", "other phrase", "B"),
        ("选B", "other phrase", "B"),
        ("Option A is wrong. The right option is B, as C is.", "phrase", "B"),
        ("The correct answer is (B).", "other phrase", "B"),
        ("The right option is 'B'", "other phrase", "B"),
        ("The right option is C.", "phrase", "C"),
        # forms that models write; full-width letters too
        ("正确答案为：Ｂ", "other phrase", "B"),
        ("【答案】B", "other phrase", "B"),
        ("答案应该是 B", "other phrase", "B"),
        ("B选项", "bare letter", "B"),
        ("Ｂ。", "bare letter", "B"),
        ("B B B", "bare letter", "B"),
        ("`B`", "bare letter", "B"),
        ("$\\boxed{\\text{B}}$", "other phrase", "B"),
        ("The answer is: B", "other phrase", "B"),
        ("the answer is b.", "other phrase", "B"),
        ("The answer would be (B)", "other phrase", "B"),
        ("Option B is correct.", "other phrase", "B"),
        ("I think it's B.", "other phrase", "B"),
        ("综上所述，B是正确答案。", "other phrase", "B"),
        # some options are called wrong, or are only spoken of
        ("not B but C", "other phrase", "C"),
        ("The right option is not B but C.", "other phrase", "C"),
        ("不是B，而是C", "other phrase", "C"),
        ("A选项错误，B选项正确", "other phrase", "B"),
        ("A is wrong. B is right.", "other phrase", "B"),
        ("选项A是一，选项B是二，答案是B", "other phrase", "B"),
        ("选A还是B？我选B", "other phrase", "B"),
        ("B, because A is small", "bare letter", "B"),
        # the option's text instead of its letter
        ("two", "option text", "B"),
        ("The answer is Two.", "option text", "B"),
        ("B two", "option text", "B"),
        # what follows is another question
        ("B\n\nHere is a question about law …\nThe right option is C.", "bare letter", "B"),
    ],
)
def test_the_letter_and_what_decided(prediction: str, marker: str, letter: str) -> None:
    verdict = judge(QUESTION, prediction, "The right option is B.", "arts")
    assert (verdict.marker, verdict.span) == (marker, letter)
    assert verdict.rules == {"phrase": letter == "B" and marker == "phrase", "letter": letter == "B"}
    assert (verdict.type, verdict.reference) == ("arts", "B")


@pytest.mark.parametrize(
    "prediction",
    [
        "A和C",
        "AC",
        "A, B",
        "A or B",
        "The right option is B or C.",
        "答案是 A 或 B",
        "A选项错误",
        "one and two",
        "The answer is a dog",
        "C'est B",
        "选项A是一，选项B是二",
        "I cannot say",
        "The right option is",
        "The right option is Apple.",
        "A dog",
        "Because of D",
        "E",
        "An A",
    ],  # fmt: skip
)
def test_nothing_is_guessed(prediction: str) -> None:
    verdict = judge(QUESTION, prediction, "The right option is A.")
    assert verdict.reason == "unparsable"
    assert not any(verdict.rules.values())


@pytest.mark.parametrize("prediction", ["", " \n", "<eoa>", QUESTION, f"{INSTRUCTION}\n{QUESTION}<eoh>\n<|Bot|>:"])
def test_nothing_answered_is_empty(prediction: str) -> None:
    assert judge(QUESTION, prediction, "A").reason == "empty"


def test_a_reference_must_name_an_option() -> None:
    assert (reference_letter("C"), reference_letter("The right option is D.")) == ("C", "D")
    with pytest.raises(InputError, match="names no option"):
        reference_letter("maybe")


def test_the_whole_contest_sample(shared_data: Path) -> None:
    rows = json.loads((shared_data / "contest/choice_sample.json").read_text(encoding="utf-8"))
    for row in rows:
        echo = f"<|User|>:{row['instruction']}\n{row['input']}<eoh>\n<|Bot|>:"
        verdict = judge(row["input"], echo + row["output"], row["output"], subject_of(row["instruction"]))
        assert all(verdict.rules.values())
        assert verdict.type
        assert not any(judge(row["input"], echo, row["output"]).rules.values())


@pytest.mark.parametrize(
    "text",
    ["A " * 50_000, "选A和B，" * 20_000, "not A, but " * 10_000, " " * 100_000, "((" * 50_000, "answer is " * 10_000],
)
def test_a_long_answer_costs_bounded_time(text: str) -> None:
    assert judge(QUESTION, text, "A").reason in ("unparsable", "empty")


@given(st.text())
def test_no_text_makes_a_defect(text: str) -> None:
    judge(QUESTION, text, "A")
    judge(text, QUESTION, "A")
