"""Which records a run trains on, is asked, and must not forget: read from files, or made for practice."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from core.config import kit_path
from core.errors import InputError
from core.records import Record
from core.schema import DataConfig
from data_convert.practice import choice, math, reading
from data_convert.readers import BadRecords, OnBad, read_corpus, refuse
from data_convert.squad import read_questions

# Seeds of the practice corpora: far apart, so that no two of them draw the same stream.
_TRAIN, _TEST, _SQUAD, _RETENTION = 1_000, 2_000, 3_000, 4_000


@dataclass(frozen=True)
class Corpora:
    """The three sets of records of a run, and how the corpus was divided.

    Attributes:
        train: corpus records to learn, then retention records, in the order of their sources.
        test: held-out questions; none of their texts is among `train`.
        squad: retention questions.
        counts: what became of the corpus: read, bad, duplicates, held out, left out, trained.
    """

    train: list[Record]
    test: list[Record]
    squad: list[Record]
    counts: dict[str, Any] = field(default_factory=dict)


def load_corpora(data: DataConfig, task: str) -> Corpora:
    """Read or make the records of a run.

    Args:
        data: the run's data section.
        task: "math" or "choice".

    Raises:
        InputError: a file is missing or malformed, of another task, or leaves nothing to train on.
    """
    squad = load_squad(data)
    test = _read(data.test, task, refuse) if data.test else None if data.train else _practice_questions(data, task)
    if data.train:
        corpus, test, counts = _from_file(data, task, test)
    else:
        corpus, counts = _made(data, task, test or [])
    retention = _retention(data, squad)
    counts["retention"] = len(retention)
    if not corpus:
        raise InputError("no record of the corpus is left to train on")
    return Corpora(corpus + retention, test or [], squad, counts)


def load_squad(data: DataConfig) -> list[Record]:
    """Read the retention questions, or make them."""
    if data.squad:
        return read_questions(kit_path(data.squad), data.selection)[0]
    _need_generator(data, "data.squad")
    return reading.records(data.squad_records, data.seed + _SQUAD)


def _from_file(
    data: DataConfig, task: str, test: list[Record] | None
) -> tuple[list[Record], list[Record], dict[str, Any]]:
    bad = BadRecords(data.max_bad)
    records = _read(str(data.train), task, bad)
    unique = list({(record.question, record.answer): record for record in records}.values())
    rng = random.Random(data.seed)
    if test is None:
        # A question with two answers in the corpus must stay on one side, so questions are drawn, not records.
        questions = sorted({record.question for record in unique})
        size = min(data.test_records, max(1, len(questions) // 10))
        drawn = set(rng.sample(questions, size)) if len(questions) > 1 else set()
        test = list({record.question: record for record in unique if record.question in drawn}.values())
    asked = {record.question for record in test}
    corpus = [record for record in unique if record.question not in asked]
    left = len(corpus)
    if data.max_records is not None and left > data.max_records:
        chosen = sorted(rng.sample(range(left), data.max_records))
        corpus = [corpus[number] for number in chosen]
    counts = {
        "read": len(records),
        "bad": bad.found,
        "duplicates": len(records) - len(unique),
        "held_out": len(unique) - left,
        "left_out": left - len(corpus),
        "trained": len(corpus),
    }
    return corpus, test, counts


def _made(data: DataConfig, task: str, test: list[Record]) -> tuple[list[Record], dict[str, Any]]:
    count = min(data.records, data.max_records or data.records)
    asked = frozenset(record.question for record in test)
    if task == "math":
        corpus = math.records(count, data.seed + _TRAIN, exclude=asked)
    else:
        corpus = choice.records(count, data.seed + _TRAIN, held_out=False)
    counts = {"read": len(corpus), "bad": [], "duplicates": 0, "held_out": 0, "left_out": 0, "trained": len(corpus)}
    return corpus, counts


def _practice_questions(data: DataConfig, task: str) -> list[Record]:
    _need_generator(data, "data.train")
    if task == "math":
        return math.records(data.test_records, data.seed + _TEST)
    return choice.records(data.test_records, data.seed + _TEST, held_out=True)


def _retention(data: DataConfig, squad: list[Record]) -> list[Record]:
    """Return reading records to mix in; a passage that retention is measured on is refused."""
    if not data.retention_records:
        return []
    asked = frozenset(str(record.meta.get("passage")) for record in squad)
    if not data.retention_corpus:
        _need_generator(data, "data.retention_corpus")
        return reading.records(data.retention_records, data.seed + _RETENTION, exclude=asked)
    records, _ = read_questions(kit_path(data.retention_corpus), "all")
    overlap = [record for record in records if record.meta.get("passage") in asked]
    if overlap:
        raise InputError(
            f"{data.retention_corpus}: {len(overlap)} of its records are about passages that retention is measured "
            "on; train on SQuAD's train file, never on the one that is asked"
        )
    rng = random.Random(data.seed)
    return rng.sample(records, min(data.retention_records, len(records)))


def _read(path: str, task: str, on_bad: OnBad) -> list[Record]:
    file = kit_path(path)
    records = list(read_corpus(file, on_bad))
    other = next((record for record in records if record.task != task), None)
    if other is not None:
        raise InputError(f"{other.source or file}: a {other.task} record; this contest's corpus is {task}")
    return records


def _need_generator(data: DataConfig, setting: str) -> None:
    if data.generator is None:
        raise InputError(f"{setting} is not set: give the organiser's file with {setting}=PATH")


def corpus_size(data: DataConfig, task: str) -> tuple[int, str]:
    """Return how many records a run will train on, for planning, and where that number comes from.

    It is that of the corpus file, held-out questions taken off, where one is given, else the number that the contest
    states; only conversion knows how many records are too long.
    """
    if data.train:
        test = _read(data.test, task, refuse) if data.test else None
        _, _, counts = _from_file(data, task, test)
        return counts["trained"] + data.retention_records, "of the corpus file"
    count = min(data.records, data.max_records or data.records)
    return count + data.retention_records, "stated by the contest"
