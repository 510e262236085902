"""Which records of a corpus are trained on, and which are held out: the cleaning and sampling of a run.

Everything here is decided by the records, the settings and the seed alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.math_types import TYPES
from core.schema import DataConfig
from data_convert.scan import overlapping
from data_convert.selection.dedup import Keys, conflicts, group
from data_convert.selection.draw import draw
from data_convert.selection.keys import context_key
from data_convert.selection.near import near_duplicates, signatures
from data_convert.selection.normalise import as_pairs
from data_convert.selection.overlap import Overlap
from data_convert.selection.quota import take
from data_convert.selection.split import exclude, hold_out
from data_convert.spool import Columns, Spool

Numbers = NDArray[np.int64]
# Labels whose problems are all template: two of them that differ in a number are two problems.
_TEMPLATES = frozenset(TYPES) - {"english", "other"}


@dataclass(frozen=True)
class Chosen:
    """The records of a corpus that a run uses, by number.

    Attributes:
        train: int64, ascending; an oversampled record stands as often as it is trained on.
        test: int64, the held-out records, one a question.
        counts: what became of all others.
    """

    train: Numbers
    test: Numbers
    counts: dict[str, Any] = field(default_factory=dict)


def choose(
    spool: Spool,
    columns: Columns,
    wrong: NDArray[np.bool_],
    data: DataConfig,
    asked: Keys | None,
    against: Mapping[str, Overlap],
    processes: int,
) -> Chosen:
    """Clean, divide and sample a corpus.

    Args:
        spool: the records; read only where free-form texts are compared.
        columns: what is known of each.
        wrong: bool (records,), those with a wrong solution.
        data: the run's settings.
        asked: question keys of a given test file; None: hold out questions of the corpus itself.
        against: evaluation texts that training records are compared with, by name.
        processes: how many compare texts.

    Raises:
        InputError: a quota of an unknown label, or one that cannot be met.
    """
    counts: dict[str, Any] = {"read": len(columns.label), "wrong": int(wrong.sum())}
    left = np.flatnonzero(~wrong) if data.wrong == "drop" else np.arange(len(wrong))
    counts["wrong_dropped"] = len(wrong) - len(left)

    unique = left[_first(columns, left, data.dedup)]
    counts["duplicates"] = len(left) - len(unique)
    questions = columns.question[unique]
    disputed = conflicts(group(questions), columns.answer[unique])
    counts["conflicting_answers"] = int(disputed.sum())

    test = unique[:0]
    if asked is not None:
        left = unique[exclude(questions, asked)]
    else:
        split = hold_out(questions, data.test_records, data.seed, eligible=~disputed)
        test, left = unique[split.test], unique[split.train]
    counts["held_out"] = len(unique) - len(left)

    free = _free_form(columns, left)
    # Templates have their own test questions taken out above; those of other files are looked for only where named.
    compared = overlapping(
        spool, left if data.against else left[free], {**against, **_held_out(spool, test, data)}, processes
    )
    counts["overlap"] = compared.as_json()
    counts["overlap_removed"] = 0
    if data.overlap == "remove":
        kept = ~np.isin(left, compared.numbers)
        left, free, counts["overlap_removed"] = left[kept], free[kept], int((~kept).sum())

    near = _near(spool, columns, left, free, data)
    left, counts["near_duplicates"] = left[~near], int(near.sum())
    train = _sampled(columns, left, data, counts)
    counts["left_out"] = len(left) - len(np.unique(train))
    counts["repeated"] = len(train) - len(np.unique(train))
    counts["trained"] = len(train)
    return Chosen(train, test, counts)


def _first(columns: Columns, left: Numbers, dedup: str) -> NDArray[np.bool_]:
    """Return which records repeat no earlier one."""
    if dedup == "none":
        return np.ones(len(left), dtype=np.bool_)
    keys = columns.whole if dedup == "exact" else np.hstack([columns.question, columns.answer])
    return group(keys[left]).first


def _free_form(columns: Columns, left: Numbers) -> NDArray[np.bool_]:
    """Return which records are no problem of a template, whose texts are worth comparing."""
    templates = [number for number, name in enumerate(columns.labels) if name in _TEMPLATES]
    return ~np.isin(columns.label[left], templates)


def _held_out(spool: Spool, test: Numbers, data: DataConfig) -> dict[str, Overlap]:
    questions = [record.question for record in spool.records(test.tolist())]
    return {"held-out questions": Overlap(questions, data.overlap_n)} if questions else {}


def _near(
    spool: Spool, columns: Columns, left: Numbers, free: NDArray[np.bool_], data: DataConfig
) -> NDArray[np.bool_]:
    """Return which records nearly repeat an earlier one about the same, with the same answer."""
    near = np.zeros(len(left), dtype=np.bool_)
    if data.near_duplicates is None:
        return near
    numbers = left[free]
    questions, contexts = [], bytearray()
    for record in spool.records(numbers.tolist()):
        questions.append(record.question)
        contexts += context_key(record)
    alike = group(np.hstack([columns.answer[numbers], as_pairs(contexts)])).ids
    original = near_duplicates(signatures(questions), questions.__getitem__, data.near_duplicates, alike=alike)
    near[free] = original >= 0
    return near


def _sampled(columns: Columns, left: Numbers, data: DataConfig, counts: dict[str, Any]) -> Numbers:
    keys = columns.whole[left]
    if not data.quotas:
        return left if data.max_records is None else left[draw(keys, data.max_records, data.seed)]
    drawn = take(columns.label[left], columns.labels, keys, data.quotas, data.seed, data.max_records)
    counts["quotas"] = [vars(row) for row in drawn.table]
    return left[drawn.rows]
