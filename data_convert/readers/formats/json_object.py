"""JSON files that are no array and no lines: one object that holds all records, or objects written over several lines.

- `{"data": [{…}, {…}]}`: the list of records under whatever name, also as the hub's server has it (`rows`, `row`);
- columns: `{"problem": {"0": …, "1": …}, "solution": {…}}` as pandas writes them, or with lists;
- pandas' `{"columns": […], "index": […], "data": [[…], …]}`, and records under their names;
- one record, or one after the other, indented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from core.errors import InputError
from core.text.records import Record
from data_convert.readers.formats import Example, FileHead
from data_convert.readers.json_stream import Element, JsonStream
from data_convert.readers.tables import TableFormat, TableRow
from data_convert.readers.values import is_known

Rows = list[tuple[str, Any]]  # a row's place in the object, and its fields


class JsonObject(TableFormat):
    """One object is in memory at a time: 64 MiB of text at most."""

    order = 45  # after SQuAD, whose files are one object too
    suffixes = (".json",)
    example: ClassVar[Example] = Example(
        "wrapped.json",
        '{"version": 1, "data": [\n {"instruction": "Name a fruit.", "input": "", "output": "A pear."},\n'
        ' {"problem": "计算 1 + 2 等于多少？", "solution": "1 + 2 = 3"}]}\n',
        (
            Record("0", "instruction", "Name a fruit.", "A pear.", "wrapped.json: data[0]"),
            Record("1", "math", "计算 1 + 2 等于多少？", "1 + 2 = 3", "wrapped.json: data[1]", {"type": "add"}),
        ),
    )

    def recognises(self, head: FileHead) -> bool:
        """See `FileFormat`; a record on a line by itself is one of JSON Lines."""
        if head.first != b"{":
            return False
        text = JsonStream(head.whole(), head.path)
        try:
            first = text.element()
            more = text.peek()
        except InputError:
            return False
        if type(first.value) is not dict:
            return False

        def known(row: Any) -> bool:
            return isinstance(row, dict) and is_known(row, head.fields)

        if not more and _is_plain_table(first.value, known):
            return True
        if known(first.value):
            return "\n" in first.text
        return not more and _rows(first.value, known) is not None

    def rows(self, stream: BinaryIO, path: Path) -> Iterator[TableRow]:
        """See `TableFormat`."""
        text = JsonStream(stream, path)
        if not text.peek():
            return
        first = text.element()
        found = None
        if isinstance(first.value, dict) and (_is_plain_table(first.value, _known) or not is_known(first.value)):
            found = _found(first.value, path)
        if found is not None:
            if first.fault:
                raise InputError(f"{path}: {first.fault}, somewhere in the object")
            text.end()
            yield from (TableRow(row, f"{path}: {place}", str(row)) for place, row in found)
            return
        yield _row(first, path)
        while text.peek():
            yield _row(text.element(), path)


def _row(element: Element, path: Path) -> TableRow:
    return TableRow(element.value, f"{path}:{element.line}", element.text, element.fault)


def _found(value: dict[str, Any], path: Path) -> Rows | None:
    """Return the rows in an object: those that a format knows, and else what looks like rows.

    Raises:
        InputError: it holds several lists of records.
    """
    lists = [name for name, found in value.items() if _is_list(found, _known)]
    if len(lists) > 1:
        raise InputError(
            f"{path}: holds several lists of records ({', '.join(lists)}); save each as a file and name those meant"
        )
    return _rows(value, _known) or _rows(value, lambda row: isinstance(row, dict))


def _is_plain_table(value: Mapping[str, Any], known: Callable[[Any], bool]) -> bool:
    """Tell whether an object holds columns of texts and numbers, which its names alone make look like a record."""
    for rows in _columns(value):
        first = rows[0][1] if rows else {}
        if rows and known(first) and not any(isinstance(cell, (dict, list)) for cell in first.values()):
            return True
    return False


def _known(row: Any) -> bool:
    return isinstance(row, dict) and is_known(row)


def _rows(value: Mapping[str, Any], known: Callable[[Any], bool]) -> Rows | None:
    """Return the rows of an object of one of the shapes above, or None: the first row decides."""
    for shape in (_split, _columns, _listed, _indexed):
        rows = shape(value)
        for found in rows:
            if found and known(found[0][1]):
                return found
    return None


def _is_list(value: Any, known: Callable[[Any], bool]) -> bool:
    return isinstance(value, list) and bool(value) and known(_inner(value[0]))


def _listed(value: Mapping[str, Any]) -> Iterator[Rows]:
    for name, found in value.items():
        if isinstance(found, list) and found and isinstance(found[0], dict):
            yield [(f"{name}[{number}]", _inner(row)) for number, row in enumerate(found)]


def _inner(row: Any) -> Any:
    """Return a row without what the hub's server puts around it."""
    return row["row"] if isinstance(row, dict) and isinstance(row.get("row"), dict) and "row_idx" in row else row


def _columns(value: Mapping[str, Any]) -> Iterator[Rows]:
    """Yield the rows of at least two columns: objects with the same keys, or lists of one length."""
    columns = list(value.values())
    if len(columns) > 1 and all(isinstance(column, dict) and column.keys() == columns[0].keys() for column in columns):
        yield [(f"[{key}]", {name: column[key] for name, column in value.items()}) for key in columns[0]]
    if len(columns) > 1 and all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
        yield [
            (f"[{number}]", {name: column[number] for name, column in value.items()})
            for number in range(len(columns[0]))
        ]


def _split(value: Mapping[str, Any]) -> Iterator[Rows]:
    names, data = value.get("columns"), value.get("data")
    if isinstance(names, list) and isinstance(data, list) and all(isinstance(row, list) for row in data):
        yield [
            (f"data[{number}]", dict(zip(map(str, names), row, strict=False)) if len(row) == len(names) else row)
            for number, row in enumerate(data)
        ]


def _indexed(value: Mapping[str, Any]) -> Iterator[Rows]:
    if value and all(isinstance(row, dict) for row in value.values()):
        yield [(f"[{name!r}]", row) for name, row in value.items()]


FORMAT = JsonObject()
