"""Which records of a corpus are trained on, and which are held out: the cleaning and sampling of a run.

Everything here is decided by the records, the settings and the seed alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.schema import DataConfig
from core.tasks.math import TEMPLATE_TYPES
from data_convert.corpus.record_store import Columns, RecordStore
from data_convert.corpus.scan import overlapping
from data_convert.selection.dedup import Keys, Mask, conflicts, group, isin
from data_convert.selection.draw import draw
from data_convert.selection.keys import NOTHING_BEFORE, context_key, earlier_keys
from data_convert.selection.near import near_duplicates, signatures
from data_convert.selection.normalise import as_pairs
from data_convert.selection.overlap import Overlap
from data_convert.selection.quota import take
from data_convert.selection.split import exclude, hold_out

Numbers = NDArray[np.int64]
# Labels whose problems are all template: two of them that differ in a number are two problems.
_TEMPLATES = frozenset(TEMPLATE_TYPES)


@dataclass(frozen=True)
class Weights:
    """How often the records of a corpus are taken: int32 (records,), the file of each; of each file, how often."""

    file_of: NDArray[np.int32]
    weights: Sequence[float]


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
    store: RecordStore,
    columns: Columns,
    wrong: Mask,
    data: DataConfig,
    asked: Keys | None,
    against: Mapping[str, Overlap],
    processes: int,
    weights: Weights | None = None,
) -> Chosen:
    """Clean, divide and sample a corpus.

    Args:
        store: the records; read only where free-form texts are compared.
        columns: what is known of each.
        wrong: bool (records,), those with a wrong solution.
        data: the run's settings.
        asked: question keys of a given test file; None: hold out questions of the corpus itself.
        against: evaluation texts that training records are compared with, by name.
        processes: how many compare texts.
        weights: of the records' files; None: each record counts once.

    Raises:
        InputError: a quota of an unknown label, or one that cannot be met.
    """
    choice = _Choice(store, columns, data)
    choice.drop_wrong(wrong)
    choice.drop_repeated()
    disputed = choice.disputed()
    test = choice.hold_out(disputed) if asked is None else choice.leave_out(asked)
    choice.compare(test, against, processes)
    choice.drop_similar()
    if weights is not None:
        choice.weigh(weights)
    train = choice.sample()
    return Chosen(train, test, choice.counts)


class _Choice:
    """The records that are left, step by step, and the counts of those that went.

    Attributes:
        left: int64, ascending, the records that are left.
        counts: see `Chosen`.
    """

    def __init__(self, store: RecordStore, columns: Columns, data: DataConfig) -> None:
        self._store, self._columns, self._data = store, columns, data
        self.left: Numbers = np.arange(len(columns.label))
        self.counts: dict[str, Any] = {"read": len(self.left)}

    def drop_wrong(self, wrong: Mask) -> None:
        """Drop records whose solution is wrong, where that is asked for."""
        self.counts["wrong"] = int(wrong.sum())
        self._keep(~wrong if self._data.wrong == "drop" else np.ones(len(wrong), dtype=np.bool_), "wrong_dropped")

    def drop_repeated(self) -> None:
        """Drop records that repeat an earlier one."""
        columns, how = self._columns, self._data.dedup
        keys = columns.whole if how == "exact" else np.hstack([columns.before, columns.question, columns.answer])
        first = np.ones(len(self.left), dtype=np.bool_) if how == "none" else group(keys[self.left]).first
        self._keep(first, "duplicates")

    def disputed(self) -> Mask:
        """Return which records left have a question that others answer otherwise."""
        asked = np.hstack([self._columns.before, self._columns.question])[self.left]
        found = conflicts(group(asked), self._columns.answer[self.left])
        self.counts["conflicting_answers"] = int(found.sum())
        return found

    def hold_out(self, disputed: Mask) -> Numbers:
        """Hold out questions of the corpus, none of them disputed; return a record of each."""
        questions = self._columns.question[self.left]
        split = hold_out(questions, self._data.test_records, self._data.seed, barred=disputed)
        test = self.left[split.test]
        self._keep(split.train & ~self._asked_before(questions[split.test]), "held_out")
        return test

    def leave_out(self, asked: Keys) -> Numbers:
        """Leave out the questions of a test file; return no record of the corpus."""
        kept = exclude(self._columns.question[self.left], asked) & ~self._asked_before(asked)
        self._keep(kept, "held_out")
        return self.left[:0]

    def _asked_before(self, asked: Keys) -> Mask:
        """Return which of the records left ask one of these questions in an earlier round of their conversation."""
        found = np.zeros(len(self.left), dtype=np.bool_)
        places = np.flatnonzero(~isin(self._columns.before[self.left], NOTHING_BEFORE))
        for place, record in zip(places, self._store.records(self.left[places].tolist()), strict=True):
            found[place] = isin(earlier_keys(record), asked).any()
        return found

    def compare(self, test: Numbers, against: Mapping[str, Overlap], processes: int) -> None:
        """Find records that share n-grams with evaluations or held-out questions, and drop them where asked to."""
        data = self._data
        # Templates have their own test questions taken out above; those of other files are looked for only where named.
        looked_at = self.left if data.against else self.left[self._free_form()]
        questions = [record.question for record in self._store.records(test.tolist())]
        held_out = {"held-out questions": Overlap(questions, data.overlap_n)} if questions else {}
        found = overlapping(self._store, looked_at, {**against, **held_out}, processes)
        self.counts["overlap"] = found.as_json()
        dropped = found.numbers if data.overlap == "remove" else found.numbers[:0]
        self._keep(~np.isin(self.left, dropped), "overlap_removed")

    def drop_similar(self) -> None:
        """Drop free-form records that nearly repeat an earlier one about the same, with the same answer."""
        near = np.zeros(len(self.left), dtype=np.bool_)
        if self._data.near_duplicates is not None:
            free = self._free_form()
            numbers = self.left[free]
            questions, contexts = [], bytearray()
            for record in self._store.records(numbers.tolist()):
                questions.append(record.question)
                contexts += context_key(record)
            alike = group(np.hstack([self._columns.answer[numbers], as_pairs(contexts)])).ids
            threshold = self._data.near_duplicates
            near[free] = near_duplicates(signatures(questions), questions.__getitem__, threshold, alike=alike) >= 0
        self._keep(~near, "near_duplicates")

    def weigh(self, given: Weights) -> None:
        """Take the records left as often as their files weigh: 2.5 is twice, and half of them once more, drawn."""
        files, keys = given.file_of[self.left], self._columns.whole[self.left]
        taken = []
        for number, weight in enumerate(given.weights):
            rows = np.flatnonzero(files == number)
            share = draw(keys[rows], int((weight % 1) * len(rows) + 0.5), self._data.seed)
            taken += [np.tile(rows, int(weight)), rows[share]]
        before = len(self.left)
        self.left = self.left[np.sort(np.concatenate(taken))]
        self.counts["weighed_out"] = before - len(np.unique(self.left))

    def sample(self) -> Numbers:
        """Return the records to train on: all that are left, or as many as quotas and the limit say."""
        data, keys = self._data, self._columns.whole[self.left]
        train = self.left
        if data.quotas:
            labels = self._columns.label[self.left]
            drawn = take(labels, self._columns.labels, keys, data.quotas, data.seed, data.max_records)
            self.counts["quotas"] = [vars(row) for row in drawn.table]
            train = self.left[drawn.rows]
        elif data.max_records is not None:
            train = self.left[draw(keys, data.max_records, data.seed)]
        distinct = len(np.unique(train))
        self.counts["left_out"] = len(np.unique(self.left)) - distinct
        self.counts["repeated"] = len(train) - distinct
        self.counts["trained"] = len(train)
        return train

    def _keep(self, mask: Mask, dropped: str) -> None:
        """Keep the records of a mask, and count the others under a name."""
        kept = self.left[mask]
        self.counts[dropped] = len(self.left) - len(kept)
        self.left = kept

    def _free_form(self) -> Mask:
        """Return which of the records left are no problem of a template: their texts are worth comparing."""
        labels = self._columns.labels
        templates = [number for number, name in enumerate(labels) if name in _TEMPLATES]
        return ~np.isin(self._columns.label[self.left], templates)
