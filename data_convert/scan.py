"""Passes over all records of a corpus, slice by slice or number by number, in all processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.math_types import recognise
from core.progress import Progress
from core.records import Form, Record
from data_convert.readers import BadRecord, BadRecords, Slice, TooManyBad, read_slice, slices
from data_convert.selection.overlap import Overlap
from data_convert.spool import Lines, Spool
from data_convert.typed.check import Report, check_typed
from data_convert.workers import in_parallel

# Verdicts of the check under which a record teaches something false, or nothing.
WRONG = frozenset({"wrong", "unparsable", "unsolvable"})
_NUMBERS_A_PIECE = 20_000
_SLICE = 1 << 20  # bytes: small, so that all processes end together
_EXAMPLES = 20


@dataclass(frozen=True)
class Scanner:
    """How a corpus is read.

    Attributes:
        task: the task its records must be of; None: any.
        check: whether math solutions are checked.
        allowed: how many bad records are put up with.
    """

    task: str | None
    check: bool
    allowed: int = 0

    def scan(self, piece: Slice) -> Scanned:
        """Read one slice, up to the bad record that is one too many."""
        found, bad = Scanned(), BadRecords(self.allowed)
        with suppress(TooManyBad):
            for record in read_slice(piece, bad):
                if self.task is not None and record.task != self.task:
                    reason = f"a {record.task} record; this contest's corpus is {self.task}"
                    bad(BadRecord(record.source, reason, record.question))
                    continue
                found.lines.add(record)
                found.wrong.append(self.check and record.task == "math" and found.checked(record))
        found.bad = bad.records
        return found


@dataclass
class Scanned:
    """What one slice holds: its records, which of them are wrong, the check's report, what could not be read."""

    lines: Lines = field(default_factory=Lines)
    wrong: bytearray = field(default_factory=bytearray)
    report: Report = field(default_factory=Report)
    bad: list[BadRecord] = field(default_factory=list)

    def checked(self, record: Record) -> bool:
        """Check a math record, count the verdict, and tell whether it is wrong."""
        verdict = check_typed(recognise(record.question), record.answer)
        self.report.add(verdict, record.source)
        return verdict.verdict in WRONG


def scan(
    spool: Spool, path: Path, form: Form | None, scanner: Scanner, bad: BadRecords, processes: int
) -> tuple[NDArray[np.bool_], Report]:
    """Read a corpus into the spool.

    Args:
        spool: takes the records, in the corpus' order.
        path: the corpus.
        form: its format; None: told by its content.
        scanner: what is asked of each record.
        bad: is told of each record that is passed over, and raises where there are too many.
        processes: how many read.

    Returns:
        Which records are wrong, bool (records,), and the check's report.
    """
    pieces = slices(path, form, size=_SLICE)
    wrong, report = bytearray(), Report()
    with Progress("read", sum(piece.end - piece.start for piece in pieces), "bytes") as progress:
        for piece, found in zip(pieces, in_parallel(Scanner.scan, scanner, pieces, processes), strict=True):
            bad.extend(found.bad)
            spool.append(found.lines)
            wrong += found.wrong
            report.merge(found.report)
            progress.advance(piece.end - piece.start)
    return np.frombuffer(wrong, dtype=np.bool_), report


@dataclass(frozen=True)
class Overlaps:
    """Training records that share n-grams with evaluation files.

    Attributes:
        numbers: int64, the records' numbers in the spool.
        counts: evaluation file -> number of records.
        examples: the first of them: "where", "file" and the shared words.
    """

    numbers: NDArray[np.int64]
    counts: dict[str, int]
    examples: list[dict[str, str]]


def overlapping(spool: Spool, numbers: NDArray[np.int64], against: Mapping[str, Overlap], processes: int) -> Overlaps:
    """Compare records with the texts of evaluation files."""
    pieces = [numbers[at : at + _NUMBERS_A_PIECE] for at in range(0, len(numbers), _NUMBERS_A_PIECE)]
    counts = dict.fromkeys(against, 0)
    hit: set[int] = set()
    examples: list[dict[str, str]] = []
    with Progress("compare", len(numbers), "records") as progress:
        for piece, found in zip(pieces, in_parallel(_compare, (spool, against), pieces, processes), strict=True):
            for name, places in found.items():
                counts[name] += len(places)
                hit.update(piece[places].tolist())
            examples += _examples(spool, against, piece, found)
            progress.advance(len(piece))
    return Overlaps(np.array(sorted(hit), dtype=np.int64), counts, examples[:_EXAMPLES])


def _compare(shared: tuple[Spool, Mapping[str, Overlap]], numbers: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Return for each evaluation file which places of `numbers` overlap with it."""
    spool, against = shared
    texts = list(map(_text, spool.records(numbers.tolist())))
    return {name: np.flatnonzero(overlap.hits(texts).shared) for name, overlap in against.items()}


def _text(record: Record) -> str:
    return "\n".join(filter(None, (str(record.meta.get("passage", "")), record.question)))


def _examples(
    spool: Spool, against: Mapping[str, Overlap], numbers: NDArray[np.int64], found: Mapping[str, NDArray[np.int64]]
) -> Iterator[dict[str, str]]:
    for name, places in found.items():
        for number in numbers[places[:_EXAMPLES]].tolist():
            record = spool.record(number)
            shared = against[name].shared(_text(record))
            yield {"where": record.source or record.id, "file": name, "shared": shared.words if shared else ""}
