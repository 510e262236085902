"""Duplicates: which records say what an earlier one says, and which questions have several answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Groups:
    """Records with equal keys.

    Attributes:
        ids: int64 (n,), each record's group; groups are numbered from 0 as they first occur.
        leaders: int64 (groups,), the first record of each group, ascending.
    """

    ids: Rows
    leaders: Rows

    @property
    def first(self) -> Mask:
        """Bool (n,): whether a record is the first of its kind."""
        mask = np.zeros(len(self.ids), dtype=np.bool_)
        mask[self.leaders] = True
        return mask

    def __len__(self) -> int:
        return len(self.leaders)


def group(keys: Keys) -> Groups:
    """Group records by their keys.

    Args:
        keys: uint64 (n, k); records are equal where all k numbers are.
    """
    if not len(keys):
        return Groups(np.empty(0, np.int64), np.empty(0, np.int64))
    order = np.lexsort(keys.T[::-1])  # stable: the first record of a group comes first in it
    begins = np.ones(len(keys), dtype=np.bool_)
    begins[1:] = False
    for column in keys.T:
        ordered = column[order]
        begins[1:] |= ordered[1:] != ordered[:-1]
    leaders = order[begins]
    rank = np.empty(len(leaders), np.int64)
    rank[np.argsort(leaders)] = np.arange(len(leaders))
    ids = np.empty(len(keys), np.int64)
    ids[order] = rank[np.cumsum(begins) - 1]
    return Groups(ids, np.sort(leaders))


def isin(keys: Keys, others: Keys) -> Mask:
    """Return bool (n,): whether each key, a row of uint64 (n, k), is among the rows of `others`."""
    ids = group(np.concatenate([keys, others])).ids
    return np.isin(ids[: len(keys)], ids[len(keys) :])


def conflicts(questions: Groups, answers: Keys) -> Mask:
    """Return bool (n,): whether a record's question has more than one answer in the corpus.

    Such records are no duplicates of each other, and at most one of the answers is right.

    Args:
        questions: the records grouped by question.
        answers: uint64 (n, k), the keys of their answers.
    """
    differs = (answers != answers[questions.leaders[questions.ids]]).any(axis=1)
    in_conflict = np.zeros(len(questions), dtype=np.bool_)
    in_conflict[questions.ids[differs]] = True
    return in_conflict[questions.ids]
