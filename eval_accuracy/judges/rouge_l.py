"""The judge of free text by Rouge-L: how much of the reference's words an answer has in their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from core.text.segmentation import LONGEST, words
from eval_accuracy.judges.text import TextJudge


class RougeL(TextJudge):
    """Compares words; see `rouge_l`."""

    rules = ("rouge_l_jieba", "rouge_l_ascii")
    binary = False

    def scores(self, text: str, reference: str) -> dict[str, float]:
        """See `rouge_l`."""
        return rouge_l(text, reference)


JUDGE = RougeL()

# "是cuda12吗" -> "cuda12"
_ASCII_WORD = re.compile("[a-z0-9]+")


def rouge_l(prediction: str, reference: str) -> dict[str, float]:
    """Return the F1 of the longest common subsequence of words (Lin 2004, with precision and recall alike).

    Of either text the first `LONGEST` characters count: time grows with the product of the lengths.

    Returns:
        "rouge_l_jieba": over jieba's words, Chinese included. "rouge_l_ascii": what graders get that hand jieba's words
        to the `rouge_score` package with its own tokenizer, which keeps nothing but a-z and 0-9: two identical Chinese
        texts score 0 there.
    """
    (found, found_ascii), (expected, expected_ascii) = _words(prediction[:LONGEST]), _words(reference[:LONGEST])
    return {"rouge_l_jieba": _lcs_f1(found, expected), "rouge_l_ascii": _lcs_f1(found_ascii, expected_ascii)}


def common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    """Return the length of the longest common subsequence.

    Bit-parallel (Hyyrö 2004): one addition of numbers of as many bits as the shorter one is long for each element of
    the longer one.
    """
    if len(left) > len(right):
        left, right = right, left
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


@lru_cache(maxsize=1 << 12)  # a reference is asked for once for each checkpoint
def _words(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a text's words but for white space, and what `rouge_score` keeps of them."""
    found = list(words(text))
    return tuple(word for word in found if not word.isspace()), tuple(_ASCII_WORD.findall(" ".join(found).lower()))
