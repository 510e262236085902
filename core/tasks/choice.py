"""Multiple choice as the stage-2 corpus writes it: instruction, question with options, answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.tasks import Task

TASK = Task(judge="choice", has_options=True)

LETTERS = "ABCD"
# "(B) or Carl" -> "B"
LETTER = re.compile(r"(?<![A-Za-z])[A-D](?![A-Za-z])")
_MARKS = tuple(f"{letter}." for letter in LETTERS)
# "Here is a question about arts, the correct answer is" -> ("arts",)
_SUBJECT = re.compile(r"Here is a question about (.{1,120}?), the correct answer")


def instruction(subject: str) -> str:
    """Return the corpus' instruction for a subject."""
    return (
        f"Here is a question about {subject}, the correct answer is one of the options A/B/C/D. Please select the "
        "correct option and answer the question with 'The right option is'."
    )


def subject_of(text: str) -> str:
    """Return the subject that an instruction names; empty where it names none."""
    match = _SUBJECT.search(text)
    return match[1] if match else ""


def question(text: str, options: Sequence[str]) -> str:
    """Return the corpus' `input`: the question and its four options, with its space before the first newline."""
    listed = "\n".join(f"{letter}.{option}" for letter, option in zip(LETTERS, options, strict=True))
    return f"Question: {text} \n{listed}"


def answer(letter: str) -> str:
    """Return the corpus' `output`."""
    return f"The right option is {letter}."


def has_options(text: str) -> bool:
    """Tell whether lines that begin with A., B., C. and D. stand in a text in this order."""
    at = 0
    for letter in LETTERS:
        at = text.find(f"\n{letter}.", at)
        if at < 0:
            return False
        at += 1
    return True


def names_option(text: str, answer_text: str) -> bool:
    """Tell whether an answer to a question with options names one of them, by its letter or by its text."""
    if LETTER.search(answer_text):
        return True
    bare = answer_text.strip(" .。\n")
    return any(line[:2] in _MARKS and line[2:].strip(" .。") == bare for line in text.splitlines())


@dataclass(frozen=True)
class Options:
    """A multiple-choice question taken apart.

    Attributes:
        head: everything before the first option.
        texts: the four options, without their letters.
        tail: white space after the last of them.
    """

    head: str
    texts: tuple[str, ...]
    tail: str = ""

    def joined(self) -> str:
        """Return the question as it was, or as it is with its options in another order."""
        return self.head + "".join(f"\n{LETTERS[at]}.{text}" for at, text in enumerate(self.texts)) + self.tail


def parse_options(question: str) -> Options | None:
    """Take a question apart; None where A. to D. and no others do not begin one line each, in order."""
    starts = []
    for letter in LETTERS:
        if question.count(f"\n{letter}.") != 1:
            return None
        starts.append(question.index(f"\n{letter}."))
    if starts != sorted(starts) or "\nE." in question[starts[-1] :]:
        return None
    ends = [*starts[1:], len(question)]
    texts = [question[start + 3 : end] for start, end in zip(starts, ends, strict=True)]
    last = texts[-1].rstrip()
    tail = texts[-1][len(last) :]
    return Options(question[: starts[0]], (*texts[:-1], last), tail)
