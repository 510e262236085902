"""Held-out questions: drawn by seed, and never a question of the training records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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


def hold_out(questions: Keys, count: int, seed: int, barred: Mask | None = None) -> Split:
    """Hold out questions with all their records; of each question one record is asked.

    Args:
        questions: uint64 (n, 2), the records' question keys.
        count: how many questions; at most a tenth of all questions are held out, at least one; none where there is
            only one question.
        seed: the same seed draws the same questions, whatever the order of the corpus.
        barred: bool (n,), records whose questions must not be asked, such as those with conflicting answers.
    """
    groups = group(questions)
    wanted = min(count, max(1, len(groups) // _LARGEST_SHARE)) if len(groups) > 1 else 0
    leaders = groups.leaders
    if barred is not None:
        leaders = np.delete(leaders, np.unique(groups.ids[barred]))
    test = leaders[draw(questions[leaders], wanted, seed)]
    return Split(test, ~np.isin(groups.ids, groups.ids[test]))


def exclude(train: Keys, asked: Keys) -> Mask:
    """Return bool (n,): the training records whose question is not asked.

    Args:
        train: uint64 (n, 2), question keys of the training records.
        asked: uint64 (m, 2), question keys of a test file.
    """
    return ~isin(train, asked)
