"""Which records a run trains on, is asked, and must not forget: read from files, or made for practice."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import kit_path
from core.errors import InputError
from core.schema import DataConfig
from core.text.prompts import Prompt, cannot_write_rounds
from core.text.records import Record
from core.text.rounds import history_of
from data_convert.corpus.choose import Weights, choose
from data_convert.corpus.inputs import reading_of, train_files
from data_convert.corpus.questions import read_test
from data_convert.corpus.record_store import Lines, RecordStore
from data_convert.corpus.scan import Scanner, overlapping, scan
from data_convert.corpus.validation import NONE, Validation, hold_out_validation
from data_convert.corpus.workers import processors
from data_convert.practice import generator_of, reading
from data_convert.readers import BadRecords, read_corpus
from data_convert.readers.squad_questions import read_questions
from data_convert.selection.dedup import group, isin
from data_convert.selection.draw import draw
from data_convert.selection.keys import NO_ANSWER, question_keys
from data_convert.selection.overlap import Overlap, evaluation_texts
from data_convert.selection.refusal import Asked
from data_convert.typed.check import Report

Numbers = NDArray[np.int64]
# Seeds of the practice corpora: far apart, so that no two of them draw the same stream.
_TRAIN, _TEST, _SQUAD, _RETENTION = 1_000, 2_000, 3_000, 4_000
# What may have become of a corpus of which nothing is left, by the name of its count.
_GONE = {
    "wrong_dropped": "with a wrong solution",
    "duplicates": "duplicates",
    "held_out": "held out or asked in data.test",
    "overlap_removed": "overlapping with an evaluation file",
    "near_duplicates": "near-duplicates",
    "weighed_out": "left out by weight",
    "left_out": "left out by data.quotas",
}


@dataclass(frozen=True)
class Corpora:
    """The three sets of records of a run, and how the corpus was divided.

    Attributes:
        order: int64, numbers in the store of the records to train on, in training order; an oversampled record
            stands as often as it is trained on.
        test: held-out questions; none of them is trained on.
        squad: retention questions.
        counts: what became of the corpus' records.
        report: verdicts on the corpus' math solutions; empty where they are not checked.
        validation: the validation records; no question of theirs is trained on.
    """

    order: Numbers
    test: Sequence[Record]
    squad: Sequence[Record]
    counts: dict[str, Any]
    report: Report = field(default_factory=Report)
    validation: Validation = NONE


def load_corpora(
    data: DataConfig,
    task: str,
    store: RecordStore,
    bad: BadRecords,
    processes: int,
    prompts: Mapping[str, Prompt] | None = None,
    needs_test: bool = False,
    needs_squad: bool = True,
) -> Corpora:
    """Read or make the records of a run.

    Args:
        data: the run's data section.
        task: of the contest.
        store: takes the records that may be trained on.
        bad: is told of records that cannot be read.
        processes: how many read and compare.
        prompts: of each task that is trained on; None: whether they can write a conversation is not looked at.
        needs_test: accuracy will be measured, for which there must be a question.
        needs_squad: retention will be measured, for which there must be questions too.

    Raises:
        InputError: a file is missing or malformed, of another task, holds what retention is measured on, or leaves
            nothing to train on or, where that is needed, to ask.
    """
    test = _test_of(data, task)
    _check_test(test or (), (prompts or {}).get(task))
    source = _Source(data, task, load_squad(data, needs_squad), test, store, bad, processes, prompts or {}, needs_test)
    found = source.corpus() if data.train else source.made()
    retention = source.retention(found.counts, found.validation)
    store.settle()
    order = np.concatenate([found.order, retention]).tolist()
    random.Random(data.seed).shuffle(order)
    return replace(found, order=np.array(order, dtype=np.int64))


def load_squad(data: DataConfig, needed: bool = True) -> list[Record]:
    """Read the retention questions, or make them; none where they are not needed and there is no file of them."""
    if data.squad:
        return read_questions(kit_path(data.squad), data.selection)[0]
    if not needed and data.generator is None:
        return []
    _need_generator(data, "data.squad")
    return reading.records(data.squad_records, data.seed + _SQUAD)


def corpus_size(data: DataConfig, task: str, needs_test: bool = False) -> tuple[int, str]:
    """Return how many records a run will train on, for planning, and where that number comes from.

    It is that of the corpus file, held-out questions taken off, where one is given, else the number that the contest
    states; only conversion knows how many records are too long.

    Raises:
        InputError: as `load_corpora`: a corpus that leaves no question to measure accuracy on, where that is needed.
    """
    if not data.train:
        return data.stated_records, "stated by the contest"
    lenient = data.model_copy(update={"check": data.wrong == "drop"})
    with tempfile.TemporaryDirectory() as folder, RecordStore(Path(folder) / "records") as store:
        test, bad = _test_of(data, task), BadRecords(data.max_bad)
        source = _Source(lenient, task, [], test, store, bad, processors(), needs_test=needs_test)
        train = source.corpus().order
    return len(train) + data.retention_records, "of the corpus file"


@dataclass(frozen=True)
class _Source:
    """What the records of a run are taken from.

    Attributes:
        data, task: of the run.
        squad: retention questions; test: the questions of a test file, None where there is none.
        store, bad, processes, prompts, needs_test: as of `load_corpora`.
    """

    data: DataConfig
    task: str
    squad: Sequence[Record]
    test: Sequence[Record] | None
    store: RecordStore
    bad: BadRecords
    processes: int
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    needs_test: bool = False

    def corpus(self) -> Corpora:
        """Read the corpus file, and choose among its records."""
        data, corpus = self.data, train_files(self.data)
        scanner = Scanner(data.check, frozenset({self.task}), asked=self._asked, **self._reading)
        read = scan(self.store, corpus, data.form, scanner, self.bad, self.processes)
        gone = {"bad": self.bad.lost, "unlearned": self.bad.unlearned}
        weights = [file.weight for file in corpus.files]
        weigh = None if set(weights) == {1.0} else Weights(read.file_of, weights)
        asked = None if self.test is None else question_keys(self.test)
        columns = self.store.settle()
        evaluations, processes = self._evaluations, self.processes
        chosen = choose(self.store, columns, read.wrong, data, asked, evaluations, processes, weigh)
        if not len(chosen.train):
            counts = chosen.counts
            left = ", ".join(f"{counts[name]} {what}" for name, what in _GONE.items() if counts.get(name))
            raise InputError(f"{corpus.name}: no record is left to train on; of {len(read.wrong)} there are {left}")
        test = list(self.store.records(chosen.test.tolist())) if self.test is None else self.test
        if self.needs_test and not test:
            asks = len(group(columns.question))
            why = "ask one question only" if asks == 1 else f"ask {asks} questions, each with several answers"
            raise InputError(
                f"{corpus.name}: no question can be held out to measure accuracy on, for its {len(read.wrong)} records "
                f"{why}; give questions with data.test=FILE"
            )
        validation = hold_out_validation(self.store, chosen.train, data, corpus.name)
        trained = np.bincount(read.file_of[validation.train], minlength=len(read.files)).tolist()
        files = [{**file.as_json(), "trained": number} for file, number in zip(read.files, trained, strict=True)]
        counts = {**gone, **chosen.counts, **validation.counts}
        counts |= {"files": files, "not_read": read.not_read, "no_input": read.no_input}
        return Corpora(validation.train, test, self.squad, counts, read.report, validation)

    def made(self) -> Corpora:
        """Make the records of a practice contest."""
        data, test = self.data, self.test
        if test is None:
            test = _practice_questions(data, self.task)
        _need_generator(data, "data.train")
        count = min(data.records, data.max_records or data.records)
        records = generator_of(self.task).train_records(count, data.seed + _TRAIN, test)
        validation = hold_out_validation(self.store, self._add(records), data, "the generated corpus")
        counts = {"read": len(records), "trained": len(records), **validation.counts}
        return Corpora(validation.train, test, self.squad, counts, validation=validation)

    def retention(self, counts: dict[str, Any], validation: Validation) -> Numbers:
        """Return the records that keep the model's old ability: reading, or general instructions; count them."""
        data = self.data
        drawn = np.empty(0, dtype=np.int64)
        if data.retention_records and data.retention_corpus:
            drawn, counts["retention_corpus"] = self._drawn(kit_path(data.retention_corpus))
        elif data.retention_records:
            _need_generator(data, "data.retention_corpus")
            asked = frozenset(str(record.meta.get("passage")) for record in self.squad)
            drawn = self._add(reading.records(data.retention_records, data.seed + _RETENTION, exclude=asked))
        if len(validation.records):
            drawn = drawn[~validation.asks(self.store, self.store.settle(), drawn)]
        counts["retention"] = len(drawn)
        return drawn

    def _drawn(self, path: Path) -> tuple[Numbers, dict[str, Any]]:
        """Read a retention corpus; return the records drawn from it, and what became of the others."""
        first, bad, unlearned = len(self.store), self.bad.lost, self.bad.unlearned
        tasks = frozenset({"squad", "instruction", self.task})
        how = {**self._reading, "free_task": None}
        scanner = Scanner(tasks=tasks, general=True, asked=self._asked, prefix="retention/", **how)
        scan(self.store, path, None, scanner, self.bad, self.processes)
        numbers = np.arange(first, len(self.store))
        columns = self.store.settle()
        # Whoever learns from SQuAD v2.0's questions without an answer to say nothing loses retention by it.
        silent = numbers[isin(columns.answer[numbers], NO_ANSWER)]
        compared = overlapping(self.store, numbers, self._evaluations, self.processes)
        counts = {
            "read": len(numbers),
            "bad": self.bad.lost - bad,
            "unlearned": self.bad.unlearned - unlearned,
            "unanswerable": len(silent),
            "overlap": compared.as_json(),
        }
        numbers = np.setdiff1d(numbers, silent)
        if self.data.overlap == "remove":
            numbers = np.setdiff1d(numbers, compared.numbers)
        return numbers[draw(columns.whole[numbers], self.data.retention_records, self.data.seed)], counts

    @property
    def _reading(self) -> dict[str, Any]:
        turns = {"learned": self.data.learned_turns, "prompts": self.prompts}
        return {**reading_of(self.data, self.task), **turns}

    @cached_property
    def _asked(self) -> Asked:
        return Asked(self.squad)

    @cached_property
    def _evaluations(self) -> dict[str, Overlap]:
        """The texts of each evaluation file that training records should not repeat, by its name."""
        data = self.data
        texts = {path: evaluation_texts(read_corpus(kit_path(path), encoding=data.encoding)) for path in data.against}
        if data.squad:
            texts[data.squad] = evaluation_texts(self.squad)
        if data.test and self.test is not None:
            texts[data.test] = evaluation_texts(self.test)
        return {name: Overlap(found, data.overlap_n) for name, found in texts.items()}

    def _add(self, records: Sequence[Record]) -> Numbers:
        """Put records into the store; return their numbers."""
        first, lines = len(self.store), Lines()
        for record in records:
            lines.add(record)
        self.store.append(lines)
        return np.arange(first, first + len(records))


def _practice_questions(data: DataConfig, task: str) -> list[Record]:
    _need_generator(data, "data.test")
    return generator_of(task).test_records(data.test_records, data.seed + _TEST)


def _test_of(data: DataConfig, task: str) -> list[Record] | None:
    return read_test(kit_path(data.test), task, **reading_of(data, task)) if data.test else None


def _check_test(test: Sequence[Record], prompt: Prompt | None) -> None:
    """Refuse questions that the prompt cannot put, before anything is trained (InputError)."""
    for record in test:
        if prompt is not None and not prompt.holds_rounds and (earlier := history_of(record)):
            raise InputError(f"{record.source or record.id}: {cannot_write_rounds(prompt, len(earlier) + 1)}")


def _need_generator(data: DataConfig, setting: str) -> None:
    if data.generator is None:
        raise InputError(f"{setting} is not set: give the organiser's file with {setting}=PATH")
