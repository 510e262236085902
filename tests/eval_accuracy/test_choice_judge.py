from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from data_convert.choice_text import subject_of
from eval_accuracy.choice_judge import judge, reference_letter

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
    ],
)
def test_the_letter_and_what_decided(prediction: str, marker: str, letter: str) -> None:
    verdict = judge(QUESTION, prediction, "The right option is B.", "arts")
    assert (verdict.marker, verdict.span) == (marker, letter)
    assert verdict.rules == {"phrase": letter == "B" and marker == "phrase", "letter": letter == "B"}
    assert (verdict.type, verdict.reference) == ("arts", "B")


@pytest.mark.parametrize(
    "prediction",
    ["I cannot say", "The right option is", "The right option is Apple.", "A dog", "Because of D", "E", "An A"],
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


@given(st.text())
def test_no_text_makes_a_defect(text: str) -> None:
    judge(QUESTION, text, "A")
    judge(text, QUESTION, "A")
