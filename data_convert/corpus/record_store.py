"""The records of a corpus on disk, and in memory only what choosing among them needs.

A corpus of 810,000 records is a gigabyte as Python objects. So it is scanned once, slice by slice in all processes:
its records are written one after the other to a file and a few numbers about each are kept.
"""

from __future__ import annotations

import mmap
import os
import shutil
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import numpy as np
import orjson
from numpy.typing import NDArray

from core.files import fresh, make_folder, remove_file
from core.inside import inside, open_to_append
from core.text.records import Record
from data_convert.selection.dedup import Keys
from data_convert.selection.keys import answer_key, before_key, label_of, question_key, record_key
from data_convert.selection.normalise import as_pairs

# Of a slice that cannot be divided (a CSV file, say) no more than this stays in memory.
_IN_MEMORY = 16 << 20


@dataclass
class Lines:
    """Records as they go to the store, and what is kept of each; one process hands it to another.

    Attributes:
        store: the store's path, beside which a file takes the text that is too much for memory; None: none does.
        file: that file; None: not needed yet.
        text: the records as JSON Lines, or those after the ones in `file`; sizes: bytes of each line.
        whole, before, question, answer: 16-byte fingerprints (see `selection.keys`) of each record, end to end.
        labels: type (math), subject (choice) or task of each record.
    """

    store: Path | None = None
    file: Path | None = None
    text: bytearray = field(default_factory=bytearray)
    sizes: array[int] = field(default_factory=lambda: array("q"))
    whole: bytearray = field(default_factory=bytearray)
    before: bytearray = field(default_factory=bytearray)
    question: bytearray = field(default_factory=bytearray)
    answer: bytearray = field(default_factory=bytearray)
    labels: list[str] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Take one record."""
        line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        self.text += line
        self.sizes.append(len(line))
        self.whole += record_key(record)
        self.before += before_key(record)
        self.question += question_key(record)
        self.answer += answer_key(record)
        self.labels.append(label_of(record))
        if self.store is not None and len(self.text) > _IN_MEMORY:
            self._overflow(self.store)

    def _overflow(self, store: Path) -> None:
        """Move the text to the file."""
        if self.file is None:
            handle, name = tempfile.mkstemp(prefix=f"{store.name}-", dir=inside(store).parent)
            os.close(handle)
            self.file = Path(name)
        with open_to_append(self.file) as out:
            out.write(self.text)
        self.text = bytearray()


@dataclass(frozen=True)
class Columns:
    """What is known of each record of a store, by its number.

    Attributes:
        whole, before, question, answer: uint64 (records, 2), fingerprints (see `selection.keys`).
        label: int32 (records,), the number in `labels` of its type, subject or task.
    """

    whole: Keys
    before: Keys
    question: Keys
    answer: Keys
    label: NDArray[np.int32]
    labels: list[str]


class RecordStore:
    """Records in a file of their own, read by number in any order; processes that are forked off may read too.

    Use as a context manager: the file is there from the start and removed at the end.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        self.path = path
        self._sweep()
        self._file = fresh(path)
        self._lines: list[Lines] = []
        self._offsets = np.zeros(1, dtype=np.int64)
        self._sizes: list[NDArray[np.int64]] = []
        self._view = memoryview(b"")

    def __enter__(self) -> RecordStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close_view()
        remove_file(self.path)
        self._sweep()
        with suppress(OSError):  # what is not written yet may find no room, and nobody reads it any more
            self._file.close()

    def __len__(self) -> int:
        return sum(map(len, self._sizes))

    def append(self, lines: Lines) -> None:
        """Add records at the end; their numbers go on from those that are there."""
        if lines.file is not None:
            with lines.file.open("rb") as first:
                shutil.copyfileobj(first, self._file)
            remove_file(lines.file)
        self._file.write(lines.text)
        self._sizes.append(np.array(lines.sizes, dtype=np.int64))
        lines.text = bytearray()
        self._lines.append(lines)

    def settle(self) -> Columns:
        """Make what was added readable, and return its columns."""
        self._file.flush()
        self._offsets = np.concatenate([[0], *self._sizes]).cumsum()
        self._close_view()
        if self._offsets[-1]:
            self._view = memoryview(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ))
        numbers: dict[str, int] = {}
        label = [numbers.setdefault(name, len(numbers)) for lines in self._lines for name in lines.labels]
        return Columns(
            as_pairs(b"".join(lines.whole for lines in self._lines)),
            as_pairs(b"".join(lines.before for lines in self._lines)),
            as_pairs(b"".join(lines.question for lines in self._lines)),
            as_pairs(b"".join(lines.answer for lines in self._lines)),
            np.array(label, dtype=np.int32),
            list(numbers),
        )

    def record(self, number: int) -> Record:
        """Read one record."""
        return next(self.records([number]))

    def records(self, numbers: Sequence[int]) -> Iterator[Record]:
        """Read records in the order given."""
        return (Record(**orjson.loads(line)) for line in self._lines_of(numbers))

    def _lines_of(self, numbers: Sequence[int]) -> Iterator[memoryview]:
        begins = self._offsets[:-1][numbers].tolist()
        ends = self._offsets[1:][numbers].tolist()
        return (self._view[begin:end] for begin, end in zip(begins, ends, strict=True))

    def _sweep(self) -> None:
        """Remove files of `Lines` that nobody asked for any more: their conversion was killed, or gave up."""
        for leftover in self.path.parent.glob(f"{self.path.name}-*"):
            remove_file(leftover)

    def _close_view(self) -> None:
        mapped = self._view.obj
        self._view.release()
        if isinstance(mapped, mmap.mmap):
            mapped.close()
        self._view = memoryview(b"")
