"""Which records a run trains on, is asked, and must not forget: read from files, or made for practice."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.config import kit_path
from core.errors import InputError
from core.records import Record
from core.schema import DataConfig
from data_convert.choose import choose
from data_convert.practice import choice, math, reading
from data_convert.readers import BadRecords, read_corpus
from data_convert.scan import Scanner, scan
from data_convert.selection.dedup import Keys
from data_convert.selection.draw import draw
from data_convert.selection.keys import question_key, record_key
from data_convert.selection.normalise import as_pairs
from data_convert.selection.overlap import Overlap, evaluation_texts
from data_convert.selection.refusal import asked_passages, refuse_asked
from data_convert.spool import Lines, Spool
from data_convert.squad import read_questions
from data_convert.typed.check import Report
from data_convert.workers import processors

# Seeds of the practice corpora: far apart, so that no two of them draw the same stream.
_TRAIN, _TEST, _SQUAD, _RETENTION = 1_000, 2_000, 3_000, 4_000


@dataclass(frozen=True)
class Corpora:
    """The three sets of records of a run, and how the corpus was divided.

    Attributes:
        order: int64, numbers in the spool of the records to train on, in training order; an oversampled record
            stands as often as it is trained on.
        test: held-out questions; none of them is trained on.
        squad: retention questions.
        counts: what became of the corpus' records.
        report: verdicts on the corpus' math solutions; empty where they are not checked.
    """

    order: NDArray[np.int64]
    test: list[Record]
    squad: list[Record]
    counts: dict[str, Any]
    report: Report = field(default_factory=Report)


def load_corpora(data: DataConfig, task: str, spool: Spool, bad: BadRecords, processes: int) -> Corpora:
    """Read or make the records of a run.

    Args:
        data: the run's data section.
        task: "math" or "choice".
        spool: takes the records that may be trained on.
        bad: is told of records that cannot be read.
        processes: how many read and compare.

    Raises:
        InputError: a file is missing or malformed, of another task, or leaves nothing to train on.
    """
    squad = load_squad(data)
    test = _read_test(data, task)
    if data.train:
        train, test, counts, report = _from_file(data, task, squad, test, spool, bad, processes)
    else:
        test = test if test is not None else _practice_questions(data, task)
        train, counts, report = _made(data, task, test, spool), {}, Report()
        counts["read"] = counts["trained"] = len(train)
    if not len(train):
        raise InputError("no record of the corpus is left to train on")
    retention = _retention(data, squad)
    counts["retention"] = len(retention)
    train = np.concatenate([train, _add(spool, retention)])
    spool.settle()
    order = train.tolist()
    random.Random(data.seed).shuffle(order)
    return Corpora(np.array(order, dtype=np.int64), test, squad, counts, report)


def load_squad(data: DataConfig) -> list[Record]:
    """Read the retention questions, or make them."""
    if data.squad:
        return read_questions(kit_path(data.squad), data.selection)[0]
    _need_generator(data, "data.squad")
    return reading.records(data.squad_records, data.seed + _SQUAD)


def _from_file(
    data: DataConfig,
    task: str,
    squad: Sequence[Record],
    test: list[Record] | None,
    spool: Spool,
    bad: BadRecords,
    processes: int,
) -> tuple[NDArray[np.int64], list[Record], dict[str, Any], Report]:
    path = kit_path(str(data.train))
    wrong, report = scan(spool, path, data.form, Scanner(task, data.check, data.max_bad), bad, processes)
    columns = spool.settle()
    if not len(spool):
        raise InputError(f"{path}: no record in it can be read")
    asked = None if test is None else _question_keys(test)
    chosen = choose(spool, columns, wrong, data, asked, _evaluations(data, squad, test), processes)
    if test is None:
        test = list(spool.records(chosen.test.tolist()))
    return chosen.train, test, {"bad": len(bad.records), **chosen.counts}, report


def _evaluations(data: DataConfig, squad: Sequence[Record], test: Sequence[Record] | None) -> dict[str, Overlap]:
    """Return the texts of each evaluation file that training records should not repeat."""
    texts = {path: evaluation_texts(read_corpus(kit_path(path))) for path in data.against}
    if data.squad:
        texts[data.squad] = evaluation_texts(squad)
    if data.test and test is not None:
        texts[data.test] = evaluation_texts(test)
    return {name: Overlap(found, data.overlap_n) for name, found in texts.items()}


def _made(data: DataConfig, task: str, test: Sequence[Record], spool: Spool) -> NDArray[np.int64]:
    _need_generator(data, "data.train")
    count = min(data.records, data.max_records or data.records)
    asked = frozenset(record.question for record in test)
    if task == "math":
        return _add(spool, math.records(count, data.seed + _TRAIN, exclude=asked))
    return _add(spool, choice.records(count, data.seed + _TRAIN, held_out=False))


def _practice_questions(data: DataConfig, task: str) -> list[Record]:
    _need_generator(data, "data.test")
    if task == "math":
        return math.records(data.test_records, data.seed + _TEST)
    return choice.records(data.test_records, data.seed + _TEST, held_out=True)


def _retention(data: DataConfig, squad: Sequence[Record]) -> list[Record]:
    """Return the records that keep the model's old ability: reading, or general instructions."""
    if not data.retention_records:
        return []
    if not data.retention_corpus:
        _need_generator(data, "data.retention_corpus")
        asked = frozenset(str(record.meta.get("passage")) for record in squad)
        return reading.records(data.retention_records, data.seed + _RETENTION, exclude=asked)
    path = kit_path(data.retention_corpus)
    records = list(read_corpus(path))
    refuse_asked(records, asked_passages(squad), str(path))
    keys = as_pairs(b"".join(map(record_key, records)))
    return [records[number] for number in draw(keys, data.retention_records, data.seed)]


def _add(spool: Spool, records: Sequence[Record]) -> NDArray[np.int64]:
    """Put records into the spool; return their numbers."""
    first = len(spool)
    lines = Lines()
    for record in records:
        lines.add(record)
    spool.append(lines)
    return np.arange(first, first + len(records))


def _question_keys(records: Sequence[Record]) -> Keys:
    return as_pairs(b"".join(map(question_key, records)))


def _read_test(data: DataConfig, task: str) -> list[Record] | None:
    if not data.test:
        return None
    file = kit_path(data.test)
    records = list(read_corpus(file))
    other = next((record for record in records if record.task != task), None)
    if other is not None:
        raise InputError(f"{other.source or file}: a {other.task} record; this contest's questions are {task}")
    names = {record.id for record in records}
    if len(names) < len(records):
        raise InputError(f"{file}: {len(records) - len(names)} of its ids stand twice")
    return records


def _need_generator(data: DataConfig, setting: str) -> None:
    if data.generator is None:
        raise InputError(f"{setting} is not set: give the organiser's file with {setting}=PATH")


def corpus_size(data: DataConfig, task: str) -> tuple[int, str]:
    """Return how many records a run will train on, for planning, and where that number comes from.

    It is that of the corpus file, held-out questions taken off, where one is given, else the number that the contest
    states; only conversion knows how many records are too long.
    """
    if not data.train:
        count = min(data.records, data.max_records or data.records)
        return count + data.retention_records, "stated by the contest"
    with tempfile.TemporaryDirectory() as folder, Spool(Path(folder) / "spool") as spool:
        lenient = data.model_copy(update={"check": data.wrong == "drop"})
        test, bad = _read_test(data, task), BadRecords(data.max_bad)
        train, _, _, _ = _from_file(lenient, task, [], test, spool, bad, processors())
    return len(train) + data.retention_records, "of the corpus file"
