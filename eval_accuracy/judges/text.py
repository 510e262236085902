"""Scores of free text beside a reference: Rouge-L over jieba words, exact match, F1 of spans.

Each scorer returns, for every rule it has, a score of 0 to 1.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from core.text.segmentation import words

ROUGE_RULES = ("rouge_l_jieba", "rouge_l_ascii")
EXACT_RULES = ("normalised", "verbatim")
SPAN_RULES = ("span_f1",)

_ASCII_WORD = re.compile("[a-z0-9]+")
_SPAN_BORDER = re.compile(r"[\n;；、|]")
# How a text says that it names no span.
_NO_SPAN = frozenset({"", "无", "没有", "none", "[]", "n/a"})


def rouge_l(prediction: str, reference: str) -> dict[str, float]:
    """Return the F1 of the longest common subsequence of words (Lin 2004, with precision and recall alike).

    Returns:
        "rouge_l_jieba": over jieba's words, Chinese included. "rouge_l_ascii": what graders get that hand jieba's words
        to the `rouge_score` package with its own tokenizer, which keeps nothing but a-z and 0-9: two identical Chinese
        texts score 0 there.
    """
    return {
        "rouge_l_jieba": _lcs_f1(_words(prediction), _words(reference)),
        "rouge_l_ascii": _lcs_f1(_ascii_words(prediction), _ascii_words(reference)),
    }


def exact_match(prediction: str, reference: str) -> dict[str, float]:
    """Return 1 where the texts are the same: "verbatim" but for space around them, "normalised" after `normalise`."""
    return {
        "normalised": float(normalise(prediction) == normalise(reference)),
        "verbatim": float(prediction.strip() == reference.strip()),
    }


def span_f1(prediction: str, reference: str) -> tuple[dict[str, float], float]:
    """Return the F1 of the spans that two texts name, and its weight: the number of spans of both together.

    Spans stand on lines of their own or between ; ； 、 |. The mean of the scores, weighted so, is the micro F1
    2 · common / (predicted + expected) of all questions.
    """
    found, expected = spans(prediction), spans(reference)
    weight = found.total() + expected.total()
    return {"span_f1": 2 * (found & expected).total() / weight if weight else 0.0}, float(weight)


def normalise(text: str) -> str:
    """Return text in one width and case, words joined by single spaces, without a full stop at its end."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".。").rstrip()


def spans(text: str) -> Counter[str]:
    """Return the normalised spans of a text with their numbers."""
    parts = (normalise(part) for part in _SPAN_BORDER.split(text))
    return Counter(part for part in parts if part not in _NO_SPAN)


def common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    Bit-parallel (Hyyrö 2004): one addition of numbers of len(left) bits for each element of `right`.
    """
    places: dict[str, int] = {}
    for at, word in enumerate(left):
        places[word] = places.get(word, 0) | 1 << at
    full = row = (1 << len(left)) - 1
    for word in right:
        hits = row & places.get(word, 0)
        row = ((row + hits) | (row - hits)) & full
    return len(left) - row.bit_count()


def _lcs_f1(found: Sequence[str], expected: Sequence[str]) -> float:
    if not found or not expected:
        return 0.0
    return 2 * common_subsequence(found, expected) / (len(found) + len(expected))


@lru_cache(maxsize=1 << 12)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in words(text) if not word.isspace())


@lru_cache(maxsize=1 << 12)
def _ascii_words(text: str) -> tuple[str, ...]:
    return tuple(_ASCII_WORD.findall(" ".join(words(text)).lower()))
