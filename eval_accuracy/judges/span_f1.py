"""The judge of lists, such as the entities in a text: F1 of the spans that answer and reference name."""

from __future__ import annotations

import re
from collections import Counter

from eval_accuracy.judges.text import TextJudge, normalise


class SpanF1(TextJudge):
    """Compares sets of spans; see `span_f1`."""

    rules = ("span_f1",)
    binary = False

    def scores(self, text: str, reference: str) -> dict[str, float]:
        """See `span_f1`."""
        return span_f1(text, reference)[0]

    def weight(self, text: str, reference: str) -> float:
        """See `span_f1`."""
        return span_f1(text, reference)[1]


JUDGE = SpanF1()

# "Paris；London" -> "；"
_SPAN_BORDER = re.compile(r"[\n;；、|]")
# How a text says that it names no span.
_NO_SPAN = frozenset({"", "无", "没有", "none", "[]", "n/a"})


def span_f1(prediction: str, reference: str) -> tuple[dict[str, float], float]:
    """Return the F1 of the spans that two texts name, and its weight: the number of spans of both together.

    Spans stand on lines of their own or between ; ； 、 |. The mean of the scores, weighted so, is the micro F1
    2 · common / (predicted + expected) of all questions.
    """
    found, expected = spans(prediction), spans(reference)
    weight = found.total() + expected.total()
    return {"span_f1": 2 * (found & expected).total() / weight if weight else 0.0}, float(weight)


def spans(text: str) -> Counter[str]:
    """Return the normalised spans of a text with their numbers."""
    parts = (normalise(part) for part in _SPAN_BORDER.split(text))
    return Counter(part for part in parts if part not in _NO_SPAN)
