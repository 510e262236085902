"""Passes over all records of a corpus, slice by slice or number by number, in all processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from itertools import tee
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.progress import Progress, say
from core.tasks import task_of
from core.text.prompts import Prompt, cannot_write_rounds
from core.text.records import Record
from core.text.rounds import LearnedTurns, as_learned, history_of
from data_convert.corpus.record_store import Lines, RecordStore
from data_convert.corpus.workers import in_parallel
from data_convert.readers import (
    BadRecord,
    BadRecords,
    Listing,
    Part,
    Slice,
    TooManyBad,
    as_instruction,
    list_files,
    read_slice,
    slices,
)
from data_convert.readers.listing import left_out_line
from data_convert.selection.overlap import Overlap
from data_convert.selection.refusal import Asked, is_long, refusal
from data_convert.typed.check import Report, check_record

Numbers = NDArray[np.int64]
# Verdicts of the check under which a record teaches something false, or nothing.
WRONG = frozenset({"wrong", "unparsable", "unsolvable"})
_NUMBERS_A_PIECE = 20_000
_SLICE = 1 << 20  # bytes: small, so that all processes end together
_COMPARED_TOGETHER = 4096
_EXAMPLES = 20
_NONE = "no answer of it is to be learned"
_UNLEARNED = {
    "all": f"{_NONE}: the corpus says so (loss, weight)",
    "last": f"{_NONE}: the corpus says so of the last one (data.learned_turns=last)",
    "marked": f"{_NONE}: the corpus marks none (data.learned_turns=marked)",
}


@dataclass(frozen=True)
class Scanner:
    """How a corpus is read.

    Attributes:
        check: whether answers are checked, see `check_record`.
        tasks: the tasks its records may be of; None: any.
        general: a record of another task counts as a general instruction, instead of as one that cannot be used.
        asked: what no record may hold; None: they may hold anything.
        prefix: goes before every id, so that the ids of two corpora differ.
        fields, encoding, free_task: how the corpus is read, see `readers.read_corpus`.
        learned: which turns of conversations are learned; records of which none is are left out.
        prompts: of each task, where they are known: a conversation that one of them cannot write is refused.
    """

    check: bool = False
    tasks: frozenset[str] | None = None
    general: bool = False
    asked: Asked | None = None
    prefix: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    encoding: str | None = None
    free_task: str | None = None
    learned: LearnedTurns = "all"
    prompts: Mapping[str, Prompt] = field(default_factory=dict)

    def scan(self, piece: Slice, allowed: int, store: Path) -> Scanned:
        """Read one slice for a store, up to the bad record that is one more than `allowed`."""
        found, bad, long = Scanned(Lines(store)), BadRecords(allowed), []
        with suppress(TooManyBad):
            for record in read_slice(piece, bad):
                if self.tasks is not None and record.task not in self.tasks:
                    if not self.general:
                        reason = f"of task {record.task}; this contest's corpus is {' or '.join(sorted(self.tasks))}"
                        bad(BadRecord(record.source, reason, record.question))
                        continue
                    record = as_instruction(record)
                kept = as_learned(record, self.learned)
                if kept is None:
                    bad(BadRecord(record.source, _UNLEARNED[self.learned], record.question, unlearned=True))
                    continue
                record = kept
                if reason := self._unwritable(record):
                    bad(BadRecord(record.source, reason, record.question))
                    continue
                if self.prefix:
                    record = replace(record, id=self.prefix + record.id)
                found.lines.add(record)
                if word := record.meta.get("no_input"):
                    found.no_input[str(word)] += 1
                found.wrong.append(self.check and task_of(record.task).is_checked and found.checked(record))
                if self.asked and is_long(record):
                    long.append(record)
                if len(long) == _COMPARED_TOGETHER:
                    found.leaks += self._leaks(long)
                    long.clear()
        found.bad = bad.records
        found.leaks += self._leaks(long)
        return found

    def _unwritable(self, record: Record) -> str:
        """Say why a conversation cannot be trained on; "" where it can."""
        prompt = self.prompts.get(record.task)
        if prompt is None or prompt.holds_rounds or not (earlier := history_of(record)):
            return ""
        return cannot_write_rounds(prompt, len(earlier) + 1)

    def _leaks(self, records: list[Record]) -> list[str]:
        return [record.source or record.id for record in self.asked.held_by(records)] if self.asked else []


@dataclass
class Scanned:
    """What one slice holds.

    Attributes:
        lines: its records; wrong: for each of them, whether its solution is.
        report: verdicts on the solutions.
        bad: what could not be read.
        leaks: places of records that hold what is asked.
        no_input: words that stand for no input -> records with them.
    """

    lines: Lines = field(default_factory=Lines)
    wrong: bytearray = field(default_factory=bytearray)
    report: Report = field(default_factory=Report)
    bad: list[BadRecord] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    no_input: Counter[str] = field(default_factory=Counter)

    def checked(self, record: Record) -> bool:
        """Check a record, count the verdict, and tell whether it is wrong."""
        verdict = check_record(record)
        self.report.add(verdict, record.source)
        return verdict.verdict in WRONG


@dataclass
class FileCount:
    """What became of the records of one file: those read, those that cannot be, and those not to be learned.

    Attributes:
        path: the file.
        weight: how often each of its records is to be taken.
        read, bad, unlearned: how many records.
        encoding: "utf-8", or what it is in.
    """

    path: str
    weight: float
    read: int = 0
    bad: int = 0
    unlearned: int = 0
    encoding: str = "utf-8"

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data; "records" is the sum of the others."""
        return {"records": self.read + self.bad + self.unlearned, **vars(self)}


@dataclass(frozen=True)
class Read:
    """A corpus that has been read into a store.

    Attributes:
        wrong: bool (records,), those with a wrong solution.
        report: verdicts on the solutions.
        files: the corpus' files; file_of: int32 (records,), the number in `files` of each record's.
        no_input: words that stand for no input -> records with them.
        not_read: files of its folders that were left out, with reasons.
    """

    wrong: NDArray[np.bool_]
    report: Report
    files: list[FileCount]
    file_of: NDArray[np.int32]
    no_input: dict[str, int]
    not_read: list[str]


def scan(
    store: RecordStore,
    path: Path | Sequence[Path | Part] | Listing,
    format_name: str | None,
    scanner: Scanner,
    bad: BadRecords,
    processes: int,
) -> Read:
    """Read a corpus into the store.

    Args:
        store: takes the records, in the corpus' order.
        path: the corpus: a file, a folder, a pattern, several of these, or what `list_files` found.
        format_name: its format; None: told by its content.
        scanner: what is asked of each record.
        bad: is told of each record that is passed over, and raises where there are too many.
        processes: how many read.

    Raises:
        InputError: no record can be read, too many cannot, or one holds what is asked.
    """
    listing = list_files(path, format_name, scanner.fields)
    if listing.left_out:
        say(left_out_line(listing.left_out))
    how = {"fields": scanner.fields, "encoding": scanner.encoding, "free_task": scanner.free_task}
    pieces, read = tee(slices(listing, format_name, _SLICE, **how))  # type: ignore[arg-type]
    wrong, report, leaks = bytearray(), Report(), []
    files = [FileCount(str(file.path), file.weight) for file in listing.files]
    file_of: list[NDArray[np.int32]] = [np.empty(0, np.int32)]
    no_input: Counter[str] = Counter()
    results = in_parallel(_scan, (scanner, bad.allowed, store.path), pieces, processes)
    # Closed, no process is at work any more, nor writes a file beside the store.
    with Progress("read", listing.bytes, "bytes") as progress, closing(results):
        for piece, found in zip(read, results, strict=True):
            bad.extend(found.bad)
            store.append(found.lines)
            file = files[piece.file]
            file.read += len(found.wrong)
            file.bad += sum(one.records for one in found.bad if not one.unlearned)
            file.unlearned += sum(one.records for one in found.bad if one.unlearned)
            file.encoding = piece.encoding or file.encoding
            file_of.append(np.full(len(found.wrong), piece.file, np.int32))
            no_input += found.no_input
            wrong += found.wrong
            report.merge(found.report)
            leaks += found.leaks
            progress.advance(piece.end - piece.start)
    if leaks:
        raise refusal(leaks, listing.name)
    if not wrong:
        reason = f"; {bad.records[0]}" if bad.records else ""
        raise InputError(f"{listing.name}: no record in it can be read{reason}")
    return Read(
        np.frombuffer(wrong, dtype=np.bool_),
        report,
        files,
        np.concatenate(file_of),
        dict(no_input),
        list(map(str, listing.left_out)),
    )


def _scan(shared: tuple[Scanner, int, Path], piece: Slice) -> Scanned:
    scanner, allowed, store = shared
    return scanner.scan(piece, allowed, store)


@dataclass(frozen=True)
class Overlaps:
    """Training records that share n-grams with evaluation files.

    Attributes:
        numbers: int64, the records' numbers in the store.
        counts: evaluation file -> number of records.
        examples: the first of them: "where", "file" and the shared words.
    """

    numbers: Numbers
    counts: dict[str, int]
    examples: list[dict[str, str]]

    def as_json(self) -> dict[str, Any]:
        """Return "records", "files" and "examples" as plain data."""
        return {"records": len(self.numbers), "files": self.counts, "examples": self.examples}


def overlapping(store: RecordStore, numbers: Numbers, against: Mapping[str, Overlap], processes: int) -> Overlaps:
    """Compare records with the texts of evaluation files."""
    if not against:
        return Overlaps(numbers[:0], {}, [])
    pieces = [numbers[at : at + _NUMBERS_A_PIECE] for at in range(0, len(numbers), _NUMBERS_A_PIECE)]
    counts = dict.fromkeys(against, 0)
    hit: set[int] = set()
    examples: list[dict[str, str]] = []
    with Progress("compare", len(numbers), "records") as progress:
        for piece, found in zip(pieces, in_parallel(_compare, (store, against), pieces, processes), strict=True):
            for name, places in found.items():
                counts[name] += len(places)
                hit.update(piece[places].tolist())
            examples += _examples(store, against, piece, found)
            progress.advance(len(piece))
    return Overlaps(np.array(sorted(hit), dtype=np.int64), counts, examples[:_EXAMPLES])


def _compare(shared: tuple[RecordStore, Mapping[str, Overlap]], numbers: Numbers) -> dict[str, Numbers]:
    """Return for each evaluation file which places of `numbers` overlap with it."""
    store, against = shared
    texts = list(map(_text, store.records(numbers.tolist())))
    distinct = {text: number for number, text in enumerate(dict.fromkeys(texts))}  # a passage is asked about often
    which = np.array([distinct[text] for text in texts])
    return {name: np.flatnonzero(overlap.hits(list(distinct)).shared[which]) for name, overlap in against.items()}


def _text(record: Record) -> str:
    """Return what is compared: a passage, and for want of one the question, with those of earlier rounds."""
    asked = "\n".join([*(one.question for one in history_of(record)), record.question])
    return str(record.meta.get("passage") or asked)


def _examples(
    store: RecordStore,
    against: Mapping[str, Overlap],
    numbers: Numbers,
    found: Mapping[str, Numbers],
) -> Iterator[dict[str, str]]:
    for name, places in found.items():
        for number in numbers[places[:_EXAMPLES]].tolist():
            record = store.record(number)
            shared = against[name].shared(_text(record))
            yield {"where": record.source or record.id, "file": name, "shared": shared.words if shared else ""}
