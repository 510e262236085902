"""Records in CSV files: a header row with the names of the fields (instruction,input,output), then a record a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, ClassVar

from core.errors import InputError
from core.text.records import Record
from data_convert.readers.csv_choices import HEADER_AGAIN, looks_like_choices
from data_convert.readers.csv_text import DELIMITERS, Row, csv_rows
from data_convert.readers.formats import HEAD, Example, FileHead
from data_convert.readers.tables import TableFormat, TableRow
from data_convert.readers.values import is_known


class CsvRows(TableFormat):
    """Cells parted by commas, semicolons, tabs or bars; an empty cell is a field that is not there."""

    order = 15
    suffixes = (".csv", ".tsv")
    example: ClassVar[Example] = Example(
        "pairs.csv",
        'instruction,input,output\nName a bird.,,"A ""wren"", or so."\nTranslate.,红,red\n',
        (
            Record("0", "instruction", "Name a bird.", 'A "wren", or so.', "pairs.csv:2"),
            Record("1", "instruction", "Translate.\n红", "red", "pairs.csv:3"),
        ),
    )

    def recognises(self, head: FileHead) -> bool:
        """See `FileFormat`; multiple choice with a header row is of another format."""
        return head.first not in (b"{", b"[") and _delimiter_of(head.start, head.fields) is not None

    def rows(self, stream: BinaryIO, path: Path) -> Iterator[TableRow]:
        """See `TableFormat`."""
        start = stream.read(HEAD)
        stream.seek(0)
        rows = csv_rows(stream, _delimiter_of(start, {}) or _likeliest(start))
        header = next(rows, None)
        if header is None:
            return
        if header.fault:
            raise InputError(f"{path}:{header.first}: {header.fault} in the header row")
        names = _names(header)
        if twice := next((name for name in names if name and names.count(name) > 1), ""):
            raise InputError(f"{path}:{header.first}: duplicate column {twice!r} in the header row")
        for row in rows:
            yield _table_row(row, header, names, path)


def _table_row(row: Row, header: Row, names: list[str], path: Path) -> TableRow:
    where = f"{path}:{row.first}"
    fault = row.fault or (HEADER_AGAIN if row.cells == header.cells else "")
    if not fault and len(row.cells) != len(names):
        fault = f"{len(row.cells)} columns, expected {len(names)}"
    if fault:
        lines = f" (lines {row.first} to {row.last})" if row.last > row.first else ""
        return TableRow(None, where, row.text, fault + lines)
    value = {name: cell for name, cell in zip(names, row.cells, strict=True) if name and cell.strip()}
    return TableRow(value, where, row.text)


def _names(row: Row) -> list[str]:
    return [cell.strip() for cell in row.cells]


def _delimiter_of(start: bytes, fields: Mapping[str, str]) -> str | None:
    """Return what parts the cells of a first row that names the fields of some format; None where it is none."""
    for delimiter in DELIMITERS:
        row = next(csv_rows(BytesIO(start), delimiter), None)
        if row is None or row.fault or len(row.cells) < 2 or looks_like_choices(row):
            continue
        if is_known(dict.fromkeys(_names(row), "x"), fields):
            return delimiter
    return None


def _likeliest(start: bytes) -> str:
    """Return what parts the first row into most cells."""
    first = start.splitlines()[0] if start else b""
    return max(DELIMITERS, key=lambda delimiter: first.count(delimiter.encode()))


FORMAT = CsvRows()
