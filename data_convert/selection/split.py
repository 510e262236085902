"""Held-out questions: drawn by seed, and never a question of the training records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_convert.selection.dedup import Keys, Mask, Rows, group, isin
from data_convert.selection.draw import draw

# A test of a tiny corpus takes no more than this share of its questions.
_LARGEST_SHARE = 10


@dataclass(frozen=True)
class Split:
    """A corpus divided.

    Attributes:
        test: int64, the first record of each held-out question, ascending.
        train: bool (n,), the records whose question is not held out.
    """

    test: Rows
    train: Mask


def hold_out(
    questions: Keys,
    count: int | float,
    seed: int,
    strata: NDArray[np.integer[Any]] | None = None,
    eligible: Mask | None = None,
) -> Split:
    """Hold out questions with all their records; of each question one record is asked.

    Args:
        questions: uint64 (n, 2), the records' question keys.
        count: how many questions (int), or which share of them (float below 1). At most a tenth of all questions are
            held out, at least one; none where there is only one question.
        seed: the same seed draws the same questions, whatever the order of the corpus.
        strata: int (n,), numbers from 0, such as the code of a record's type: each gets its share of the questions
            (of equal claims to what rounding leaves, the lower number first). A question's is its first record's.
        eligible: bool (n,), the records that may be asked, such as those with no conflicting answer; None: all.
            A question is asked only where all its records may be.
    """
    groups = group(questions)
    wanted = min(_number(count, len(groups)), max(1, len(groups) // _LARGEST_SHARE))
    leaders = groups.leaders
    if eligible is not None:
        barred = np.zeros(len(groups), dtype=np.bool_)
        barred[groups.ids[~eligible]] = True
        leaders = leaders[~barred]
    if len(groups) < 2:
        test = leaders[:0]
    elif strata is None:
        test = leaders[draw(questions[leaders], wanted, seed)]
    else:
        test = _stratified(questions, leaders, wanted, seed, strata)
    held = np.zeros(len(groups), dtype=np.bool_)
    held[groups.ids[test]] = True
    return Split(test, ~held[groups.ids])


def exclude(train: Keys, asked: Keys) -> Mask:
    """Return bool (n,): the training records whose question is not asked.

    Args:
        train: uint64 (n, 2), question keys of the training records.
        asked: uint64 (m, 2), question keys of a test file.
    """
    return ~isin(train, asked)


def _number(count: int | float, questions: int) -> int:
    return round(count * questions) if isinstance(count, float) else count


def _stratified(questions: Keys, leaders: Rows, wanted: int, seed: int, strata: NDArray[np.integer[Any]]) -> Rows:
    """Draw from each stratum by the largest-remainder method: quotas rounded down, then the largest rests up."""
    stratum = strata[leaders]
    claims = min(wanted, len(leaders)) * np.bincount(stratum)
    seats, rests = np.divmod(claims, max(1, len(leaders)))
    seats[np.argsort(-rests, kind="stable")[: rests.sum() // max(1, len(leaders))]] += 1
    held = [leaders[:0]]
    for at, count in enumerate(seats.tolist()):
        rows = leaders[stratum == at]
        held.append(rows[draw(questions[rows], count, seed)])
    return np.sort(np.concatenate(held))
