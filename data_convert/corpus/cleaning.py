"""What is wrong with a corpus, and the records that are left of it: the choice of a conversion, without converting."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InputError
from core.schema import DataConfig
from core.text.records import Record, write_records
from data_convert.corpus.choose import Chosen, choose
from data_convert.corpus.record_store import Columns, RecordStore
from data_convert.corpus.scan import Scanner, scan
from data_convert.corpus.workers import processors
from data_convert.readers import BadRecords, list_files, read_corpus
from data_convert.selection.dedup import Keys, conflicts, group, isin
from data_convert.selection.keys import question_keys
from data_convert.selection.overlap import WORDS, Overlap, evaluation_texts

_EXAMPLES = 5


@dataclass(frozen=True)
class Wishes:
    """What is asked of a cleaning.

    Attributes:
        against: evaluation files or folders, whose questions and texts are kept out of training.
        words: words of the n-grams that are compared with their texts.
        near: Jaccard index from which free-form records are near-duplicates; None: they are not looked for.
        quotas: records to take of a label; total: records to take in all (see `selection.quota`).
        seed: of the draw.
        max_bad: records that cannot be read, and are passed over, before it gives up.
        form, fields, encoding: how the corpus is read, as the settings of these names say.
    """

    against: Sequence[Path] = ()
    words: int = WORDS
    near: float | None = None
    quotas: Mapping[str, int] = field(default_factory=dict)
    total: int | None = None
    seed: int = 1
    max_bad: int = 0
    form: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None

    def settings(self) -> DataConfig:
        """Return the settings of a conversion that chooses so."""
        return DataConfig(
            records=1,  # This and seq_length must be given, and say nothing about a choice.
            seq_length=8,
            dedup="normalised",
            near_duplicates=self.near,
            quotas=dict(self.quotas),
            max_records=self.total,
            overlap="remove",
            overlap_n=self.words,
            seed=self.seed,
        )


def clean(
    corpus: Path | Sequence[Path], wishes: Wishes, out: Path | None = None, processes: int | None = None
) -> dict[str, Any]:
    """Look a corpus through, and write what is left of it.

    Args:
        corpus: a file, a folder or a pattern, or several, in any format that `read_corpus` knows.
        wishes: what is asked.
        out: takes the records left, as the kit's JSON Lines; None: nothing is written.
        processes: how many work; None: one for each processor. The result does not depend on it.

    Returns:
        The report. It accounts for each record: "records" is the sum of "exact_duplicates", "normalised_duplicates",
        "asked", "overlapping", "near_duplicates", "left_out" and "kept"; "repeats" are written beside the kept.

    Raises:
        InputError: a file is missing or malformed, `out` is one that is read or a folder, a quota cannot be met.
    """
    processes = processes or processors()
    if out is not None and out.is_dir():
        raise InputError(f"{out}: a folder; give the name of a file to write")
    named = [corpus] if isinstance(corpus, Path) else corpus
    listing = list_files(named, wishes.form, wishes.fields)
    inputs = [*(file.path for file in listing.files), *wishes.against]
    if out is not None and os.path.realpath(out) in map(os.path.realpath, inputs):
        raise InputError(f"{out}: is an input and would be overwritten; choose another output file")
    evaluations = {str(path): list(read_corpus(path, encoding=wishes.encoding)) for path in wishes.against}
    asked = {name: question_keys(records) for name, records in evaluations.items()}
    overlaps = {name: Overlap(evaluation_texts(records), wishes.words) for name, records in evaluations.items()}
    bad = BadRecords(wishes.max_bad, setting="--max-bad N")
    beside = out.parent if out is not None and out.parent.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix=".clean-", dir=beside) as folder,
        RecordStore(Path(folder) / "records") as store,
    ):
        scanner = Scanner(fields=wishes.fields, encoding=wishes.encoding)
        read = scan(store, listing, wishes.form, scanner, bad, processes)
        columns = store.settle()
        all_asked = np.concatenate([np.empty((0, 2), np.uint64), *asked.values()])
        chosen = choose(store, columns, read.wrong, wishes.settings(), all_asked, overlaps, processes)
        if out is not None:
            if not len(chosen.train):
                raise InputError(
                    f"{listing.name}: no record of it is left, so {out} is not written; leave out --out to see why"
                )
            write_records(out, _distinct_ids(store.records(chosen.train.tolist())))
        return {
            "schema": 1,
            "corpus": ", ".join(map(str, named)),
            "files": [file.as_json() for file in read.files],
            "not_read": read.not_read,
            "no_input": read.no_input,
            "bad": bad.found,
            "unreadable": bad.lost,
            "unlearned": bad.unlearned,
            **_account(columns, chosen),
            "conflicts": _conflicts(store, columns),
            "against": {name: _against(name, columns, keys, chosen) for name, keys in asked.items()},
            "examples": chosen.counts["overlap"]["examples"],
            "labels": _labels(columns, chosen),
            "out": None if out is None else str(out),
        }


def _account(columns: Columns, chosen: Chosen) -> dict[str, Any]:
    """Return what became of the records, each counted once."""
    counts = chosen.counts
    exact = counts["read"] - len(group(columns.whole))
    return {
        "records": counts["read"],
        "exact_duplicates": exact,
        "normalised_duplicates": counts["duplicates"] - exact,
        "asked": counts["held_out"],
        "overlapping": counts["overlap_removed"],
        "near_duplicates": counts["near_duplicates"],
        "left_out": counts["left_out"],
        "kept": counts["trained"] - counts["repeated"],
        "repeats": counts["repeated"],
    }


def _conflicts(store: RecordStore, columns: Columns) -> dict[str, Any]:
    """Return how many questions have several answers, and the first of them with these."""
    questions = group(np.hstack([columns.before, columns.question]))
    places = np.flatnonzero(conflicts(questions, columns.answer))
    disputed, first = np.unique(questions.ids[places], return_index=True)
    examples = []
    for question in disputed[np.argsort(first)][:_EXAMPLES]:
        rows = np.flatnonzero(questions.ids == question)
        rows = rows[group(columns.answer[rows]).leaders][:_EXAMPLES]
        records = list(store.records(rows.tolist()))
        answers = [{"where": record.source, "answer": record.answer} for record in records]
        examples.append({"question": records[0].question, "answers": answers})
    return {"questions": len(disputed), "records": len(places), "examples": examples}


def _against(name: str, columns: Columns, asked: Keys, chosen: Chosen) -> dict[str, int]:
    """Return how many records (duplicates too) ask a question of an evaluation, and how many others share its words."""
    same = int(isin(columns.question, asked).sum())
    return {"same_question": same, "shared_words": chosen.counts["overlap"]["files"][name]}


def _labels(columns: Columns, chosen: Chosen) -> dict[str, dict[str, int]]:
    """Return for each label how many records there are, are kept, and are repeated beside those."""
    rows = (np.arange(len(columns.label)), np.unique(chosen.train), chosen.train)
    counts = (np.bincount(columns.label[some], minlength=len(columns.labels)).tolist() for some in rows)
    return {
        name: {"records": records, "kept": kept, "repeats": taken - kept}
        for name, records, kept, taken in zip(columns.labels, *counts, strict=True)
    }


def _distinct_ids(records: Iterable[Record]) -> Iterator[Record]:
    """Yield records, a repeated id with "#2", "#3" ... after it: ids are unique in a record file."""
    times: dict[str, int] = {}
    for record in records:
        name = record.id
        while name in times:
            times[record.id] += 1
            name = f"{record.id}#{times[record.id]}"
        times[name] = 1
        yield record if name == record.id else replace(record, id=name)
