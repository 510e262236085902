"""The records of a corpus, slice by slice or all of them in order."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError
from core.progress import say
from core.text.records import Record
from data_convert.readers.bad import BadRecord, Fault, OnBad, bad_record, refuse
from data_convert.readers.containers import list_files, opened
from data_convert.readers.formats import file_formats
from data_convert.readers.json_stream import JsonStream
from data_convert.readers.json_text import BLANK, LONGEST, decode_line
from data_convert.readers.listing import Listing, Part, left_out_line
from data_convert.readers.slices import Slice, check_request, slices
from data_convert.readers.tables import TableFormat
from data_convert.readers.values import ReadValue, value_reader

_CHUNK = 1 << 20
_BOM = b"\xef\xbb\xbf"
_BLANKS = (b" ", b"\t")


def read_corpus(
    path: Path | Sequence[Path | Part] | Listing,
    on_bad: OnBad = refuse,
    format_name: str | None = None,
    task: str | None = None,
    *,
    fields: Mapping[str, str] | None = None,
    encoding: str | None = None,
    free_task: str | None = None,
) -> Iterator[Record]:
    """Yield the records of a corpus of any format the kit knows, in bounded memory.

    The id of a record is its place in the file as text, from 0: the line's number less one, the index in an array, the
    number of a table's row; where the corpus is a folder or several files, the file's path without its ending goes
    before it. SQuAD's questions and the kit's own records carry theirs. What of a folder is not read is said.

    Args:
        path: a file, a folder, a pattern, several of these, or what `list_files` found.
        on_bad: takes each record that cannot be read.
        format_name: one of `core.registry.FORMATS`; None: by what the file holds, for JSON record by record.
        task: the task of all records; None: by format and content.
        fields: role -> field, see `values.value_reader`.
        encoding: of files that are no UTF-8; None: told where it is certain.
        free_task: see `values.value_reader`.

    Raises:
        InputError: the file is missing, or holds no record, or is not of the format named; JSON is malformed so that
            what follows cannot be told apart (in an array or a SQuAD file); or `on_bad` raises.
    """
    check_request(format_name, task, encoding)
    listing = list_files(path, format_name, fields)
    if listing.left_out:
        say(left_out_line(listing.left_out))
    empty = True
    how = {"fields": fields, "encoding": encoding, "free_task": free_task}
    for part in slices(listing, format_name, sys.maxsize, task, **how):  # type: ignore[arg-type]
        for record in read_slice(part, on_bad):
            empty = False
            yield record
    if empty:
        raise InputError(f"{path if isinstance(path, Path) else listing.name}: no record in it")


def read_slice(part: Slice, on_bad: OnBad = refuse) -> Iterator[Record]:
    """Yield the records of one slice: those that `read_corpus` yields of it, with the same ids.

    Raises:
        InputError: as `read_corpus`; a slice without a record is no error.
    """
    report = on_bad if part.encoding is None else _in_encoding(part.encoding, on_bad)
    with opened(part.path, part.encoding) as stream:
        yield from _READERS[part.container](stream, part, report)


def _in_encoding(encoding: str, on_bad: OnBad) -> OnBad:
    """Say which encoding it is that a file's bytes are not of: it is read as UTF-8, and so its faults are named."""

    def report(bad: BadRecord) -> None:
        reason = f"not {encoding} text" if bad.reason.startswith("not UTF-8 text") else bad.reason
        on_bad(bad._replace(reason=reason))

    return report


def _lines(stream: BinaryIO, part: Slice, on_bad: OnBad) -> Iterator[Record]:
    stream.seek(part.start)
    read_value = _value_reader(part, part.format_name)
    at, number, file = part.start, part.number, str(part.path)
    while at < _end(part) and (raw := stream.readline(LONGEST + 1)):
        at += len(raw)
        if len(raw) > LONGEST and not raw.endswith(b"\n"):
            at += _rest_of_line(stream)
        # Files that were put behind each other bring a mark each.
        while raw.startswith(_BOM) or raw[:1] in _BLANKS and raw.lstrip().startswith(_BOM):
            raw = raw.lstrip().removeprefix(_BOM)
        where = f"{file}:{number + 1}"
        try:
            value = decode_line(raw)
            if value is not BLANK:
                yield read_value(value, f"{part.prefix}{number}", where)
        except Fault as fault:
            on_bad(bad_record(where, str(fault), raw))
        number += 1


def _value_reader(part: Slice, format_name: str | None) -> ReadValue:
    return value_reader(format_name, part.task, dict(part.fields), part.free_task)


def _end(part: Slice) -> int:
    """Return up to where a slice is read: a file in another encoding, whose bytes are others as UTF-8, to its end."""
    return part.end if part.encoding is None else sys.maxsize


def _rest_of_line(stream: BinaryIO) -> int:
    """Pass over what is left of a line; return its bytes."""
    passed = 0
    while piece := stream.readline(_CHUNK):
        passed += len(piece)
        if piece.endswith(b"\n"):
            break
    return passed


def _array(stream: BinaryIO, part: Slice, on_bad: OnBad) -> Iterator[Record]:
    ends = part.encoding is not None or part.end == stream.seek(0, SEEK_END)
    stream.seek(part.start)
    read_value = _value_reader(part, part.format_name)
    text = JsonStream(stream, part.path, part.line, _end(part) - part.start)
    for number, element in enumerate(text.elements(part.start == 0, ends), part.number):
        # Several elements may stand on one line, and all of them on the first.
        where = f"{part.path}:{element.line} (record {number})"
        try:
            if element.fault:
                raise Fault(element.fault)
            yield read_value(element.value, f"{part.prefix}{number}", where)
        except Fault as fault:
            on_bad(bad_record(where, str(fault), element.text))
    text.end()


def _file(stream: BinaryIO, part: Slice, on_bad: OnBad) -> Iterator[Record]:
    assert part.format_name is not None
    reader = file_formats()[part.format_name]
    if isinstance(reader, TableFormat):
        return reader.records_by(_value_reader(part, part.row_format), stream, part.path, part.prefix, on_bad)
    return reader.records(stream, part.path, part.prefix, part.task, on_bad)


_READERS = {"lines": _lines, "array": _array, "file": _file}
