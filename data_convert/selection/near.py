"""Near-duplicates: records that say almost what an earlier one says, found by MinHash and verified on their texts.

A text is the set of its five-character shingles after normalisation; two texts are as near as the Jaccard index of
their sets. MinHash (Broder, 1997) keeps of each text the smallest hash under each of 64 hash functions, and banding
(Indyk and Motwani, 1998) compares only texts that agree in all hashes of one band.

Texts that name different numbers or operators, or the same in another order, are no near-duplicates however near they
are: problems of one template differ in their operands only, and are different problems.

An example: of the two texts below the second is the first but for its last character.

>>> texts = ["Name the capital of France.", "Name the capital  of FRANCE!", "Name the capital of Greece."]
>>> first, second, third = map(_shingles, texts)
>>> len(first), len(first & second), len(first | second)  # normalised they share 22 of 23 shingles
(22, 22, 23)
>>> signed = signatures(texts)
>>> [int((signed[0, :HASHES] == signed[row, :HASHES]).sum()) for row in (1, 2)]  # about 64 x 22/23, and 64 x 16/28
[59, 39]
>>> near_duplicates(signed, texts.__getitem__, threshold=0.8).tolist()  # in 12 bands of 5 hashes, then verified
[-1, 0, -1]

How `_sign` hashes many texts at once, with "abcdef" and "abcde": all characters stand in one array, `abcdefabcde`,
over which 7 windows of five go. The last 4 places of each text are no beginnings of its shingles (cdefa, defab, efabc,
fabcd span both texts), so `within` leaves the windows 0, 1 and 6. The first text's begin at 0 and the second's at 2 of
these three, and `minimum.reduceat(values, [0, 2])` is the smallest hash of each:

>>> signed = signatures(["abcdef", "abcde"])
>>> bool((signed[0, :HASHES] <= signed[1, :HASHES]).all())  # {abcde, bcdef} holds {abcde}
True
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from data_convert.selection.dedup import Mask, Rows
from data_convert.selection.draw import mix
from data_convert.selection.normalise import NUMBER, as_pairs, fingerprint, normalise

HASHES = 64
Signatures = NDArray[np.uint32]

_SHINGLE = 5
_MISSED = 0.01  # largest probability that a pair just at the threshold shares no band
# A hyphen within a word is no operator.
_AMOUNT = re.compile(rf"{NUMBER}|[+*/^=<>√]|-(?![^\W\d_])")
_TEXTS = 512  # texts whose hashes are computed together: their arrays stay in the processor's cache
_SHIFT = np.uint64(32)
_FACTORS = mix(np.arange(1, HASHES + 1, dtype=np.uint64)) | np.uint64(1)
_TERMS = mix(np.arange(HASHES + 1, 2 * HASHES + 1, dtype=np.uint64))
_NONE = -1


def signatures(texts: Sequence[str]) -> Signatures:
    """Return what `near_duplicates` compares of each text, the same on every machine.

    Returns:
        uint32 (n, 66): 64 MinHash values, and a 64-bit fingerprint of the text's numbers and operators in two halves.
    """
    signed = np.empty((len(texts), HASHES + 2), np.uint32)
    for at in range(0, len(texts), _TEXTS):
        _sign(texts[at : at + _TEXTS], signed[at : at + _TEXTS])
    return signed


def near_duplicates(
    signed: Signatures,
    text_of: Callable[[int], str],
    threshold: float,
    takes_part: Mask | None = None,
    alike: NDArray[np.integer[Any]] | None = None,
) -> Rows:
    """Find the records that nearly repeat an earlier one.

    A record is a near-duplicate where it names the same numbers and operators as an earlier record that is none
    itself, and the Jaccard index of their texts is at least `threshold`. So the first of its kind stays, and no chain
    of similar texts merges texts that are not similar. Of pairs just at the threshold at most 1 in 100 is not seen, of
    nearer ones far fewer.

    Args:
        signed: uint32 (n, 66), the rows of `signatures` of the records' texts.
        text_of: returns the text of a record, by its row; called only for records that share a band with another.
        threshold: Jaccard index, above 0 and at most 1.
        takes_part: bool (n,), the records that are looked at; None: all. Problems of math templates need not be.
        alike: int (n,), such as group numbers of the answers: only records with equal ones may be duplicates.

    Returns:
        int64 (n,), the row of the record that a near-duplicate repeats; -1 for a record that stays.

    Raises:
        InputError: the threshold is no Jaccard index.
    """
    if not 0 < threshold <= 1:
        raise InputError(f"near-duplicates: the threshold {threshold} is not above 0 and at most 1, such as 0.8")
    original = np.full(len(signed), _NONE, np.int64)
    rows = np.arange(len(signed)) if takes_part is None else np.flatnonzero(takes_part)
    buckets = _buckets(signed[rows], threshold, None if alike is None else alike[rows])
    shared = (buckets != _NONE).any(axis=1)

    @lru_cache(maxsize=1 << 14)
    def shingles(row: int) -> frozenset[str]:
        return _shingles(text_of(row))

    standing: dict[int, list[int]] = {}
    for row, mine in zip(rows[shared].tolist(), buckets[shared].tolist(), strict=True):
        others = sorted({other for bucket in mine for other in standing.get(bucket, ())})
        near = (other for other in others if jaccard(shingles(row), shingles(other)) >= threshold)
        original[row] = next(near, _NONE)
        if original[row] == _NONE:
            for bucket in mine:
                if bucket != _NONE:
                    standing.setdefault(bucket, []).append(row)
    return original


def jaccard(left: frozenset[str], right: frozenset[str]) -> float:
    """Return the Jaccard index of two sets of which one at least is not empty: shared members over all members."""
    shared = len(left & right)
    return shared / (len(left) + len(right) - shared)


def _padded(text: str) -> str:
    """Return a normalised text, long enough for one shingle at least."""
    return normalise(text).ljust(_SHINGLE, "\0")


def _shingles(text: str) -> frozenset[str]:
    plain = _padded(text)
    return frozenset(plain[at : at + _SHINGLE] for at in range(len(plain) - _SHINGLE + 1))


def _sign(texts: Sequence[str], signed: Signatures) -> None:
    """Write the signatures of some texts into their rows."""
    plain = [_padded(text) for text in texts]
    codes = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    lengths = np.array([len(text) for text in plain])
    hashes = np.zeros(len(codes) - _SHINGLE + 1, np.uint64)
    for at in range(_SHINGLE):
        hashes = mix(hashes + codes[at : at + len(hashes)])
    ends = np.cumsum(lengths)
    within = np.ones(len(codes), np.bool_)
    for at in range(1, _SHINGLE):
        within[ends - at] = False
    hashes = hashes[within[: len(hashes)]]
    begins = np.concatenate([[0], np.cumsum(lengths - _SHINGLE + 1)[:-1]])
    values = np.empty_like(hashes)
    for at in range(HASHES):
        # Multiply-shift hashing (Dietzfelbinger et al., 1997): the upper half of factor x hash + term.
        np.multiply(hashes, _FACTORS[at], out=values)
        np.add(values, _TERMS[at], out=values)
        signed[:, at] = np.minimum.reduceat(values, begins) >> _SHIFT
    amounts = as_pairs(b"".join(fingerprint(" ".join(_AMOUNT.findall(text))) for text in plain))[:, 0]
    signed[:, HASHES] = amounts >> _SHIFT
    signed[:, HASHES + 1] = amounts.astype(np.uint32)


def _buckets(signed: Signatures, threshold: float, alike: NDArray[np.integer[Any]] | None) -> NDArray[np.int64]:
    """Return int64 (n, bands): a number for each band's hashes, the same where these are; -1 where no other has it."""
    bands, width = _bands(threshold)
    buckets = np.full((len(signed), bands), _NONE, np.int64)
    numbers = mix(signed[:, HASHES].astype(np.uint64) << _SHIFT | signed[:, HASHES + 1])
    if alike is not None:
        numbers = mix(numbers + alike.astype(np.uint64))
    used = 0
    for band in range(bands):
        keys = numbers
        for at in range(band * width, (band + 1) * width):
            keys = mix(keys + signed[:, at])
        _, number, counts = np.unique(keys, return_inverse=True, return_counts=True)
        several = counts[number] > 1
        buckets[several, band] = number[several] + used
        used += len(counts)
    return buckets


def _bands(threshold: float) -> tuple[int, int]:
    """Return how many bands of how many hashes to compare: the widest that miss few pairs at the threshold.

    Two texts with Jaccard index s agree in one of b bands of r hashes with probability 1 - (1 - s^r)^b.
    """
    widths = (width for width in range(HASHES, 1, -1) if (1 - threshold**width) ** (HASHES // width) <= _MISSED)
    width = next(widths, 1)
    return HASHES // width, width
