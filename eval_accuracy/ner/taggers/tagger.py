"""What taggers have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from core.tasks.ner import TYPES
from core.text.markup import Marked, Span
from core.text.tags import OUTSIDE

TAGS = (OUTSIDE, *(f"{letter}-{kind}" for kind in TYPES for letter in "BMES"))
_SIGNS = frozenset("{}|")


class Tagger(ABC):
    """Learns from marked texts, and marks others; the same texts give the same tagger."""

    @abstractmethod
    def fit(self, lines: Sequence[Marked]) -> None:
        """Learn."""

    @abstractmethod
    def spans(self, text: str) -> tuple[Span, ...]:
        """Return the spans of a text, in order."""

    def mark(self, text: str, end: str = "\n") -> Marked:
        """Return a text with its spans; none of them holds a sign of a mark."""
        kept = (span for span in self.spans(text) if _SIGNS.isdisjoint(text[span.start : span.end]))
        return Marked(text, tuple(kept), end)


def tagged_spans(tags: Sequence[str]) -> tuple[Span, ...]:
    """Return the spans that tags of BMES say; what does not go together makes none."""
    found = []
    start, open_kind = -1, ""
    for at, tag in enumerate(tags):
        letter, _, kind = tag.partition("-")
        if letter == "B":
            start, open_kind = at, kind
        elif letter == "S":
            found.append(Span(at, at + 1, kind))
            start = -1
        elif letter == "O" or kind != open_kind:
            start = -1
        elif letter == "E" and start >= 0:
            found.append(Span(start, at + 1, kind))
            start = -1
    return tuple(found)
