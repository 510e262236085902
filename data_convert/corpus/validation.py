"""Validation records: questions of the training records that are not trained on, so that their loss can be watched.

They are taken from what would have been trained on, after cleaning and sampling, so that they are like it in every
respect. No question of theirs is trained on in another record either, be it in an earlier round of a conversation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.schema import DataConfig
from data_convert.corpus.record_store import Columns, RecordStore
from data_convert.selection.dedup import Keys, Mask, conflicts, group, isin
from data_convert.selection.draw import draw
from data_convert.selection.keys import NOTHING_BEFORE, earlier_keys

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Validation:
    """The training records of a corpus, divided.

    Attributes:
        train: int64, ascending, those still trained on; an oversampled record stands as often as it is trained on.
        records: int64, ascending, those whose loss is watched, one a question.
        asked: uint64 (n, 2), the question keys of these, earlier rounds included.
        counts: what becomes another in the account of the records; empty where none are held out.
    """

    train: Numbers
    records: Numbers
    asked: Keys
    counts: dict[str, int] = field(default_factory=dict)

    def asks(self, store: RecordStore, columns: Columns, numbers: Numbers) -> Mask:
        """Return which of some records ask a question of the validation records, be it in an earlier round."""
        found: Mask = isin(columns.question[numbers], self.asked)
        places = np.flatnonzero(~isin(columns.before[numbers], NOTHING_BEFORE))
        for place, record in zip(places, store.records(numbers[places].tolist()), strict=True):
            found[place] |= isin(earlier_keys(record), self.asked).any()
        return found


_NOBODY: Numbers = np.empty(0, dtype=np.int64)
_NO_KEYS: Keys = np.empty((0, 2), dtype=np.uint64)
NONE = Validation(_NOBODY, _NOBODY, _NO_KEYS)


def hold_out_validation(store: RecordStore, train: Numbers, data: DataConfig, name: str) -> Validation:
    """Hold out validation records, drawn by seed.

    Args:
        store: the records.
        train: int64, ascending, those to train on.
        data: the run's settings.
        name: of the corpus.

    Raises:
        InputError: there are no more questions than are to be held out.
    """
    wanted = data.validation_records
    if not wanted:
        return Validation(train, _NOBODY, _NO_KEYS)
    columns, distinct = store.settle(), np.unique(train)
    questions = columns.question[distinct]
    groups = group(questions)
    disputed = conflicts(groups, columns.answer[distinct])
    leaders = np.setdiff1d(groups.leaders, groups.leaders[np.unique(groups.ids[disputed])])
    if wanted > len(leaders) or wanted >= len(groups):
        one_answer = f" ({len(leaders)} with one answer each)" if len(leaders) < len(groups) else ""
        raise InputError(
            f"{name}: data.validation_records is {wanted}, but its training records ask {len(groups)} questions"
            f"{one_answer}, and at least one has to be left to train on; set it lower"
        )
    records = distinct[leaders[draw(questions[leaders], wanted, data.seed)]]
    earlier = [earlier_keys(record) for record in store.records(records.tolist())]
    held = Validation(train, records, np.concatenate([columns.question[records], *earlier]))
    left = train[~held.asks(store, columns, train)]
    if not len(left):
        raise InputError(
            f"{name}: data.validation_records is {wanted}, and every other record asks one of their questions too; "
            "set it lower"
        )
    kept = len(np.unique(left))
    counts = {
        "validation": len(records),
        "validation_alike": len(distinct) - len(records) - kept,
        "repeated": len(left) - kept,
        "trained": len(left),
    }
    return Validation(left, records, held.asked, counts)
