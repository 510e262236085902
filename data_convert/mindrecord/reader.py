"""Reading MindRecord files of int32 columns without MindSpore."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.files import refuse_pointer
from data_convert.mindrecord.header import BLOB, read_header
from data_convert.mindrecord.index import IndexReader
from data_convert.mindrecord.integers import LENGTH, unpack


class MindRecordReader:
    """The rows of one MindRecord file, the kit's or FileWriter's, by number and in order.

    One row is in memory at a time. Use as a context manager.
    """

    def __init__(self, path: Path) -> None:
        """Open a file and its index FILE.db.

        Raises:
            InputError: one of them is missing, damaged, cut off, of another file, or has other than int32 columns.
        """
        self._path = path
        refuse_pointer(path)
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
        try:
            self._header = read_header(self._file, path)
            if os.fstat(self._file.fileno()).st_size < self._header.end:
                raise InputError(f"{path}: truncated, or only partly copied; copy it again")
            self._index = IndexReader(path.with_name(f"{path.name}.db"), path.name, self._header.rows)
        except BaseException:
            self._file.close()
            raise
        self._used = {page.page_id: page.page_size for page in self._header.page if page.page_type == BLOB}

    def __enter__(self) -> MindRecordReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        self._index.close()

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._header.columns)

    def __len__(self) -> int:
        return self._header.rows

    def __iter__(self) -> Iterator[dict[str, NDArray[np.int32]]]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, row: int) -> dict[str, NDArray[np.int32]]:
        """Return the int32 array (width,) of each column of a row.

        Raises:
            IndexError: `row` is not in 0 ... len - 1.
            InputError: the row is damaged.
        """
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        try:
            return dict(zip(self.columns, unpack(self._stored(row), len(self.columns)), strict=True))
        except ValueError as error:
            raise InputError(f"{self._path}: row {row} is damaged ({error}); convert again") from error

    def _stored(self, row: int) -> bytes:
        """Return a row as it is stored; ValueError where it is not where the index says."""
        page, start, end = self._index.place(row)
        if not 0 <= start <= end - LENGTH <= self._used.get(page, 0) - LENGTH:
            raise ValueError("the index points to a place outside its page")
        at = self._header.header_size + page * self._header.page_size + start
        stored = os.pread(self._file.fileno(), end - start, at)
        if int.from_bytes(stored[:LENGTH], "little") != len(stored) - LENGTH:
            raise ValueError("its length is not that of the index")
        return stored[LENGTH:]
