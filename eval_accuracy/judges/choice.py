"""The judge of multiple choice: which of A, B, C, D the prediction names."""

from __future__ import annotations

import re
from dataclasses import replace

from core.errors import InputError
from core.text.records import Record
from eval_accuracy.extraction.echo import own_text
from eval_accuracy.extraction.options.named import letters_of
from eval_accuracy.extraction.options.reader import read, stages
from eval_accuracy.judges import CIRCULAR, Answer, Judge, subject
from eval_accuracy.judges.verdict import Verdict, refused

# "phrase": the sentence the contest asks for. "letter": that, else an unmistakable letter or option in another form.
RULES = ("phrase", "letter")

# "So: The right option is B." -> {"letter": "B"}
_PHRASE = re.compile(r"The right option is (?P<letter>[A-J])(?![A-Za-z])")
# " C. " -> ("C",)
_LETTER_ALONE = re.compile(r"\s*([A-J])\s*\.?\s*")


class ChoiceJudge(Judge):
    """Judges the letter that a text names; where answers have log-likelihoods, `likelihood.py` judges by these."""

    rules = RULES
    tasks = ("choice",)

    def decide(self, record: Record, answer: Answer) -> Verdict:
        """See `judge`."""
        return judge(record.question, answer.text, record.answer, subject(record), answer.prompt)

    def explain(self, record: Record, answer: Answer) -> list[tuple[str, list[str]]]:
        """See `explain`."""
        return explain(record.question, answer.text, record.answer, answer.prompt)

    def check_reference(self, record: Record) -> None:
        """See `reference_letter`."""
        reference_letter(record.answer)

    def with_likelihoods(self) -> Judge:
        """Return the judge by likelihood."""
        # Imported here: it reads references as this module does.
        from eval_accuracy.judges.likelihood import LikelihoodJudge

        return LikelihoodJudge(self)

    def headlines(self) -> tuple[str, ...]:
        """Return the rules of both ways of asking, and those that want every rotation of the options right."""
        rules = (*self.rules, *self.with_likelihoods().rules)
        return (*rules, *(CIRCULAR + rule for rule in rules))


JUDGE = ChoiceJudge()


def judge(question: str, prediction: str, reference: str, subject: str = "", prompt: str | None = None) -> Verdict:
    """Judge one choice.

    The first naming of an option counts: what comes after it is decoding that did not stop. Nothing is guessed.

    Args:
        question: question and options, as the prompt shows them.
        prediction: what the model wrote; it may repeat the prompt.
        reference: the corpus' output, or the letter alone.
        subject: the question's subject.
        prompt: the text the model was given, where it is known.

    Raises:
        InputError: the reference names no option.
    """
    truth = reference_letter(reference)
    own = own_text(prediction, question, prompt)
    if not own.text.strip():
        return replace(refused(subject, RULES, truth, "empty"), seems_prompt=own.seems_prompt)
    reading = read(own.text, question, letters_of(question, truth))
    right = reading.letter == truth
    return Verdict(
        subject,
        {"phrase": right and reading.marker == "phrase", "letter": right},
        reading.marker,
        reading.letter,
        truth,
        reason="" if reading.letter else "unparsable",
        clause=reading.clause,
        rule=reading.rule,
        stage=reading.stage,
        seems_prompt=own.seems_prompt,
    )


def explain(question: str, prediction: str, reference: str, prompt: str | None = None) -> list[tuple[str, list[str]]]:
    """Return the stages by which a prediction is read, each with its rows of text. Arguments as `judge`'s."""
    own = own_text(prediction, question, prompt)
    return [
        ("own text", own.text.split("\n")),
        *stages(own.text, question, letters_of(question, reference_letter(reference))),
    ]


def reference_letter(reference: str) -> str:
    """Return the letter that a reference names; InputError where it names none."""
    match = _PHRASE.search(reference) or _LETTER_ALONE.fullmatch(reference)
    if match is None:
        raise InputError(f"reference {reference[:60]!r} names no option; expected 'The right option is A.' or a letter")
    return match[1]
