"""Answers judged by hand, of every kind of fault that a reader of answers is known for: what is right, what they name.

A line of `hand_judged/math.jsonl` says under which rules an answer is right, a line of `choice.jsonl` which letter it
names (null: none, or several). Where people would not agree, it is left out. Kinds: a announced, but no plain number;
b sign, point, scale; c conclusions beside other "="; d coarse rounding; e ends of lines; f the question said again;
g remarks of rounding; h another letter than the one named; i prompts said again; j namings; k spellings of
expressions; l rejected and double answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eval_accuracy.judges import choice, math
from eval_accuracy.judges.equality import RULES

_FOLDER = Path(__file__).parent / "hand_judged"
# Rules that the lines of math.jsonl speak of.
_RULES = [rule for rule in ("exact", "rounded", "rounded2") if rule in RULES]


def _lines(name: str) -> list[Any]:
    texts = (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(text) for text in texts]
    return [pytest.param(line, id=f"{line['kind']}{number}") for number, line in enumerate(lines, start=1)]


@pytest.mark.parametrize("line", _lines("math"))
def test_a_math_answer_is_judged_as_by_hand(line: dict[str, Any]) -> None:
    verdict = math.judge(line["question"], line["text"], line["reference"])
    said = {rule: bool(verdict.rules[rule]) for rule in _RULES}
    assert said == {rule: rule in line["right"] for rule in _RULES}, (line["text"], verdict)


@pytest.mark.parametrize("line", _lines("choice"))
def test_the_letter_that_a_reply_names_is_read_as_by_hand(line: dict[str, Any]) -> None:
    verdict = choice.judge(line["question"], line["text"], line["reference"])
    assert (verdict.span if not verdict.reason else None) == line["letter"], (line["text"], verdict)
    assert bool(verdict.rules["letter"]) == (line["letter"] is not None)


def test_both_answers_occur_for_every_kind() -> None:
    """A kind whose answers are all right, or all wrong, would be passed by a judge that never reads."""
    for name, field in (("math", "right"), ("choice", "letter")):
        lines = [json.loads(text) for text in (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        for kind in {line["kind"] for line in lines}:
            assert {bool(line[field]) for line in lines if line["kind"] == kind} == {True, False}, (name, kind)
