"""The dictionary floor: the longest string that training marks, from left to right."""

from __future__ import annotations

from collections.abc import Sequence

from core.tasks.ner import TYPES
from core.text.markup import Marked, Span
from eval_accuracy.ner.taggers.lexicon import Lexicon
from eval_accuracy.ner.taggers.tagger import Tagger


class Dictionary(Tagger):
    """Marks what training marks, with the type that is the commonest there.

    Args:
        share: a string counts where at least this share of its occurrences in training is marked.
    """

    def __init__(self, share: float = 0.0) -> None:
        self._share = share
        self._types: dict[str, str] = {}
        self._longest = 0

    def fit(self, lines: Sequence[Marked]) -> None:
        """See `Tagger`."""
        lexicon = Lexicon(lines)
        self._longest = lexicon.longest
        self._types = {
            string: min(kinds, key=lambda kind: (-kinds[kind], TYPES.index(kind)))
            for string, kinds in lexicon.marked.items()
            if kinds.total() >= self._share * lexicon.seen[string]
        }

    def spans(self, text: str) -> tuple[Span, ...]:
        """See `Tagger`."""
        found = []
        at = 0
        while at < len(text):
            size = next((n for n in range(self._longest, 0, -1) if text[at : at + n] in self._types), 0)
            size = min(size, len(text) - at)
            if size:
                found.append(Span(at, at + size, self._types[text[at : at + size]]))
            at += max(size, 1)
        return tuple(found)
