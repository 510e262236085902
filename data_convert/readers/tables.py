"""Formats whose files are tables: rows with the names of their columns, each row an object of a `JsonFormat`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from core.text.records import Record
from data_convert.readers.bad import Fault, OnBad, bad_record
from data_convert.readers.formats import FileFormat
from data_convert.readers.values import ReadValue, value_reader


class TableRow(NamedTuple):
    """One row of a table.

    Attributes:
        value: its fields by the names of their columns.
        where: file and place in it.
        text: the row as it stands in the file.
        fault: why its fields cannot be read, else "".
    """

    value: Any
    where: str
    text: str
    fault: str = ""


class TableFormat(FileFormat):
    """A format of whole files that hold rows; what a row is, the formats of JSON objects say, or `data.fields`."""

    @abstractmethod
    def rows(self, stream: BinaryIO, path: Path) -> Iterator[TableRow]:
        """Yield the rows of a file, those that cannot be read too; InputError where it as a whole cannot be."""

    def records(self, stream: BinaryIO, path: Path, prefix: str, task: str | None, on_bad: OnBad) -> Iterator[Record]:
        """See `FileFormat`."""
        return self.records_by(value_reader(None, task), stream, path, prefix, on_bad)

    def records_by(self, read: ReadValue, stream: BinaryIO, path: Path, prefix: str, on_bad: OnBad) -> Iterator[Record]:
        """Yield the records of a file, as `FileFormat.records`, each row read by a function of `value_reader`."""
        for number, row in enumerate(self.rows(stream, path)):
            try:
                if row.fault:
                    raise Fault(row.fault)
                yield read(row.value, f"{prefix}{number}", row.where)
            except Fault as fault:
                on_bad(bad_record(row.where, str(fault), row.text))
