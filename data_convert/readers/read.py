"""The records of a corpus, slice by slice or all of them in order."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError
from core.text.records import Record
from data_convert.readers.bad import Fault, OnBad, bad_record, refuse
from data_convert.readers.containers import opened
from data_convert.readers.formats import file_formats
from data_convert.readers.json_stream import JsonStream
from data_convert.readers.json_text import BLANK, LONGEST, decode_line
from data_convert.readers.slices import Slice, slices
from data_convert.readers.values import value_reader

_CHUNK = 1 << 20
_BOM = b"\xef\xbb\xbf"


def read_corpus(
    path: Path, on_bad: OnBad = refuse, format_name: str | None = None, task: str | None = None
) -> Iterator[Record]:
    """Yield the records of a corpus of any format the kit knows, in bounded memory.

    The id of a record is its place in the file as text, from 0: the line's number less one, the index in an array, the
    number of a CSV file's row; in a folder, the file's path without .csv goes before it. SQuAD's questions and the
    kit's own records carry theirs.

    Args:
        path: a file, or a folder of CSV files.
        on_bad: takes each record that cannot be read.
        format_name: one of `core.registry.FORMATS`; None: by what the file holds, for JSON record by record.
        task: the task of all records; None: by format and content.

    Raises:
        InputError: the file is missing, or holds no record, or is not of the format named; JSON is malformed so that
            what follows cannot be told apart (in an array or a SQuAD file); or `on_bad` raises.
    """
    empty = True
    for part in slices(path, format_name, sys.maxsize, task):
        for record in read_slice(part, on_bad):
            empty = False
            yield record
    if empty:
        raise InputError(f"{path}: no record in it")


def read_slice(part: Slice, on_bad: OnBad = refuse) -> Iterator[Record]:
    """Yield the records of one slice: those that `read_corpus` yields of it, with the same ids.

    Raises:
        InputError: as `read_corpus`; a slice without a record is no error.
    """
    with opened(part.path) as stream:
        yield from _READERS[part.container](stream, part, on_bad)


def _lines(stream: BinaryIO, part: Slice, on_bad: OnBad) -> Iterator[Record]:
    stream.seek(part.start)
    read_value = value_reader(part.format_name, part.task)
    at, number, file = part.start, part.number, str(part.path)
    while at < part.end:
        raw = stream.readline(LONGEST + 1)
        at += len(raw)
        if len(raw) > LONGEST and not raw.endswith(b"\n"):
            at += _rest_of_line(stream)
        if number == 0:
            raw = raw.removeprefix(_BOM)
        where = f"{file}:{number + 1}"
        try:
            value = decode_line(raw)
            if value is not BLANK:
                yield read_value(value, str(number), where)
        except Fault as fault:
            on_bad(bad_record(where, str(fault), raw))
        number += 1


def _rest_of_line(stream: BinaryIO) -> int:
    """Pass over what is left of a line; return its bytes."""
    passed = 0
    while piece := stream.readline(_CHUNK):
        passed += len(piece)
        if piece.endswith(b"\n"):
            break
    return passed


def _array(stream: BinaryIO, part: Slice, on_bad: OnBad) -> Iterator[Record]:
    ends = part.end == stream.seek(0, SEEK_END)
    stream.seek(part.start)
    read_value = value_reader(part.format_name, part.task)
    text = JsonStream(stream, part.path, part.line, part.end - part.start)
    for number, element in enumerate(text.elements(part.start == 0, ends), part.number):
        # Several elements may stand on one line, and all of them on the first.
        where = f"{part.path}:{element.line} (record {number})"
        try:
            if element.fault:
                raise Fault(element.fault)
            yield read_value(element.value, str(number), where)
        except Fault as fault:
            on_bad(bad_record(where, str(fault), element.text))
    text.end()


def _file(stream: BinaryIO, part: Slice, on_bad: OnBad) -> Iterator[Record]:
    assert part.format_name is not None
    return file_formats()[part.format_name].records(stream, part.path, part.prefix, part.task, on_bad)


_READERS = {"lines": _lines, "array": _array, "file": _file}
