"""Made answers: texts that are right or wrong by construction, to judge the judges by.

A generator draws a question, what the answer announces (the gold value or another one, spelled one way of many) and
what stands around it. Every wording belongs to one set: "one" to "four" may be read while a reader is written and
improved, "five" (math in prose) is held out: its figures are those to report. What is right is decided here, by
`values.is_right`, and never asks the kit's judges.
"""

from __future__ import annotations

from dataclasses import dataclass

# Sets of every group, and of those whose answers are prose.
SETS = ("one", "two", "three", "four")
PROSE_SETS = (*SETS, "five")


@dataclass(frozen=True)
class Made:
    """One made answer.

    Attributes:
        kind: what it is counted under in a table.
        form: what it was made of, to find it again.
        question: the question, a choice's options with it.
        reference: the corpus' solution text, or the letter.
        text: the answer.
        right: whether it is right under the headline rule.
        letter: a choice's: the option that the text names, None where it names none or several; "" for math.
        prompt: the text the model is said to have been given; None: not known.
    """

    kind: str
    form: str
    question: str
    reference: str
    text: str
    right: bool
    letter: str | None = ""
    prompt: str | None = None

    @property
    def is_choice(self) -> bool:
        """Whether the choice judge judges it."""
        return self.letter != ""
