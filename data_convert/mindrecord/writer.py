"""Writing MindRecord files without MindSpore: the bytes that its FileWriter writes, many rows at a time."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import BufferedRandom
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError, refusal
from core.files import make_folder, move, remove_file
from core.inside import open_lock
from data_convert.mindrecord.header import BLOB, HEADER_SIZE, PAGE_SIZE, RAW, RAW_ROW, Page, header_bytes
from data_convert.mindrecord.index import IndexWriter, check_index_path, partial_index
from data_convert.mindrecord.integers import LENGTH, pack

_ROWS_A_BLOCK = 1024


class MindRecordWriter:
    """Writes one MindRecord file of int32 columns, and its index FILE.db.

    Both are written beside their place and moved there by `close`, the index first: where the file stands, both are
    whole. As a context manager it closes at the end, and leaves nothing behind where something was raised.

    The bytes depend on the rows, the file's name and the description alone, not on how the rows come in blocks. They
    are those of `FileWriter(path, shard_num=1)` whose first call hands over no more than a page of rows; past 2.5
    million rows, where a second raw page begins, those of a FileWriter that is handed one page of rows a call.
    """

    def __init__(self, path: Path, columns: Iterable[str], description: str = "", page_size: int = PAGE_SIZE) -> None:
        """Begin a file.

        Args:
            path: the file to make. It must keep its name: MindSpore refuses a file that was renamed.
            columns: the columns' names.
            description: free text in the header.
            page_size: bytes of a page.

        Raises:
            InputError: the place cannot be written to, or another process is writing this file.
        """
        self._path, self._columns, self._description = path, sorted(columns), description
        self._page_size = page_size
        self._pages: list[Page] = []
        self._blob: Page | None = None
        self._raw: Page | None = None
        self._ends: list[NDArray[np.int64]] = []  # of the rows of the current blob page, in it
        self._saved = 0
        self._partial = path.with_name(f".{path.name}.partial")
        self._partial_index = partial_index(path)
        check_index_path(path)
        self._index: IndexWriter | None = None
        self._file = _open_alone(path, self._partial)
        with self._told():
            self._file.truncate(0)
            self._index = IndexWriter(self._partial_index, path.name)

    def __enter__(self) -> MindRecordWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    @property
    def rows(self) -> int:
        """Number of rows written."""
        return self._blob.end if self._blob else 0

    def write(self, block: Mapping[str, NDArray[np.int32]]) -> None:
        """Add rows.

        Args:
            block: for each column an int32 array (rows, width); widths may differ from block to block.

        Raises:
            InputError: the disk is full or the file cannot be written; nothing is left of it.
            ValueError: the block has not these columns, or arrays of another shape or type.
        """
        if sorted(block) != self._columns:
            raise ValueError(f"a block with columns {sorted(block)}, the file has {self._columns}")
        columns = [block[name] for name in self._columns]
        if any(column.dtype != np.int32 or column.ndim != 2 or not column.shape[1] for column in columns):
            raise ValueError("a block's arrays are of int32 and shape (rows, width)")
        if len({len(column) for column in columns}) > 1:
            raise ValueError("a block's arrays have equally many rows")
        plain = sum(4 * column.shape[1] + LENGTH * (len(columns) > 1) for column in columns)
        with self._told():
            for stored, sizes in pack(columns):
                self._saved += (plain + LENGTH) * len(sizes) - stored.size
                self._place(stored.data, sizes)

    def close(self) -> None:
        """Complete the file and move it, and its index, into place.

        Raises:
            InputError: no row was written, or the disk is full or the file cannot be written.
        """
        if self._index is None:
            return
        with self._told():
            if self._blob is None:
                raise InputError(f"{self._path}: there is no row to write")
            self._end_blob_page(self._blob)
            self._write_raw_pages()
            self._write_header()
            self._file.flush()
            os.fsync(self._file.fileno())
            self._index.close()
            self._index = None
            _sync(self._partial_index)
            remove_file(self._path)
            move(self._partial_index, self._path.with_name(f"{self._path.name}.db"))
            move(self._partial, self._path)
            self._file.close()

    def abandon(self) -> None:
        """Leave nothing of what was written; no effect after `close`."""
        if self._index is not None:
            self._index.abandon()
            self._index = None
        if not self._file.closed:
            # Unlinked while it is still locked: afterwards it may be another process's.
            for partial in (self._partial, self._partial_index):
                with suppress(OSError):
                    remove_file(partial)
            # Closing writes what is buffered, which a full disk refuses again.
            with suppress(OSError):
                self._file.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Give the file up where something is raised, and say in one sentence what the system refused."""
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            self.abandon()
            raise _refusal(self._path, error) from error
        except BaseException:
            self.abandon()
            raise

    def _place(self, stored: memoryview, sizes: NDArray[np.int64]) -> None:
        """Divide rows among pages."""
        ends = np.cumsum(sizes)
        first, done = 0, 0
        while first < len(sizes):
            page = self._blob or self._begin_blob_page()
            last = int(np.searchsorted(ends, done + self._page_size - page.size, side="right"))
            if last > first:
                self._ends.append(ends[first:last] + (page.size - done))
                until = int(ends[last - 1])
                self._seek(page, page.size)
                self._file.write(stored[done:until])
                page.size += until - done
                page.end += last - first
                first, done = last, until
            elif page.size:
                self._end_blob_page(page)
                self._begin_blob_page()
            else:
                raise InputError(
                    f"{self._path}: row {page.start} takes {int(sizes[first])} bytes, a page has {self._page_size}"
                )

    def _begin_blob_page(self) -> Page:
        last = self._blob
        row = last.end if last else 0
        number = last.kind_number + 1 if last else 0
        # A blob page names group 0, whichever group it is; only raw pages are asked.
        self._blob = Page(len(self._pages), BLOB, number, row, row, [(0, 0)])
        self._pages.append(self._blob)
        return self._blob

    def _end_blob_page(self, blob: Page) -> None:
        """Give the rows of a full page their place in a raw page and in the index."""
        size = (blob.end - blob.start) * len(RAW_ROW)
        if self._raw is None or self._raw.size + size > self._page_size:
            number = self._raw.number + 1 if self._raw else 0
            self._raw = Page(len(self._pages), RAW, number)
            self._pages.append(self._raw)
        self._raw.groups.append((blob.kind_number, self._raw.size))
        self._raw.size += size
        assert self._index is not None
        self._index.add(blob, self._raw, (end for ends in self._ends for end in ends.tolist()))
        self._ends.clear()

    def _write_raw_pages(self) -> None:
        for page in self._pages:
            if page.kind == RAW:
                self._seek(page, 0)
                self._file.write(RAW_ROW * (page.size // len(RAW_ROW)))

    def _write_header(self) -> None:
        header = header_bytes(
            self._path.name, self._columns, self._description, self._pages, self._page_size, self._saved
        )
        if len(header) > HEADER_SIZE:
            raise InputError(f"{self._path}: too many pages for one file; write the rows to several files")
        self._file.seek(0)
        self._file.write(header)

    def _seek(self, page: Page, offset: int) -> None:
        # What is passed over stays a hole in the file, which takes no room on the disk.
        self._file.seek(HEADER_SIZE + page.number * self._page_size + offset)


def write_mindrecord(path: Path, rows: Iterable[tuple[list[int], list[int]]]) -> int:
    """Write rows of token ids and labels to `path` and its index.

    Args:
        path: the file to make.
        rows: (input_ids, labels), lists of equally many int32 numbers.

    Returns:
        The number of rows.

    Raises:
        InputError: there is no row, or the file cannot be written.
    """
    iterator = iter(rows)
    with MindRecordWriter(path, ("input_ids", "labels"), "prompt and answer tokens") as writer:
        while batch := list(islice(iterator, _ROWS_A_BLOCK)):
            ids, labels = (np.array(column, dtype=np.int32) for column in zip(*batch, strict=True))
            writer.write({"input_ids": ids, "labels": labels})
    return writer.rows


def _open_alone(path: Path, partial: Path) -> BufferedRandom:
    """Open the partial file of `path`; InputError where another process has it."""
    try:
        make_folder(path.parent)
        # It is not emptied before it is known that nobody else writes it.
        file = open_lock(partial)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(f"{path}: another process is writing it; wait until it has finished") from error
    except OSError as error:
        raise _refusal(path, error) from error
    return file


def _refusal(path: Path, error: OSError | sqlite3.Error) -> InputError:
    reason = refusal(error) if isinstance(error, OSError) else error
    return InputError(f"{path}: cannot be written ({reason})")


def _sync(path: Path) -> None:
    with path.open("rb") as written:
        os.fsync(written.fileno())
