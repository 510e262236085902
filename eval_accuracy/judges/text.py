"""What the judges of free text share: each compares the whole answer with the reference, by every rule it has."""

from __future__ import annotations

import unicodedata
from abc import abstractmethod
from collections.abc import Mapping

from core.text.records import Record
from eval_accuracy.extraction.echo import without_echo
from eval_accuracy.judges import Answer, Judge, subject
from eval_accuracy.judges.verdict import Verdict

_SHOWN = 400


class TextJudge(Judge):
    """A judge that compares texts: the answer, without the prompt it may repeat, and the reference."""

    @abstractmethod
    def scores(self, text: str, reference: str) -> Mapping[str, float]:
        """Return for each of `rules` a score of 0 to 1."""

    def weight(self, text: str, reference: str) -> float:
        """Return how much the answer counts in a mean."""
        return 1.0

    def decide(self, record: Record, answer: Answer) -> Verdict:
        """See `Judge`."""
        text = without_echo(answer.text, record.question, answer.prompt).strip()
        return Verdict(
            type=subject(record),
            rules=self.scores(text, record.answer),
            marker="whole text" if text else "",
            span=text[:_SHOWN],
            reference=record.answer,
            reason="" if text else "empty",
            weight=self.weight(text, record.answer),
        )


def normalise(text: str) -> str:
    """Return text in one width and case, words joined by single spaces, without a full stop at its end."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".。").rstrip()
