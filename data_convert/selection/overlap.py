"""Decontamination: which training texts share words with the texts of an evaluation.

A training text overlaps where n of its words in a row stand in an evaluation text too. The idea is that of GPT-3's
data cleaning (Brown et al., 2020, appendix C: n-grams of 13 words, fewer for short texts, case and punctuation
ignored) and of lm-evaluation-harness' janitor, which takes 13. Here words are found with Chinese in mind, n-grams are
compared to the last word rather than by their hash alone, texts of fewer than n words are compared whole, and the
problems of math templates, whose words are all template, by type and operands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.text.records import Record
from data_convert.selection.draw import mix
from data_convert.selection.keys import canonical, is_template
from data_convert.selection.normalise import CJK, NUMBER

WORDS = 13
_WORD = re.compile(rf"{NUMBER}|[{CJK}]|[^\W0-9_{CJK}]+|[-+*/^=<>√]")
_NO_WORD = 0  # between texts, and for a word that no evaluation text holds
_BASE = np.uint64(0xD6E8FEB86659FD93)  # any odd number that uses all 64 bits
_CHUNK = 4096

Numbers = NDArray[np.int32]


def evaluation_texts(records: Iterable[Record]) -> list[str]:
    """Return the texts of an evaluation that training records should not hold: each passage once, and each question."""
    passages: dict[str, None] = {}
    questions = []
    for record in records:
        passages[str(record.meta.get("passage", ""))] = None
        questions.append(record.question)
    return [*filter(None, passages), *questions]


@dataclass(frozen=True)
class Hits:
    """How much of each training text stands in an evaluation.

    Attributes:
        shared: int32 (n,), its n-grams that an evaluation text holds; 1 for a text that stands there as a whole.
        total: int32 (n,), its n-grams; 1 for a text that is compared as a whole.
    """

    shared: Numbers
    total: Numbers

    @property
    def share(self) -> NDArray[np.float64]:
        """Float (n,): shared n-grams of a text over all its n-grams."""
        return self.shared / self.total


@dataclass(frozen=True)
class Shared:
    """What a training text shares with an evaluation: the first n-gram (or the whole text), and whose text it is."""

    words: str
    text: int


class Overlap:
    """The n-grams of an evaluation's texts; arrays and dicts of plain values, so that it can be sent to processes."""

    def __init__(self, texts: Iterable[str], n: int = WORDS) -> None:
        """Take the evaluation's texts in.

        Args:
            texts: passages and questions, each by itself; `Shared.text` counts them from 0.
            n: words of an n-gram, at least 1.
        """
        self.n = n
        self._numbers: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        run, owners = [_NO_WORD], [_NO_WORD]
        for place, text in enumerate(texts):
            plain = canonical(text)
            found = _words(plain)
            if len(found) < n:
                if plain:
                    self._whole.setdefault(plain, place)
                continue
            run += [self._numbers.setdefault(word, len(self._numbers) + 1) for word in found]
            run.append(_NO_WORD)
            owners += [place] * (len(found) + 1)
        self._run, self._owners = np.array(run, np.int32), np.array(owners, np.int32)
        starts = self._starts_in(self._run)
        self._hashes, first = np.unique(self._hashes_at(self._run, starts), return_index=True)
        self._starts = starts[first]

    def hits(self, texts: Sequence[str]) -> Hits:
        """Count what each text shares with the evaluation."""
        parts = [self._chunk(texts[at : at + _CHUNK]) for at in range(0, len(texts), _CHUNK)]
        shared = [part.shared for part in parts] or [np.empty(0, np.int32)]
        total = [part.total for part in parts] or [np.empty(0, np.int32)]
        return Hits(np.concatenate(shared), np.concatenate(total))

    def shared(self, text: str) -> Shared | None:
        """Return the first thing that a text shares with the evaluation; None where it shares nothing."""
        plain = canonical(text)
        found = _words(plain)
        if len(found) < self.n:
            place = self._whole.get(plain)
            return None if place is None else Shared(text.strip(), place)
        run = np.array([_NO_WORD, *(self._numbers.get(word, _NO_WORD) for word in found), _NO_WORD], np.int32)
        starts, places = self._found(run)
        if not len(starts):
            return None
        first = int(starts[0]) - 1
        return Shared(" ".join(found[first : first + self.n]), int(self._owners[places[0]]))

    def _chunk(self, texts: Sequence[str]) -> Hits:
        number = self._numbers.get
        run, ends = [_NO_WORD], []
        shared, total = np.zeros(len(texts), np.int32), np.ones(len(texts), np.int32)
        for place, text in enumerate(texts):
            plain = canonical(text)
            found = _words(plain)
            if len(found) < self.n:
                shared[place] = plain in self._whole
            else:
                total[place] = len(found) - self.n + 1
                run += [number(word, _NO_WORD) for word in found]
                run.append(_NO_WORD)
            ends.append(len(run))
        starts, _ = self._found(np.array(run, np.int32))
        shared += np.bincount(np.searchsorted(ends, starts, side="right"), minlength=len(texts)).astype(np.int32)
        return Hits(shared, total)

    def _found(self, run: Numbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return where in `run` n-grams of the evaluation begin, and where in the evaluation's own run."""
        starts = self._starts_in(run)
        if not len(starts) or not len(self._hashes):
            return starts[:0], starts[:0]
        hashes = self._hashes_at(run, starts)
        at = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        equal = self._hashes[at] == hashes
        starts, places = starts[equal], self._starts[at[equal]]
        window = np.arange(self.n)
        same = (run[starts[:, None] + window] == self._run[places[:, None] + window]).all(axis=1)
        return starts[same], places[same]

    def _starts_in(self, run: Numbers) -> NDArray[np.int64]:
        """Return where n known words of one text in a row begin."""
        gaps = np.concatenate([[0], np.cumsum(run == _NO_WORD)])
        return np.flatnonzero(gaps[self.n :] == gaps[: -self.n])

    def _hashes_at(self, run: Numbers, starts: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return a polynomial hash (uint64) of the n words from each start on."""
        stirred = mix(run.astype(np.uint64))
        hashes = np.zeros(len(starts), np.uint64)
        for at in range(self.n):
            hashes = hashes * _BASE + stirred[starts + at]
        return hashes


def _words(plain: str) -> list[str]:
    """Return the words of a canonical text: runs of letters, whole numbers, single CJK characters, operators.

    A template's text counts as no words, so that it is compared as a whole.
    """
    return [] if is_template(plain) else _WORD.findall(plain)
