"""The kit's judges as a reader of made answers: whether an answer is right, and what was read."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.made_answers import Made
from core.errors import InputError
from core.tasks.math import FREE_TYPES, recognise
from eval_accuracy.extraction.echo import own_text
from eval_accuracy.extraction.reader import Trace, read_answer
from eval_accuracy.judges import choice, math

HEADLINE = "rounded"


@dataclass(frozen=True)
class Reading:
    """What a reader made of an answer.

    Attributes:
        right: whether it says that the answer is right.
        read: the answer it read; empty where it read none.
        note: what more it says, for people.
    """

    right: bool
    read: str
    note: str = ""


def both_ways(made: Made) -> Reading:
    """Read as `kit` does, and see that the answer is read the same where no short way is taken (AssertionError)."""
    if not made.is_choice:
        kind = recognise(made.question).type
        free = kind in FREE_TYPES
        own = own_text(made.text, made.question, made.prompt).text
        for text, question in ((own, made.question), (made.reference, "")):
            short = read_answer(text, question, kind, free, free)
            if short != read_answer(text, question, kind, free, free, Trace()):
                raise AssertionError(f"a short way reads {short} in {text!r}, question {question!r}")
    return kit(made)


def kit(made: Made) -> Reading:
    """Read with the kit's judges: math by rule `rounded`, choices by rule `letter`."""
    try:
        if made.is_choice:
            verdict = choice.judge(made.question, made.text, made.reference, "", made.prompt)
        else:
            verdict = math.judge(made.question, made.text, made.reference, made.prompt)
    except InputError as error:
        return Reading(False, "", f"refused: {error}")
    rule = "letter" if made.is_choice else HEADLINE
    shown = " ".join(f"{name}={value}" for name, value in vars(verdict).items() if value and name != "weight")
    return Reading(bool(verdict.rules[rule]), "" if verdict.reason else verdict.span, shown)
