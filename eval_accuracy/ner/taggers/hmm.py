"""The HMM floor: tags in a row, characters under their tags."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from core.text.markup import Marked, Span
from core.text.tags import tags_of
from eval_accuracy.ner.taggers.tagger import TAGS, Tagger, tagged_spans

Floats = npt.NDArray[np.float64]


class Hmm(Tagger):
    """Counts of tags in a row and of characters under their tags, smoothed by a constant; tags go together.

    Args:
        smoothing: what each count is raised by.
    """

    def __init__(self, smoothing: float = 0.03) -> None:
        self._smoothing = smoothing
        self._start: Floats = np.zeros(0)
        self._steps: Floats = np.zeros((0, 0))
        self._emits: dict[str, Floats] = {}
        self._unknown: Floats = np.zeros(0)

    def fit(self, lines: Sequence[Marked]) -> None:
        """See `Tagger`."""
        number = {tag: place for place, tag in enumerate(TAGS)}
        starts, steps = np.zeros(len(TAGS)), np.zeros((len(TAGS), len(TAGS)))
        counts: dict[str, Floats] = {}
        for line in lines:
            tags = [number[tag] for tag in tags_of(line, "BMES")]
            starts[tags[:1]] += 1
            for left, right in zip(tags, tags[1:], strict=False):
                steps[left, right] += 1
            for char, tag in zip(line.text, tags, strict=True):
                counts.setdefault(char, np.zeros(len(TAGS)))[tag] += 1
        allowed = np.array([[_may_follow(left, right) for right in TAGS] for left in TAGS])
        begins = np.array([_may_follow("O", tag) for tag in TAGS])
        self._start = _log(np.where(begins, starts + self._smoothing, 0))
        self._steps = _log(np.where(allowed, steps + self._smoothing, 0))
        total = sum(counts.values(), np.zeros(len(TAGS))) + self._smoothing * (len(counts) + 1)
        self._emits = {char: np.log((found + self._smoothing) / total) for char, found in counts.items()}
        self._unknown = np.log(self._smoothing / total)

    def spans(self, text: str) -> tuple[Span, ...]:
        """See `Tagger`."""
        if not text:
            return ()
        best = self._start + self._emits.get(text[0], self._unknown)
        ways: list[npt.NDArray[np.int64]] = []
        for char in text[1:]:
            scores = best[:, None] + self._steps
            ways.append(scores.argmax(axis=0))
            best = scores.max(axis=0) + self._emits.get(char, self._unknown)
        best = best + np.array([0.0 if tag[0] in "OES" else -math.inf for tag in TAGS])
        tags = [int(best.argmax())]
        for way in reversed(ways):
            tags.append(int(way[tags[-1]]))
        return tagged_spans([TAGS[tag] for tag in reversed(tags)])


def _may_follow(left: str, right: str) -> bool:
    if left[0] in "BM":
        return right[0] in "ME" and right[2:] == left[2:]
    return right[0] not in "ME"


def _log(counts: Floats) -> Floats:
    """Return the logarithm of each row's shares; -inf for 0."""
    shares = counts / counts.sum(axis=-1, keepdims=True)
    found: Floats = np.log(shares, out=np.full_like(shares, -math.inf), where=shares > 0)
    return found
