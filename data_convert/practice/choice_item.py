"""One made multiple-choice question, as all makers of such questions return it."""

from __future__ import annotations

from dataclasses import dataclass

from core.tasks import choice as choice_text


@dataclass(frozen=True)
class Choice:
    """One multiple-choice question; `letter` names the right one of the four `options`."""

    subject: str
    question: str
    options: tuple[str, ...]
    letter: str
    value: str

    @property
    def text(self) -> str:
        """The corpus' `input`: the question and its options, with the corpus' space before the first newline."""
        return choice_text.question(self.question, self.options)
