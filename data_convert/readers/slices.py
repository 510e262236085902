"""A corpus as slices that can be read one by one in any process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError, did_you_mean
from core.records import TASKS, Form
from data_convert.readers.forms import CSV_FORMS, FORMS
from data_convert.readers.layout import Layout, csv_files, layout_of, opened

SLICE = 8 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Slice:
    """A part of a corpus that is read in one go; it can be sent to another process.

    Attributes:
        path: the file.
        start, end: its bytes.
        line: the number of its first line, from 1.
        layout: how the file is built.
        form, task: what the caller decided, see `slices`.
        prefix: what goes before a number in the ids of a folder's records.
    """

    path: Path
    start: int
    end: int
    line: int
    layout: Layout
    form: Form | None = None
    task: str | None = None
    prefix: str = ""


def slices(path: Path, form: Form | None = None, size: int = SLICE, task: str | None = None) -> list[Slice]:
    """Divide a corpus into slices.

    JSON Lines are cut where lines end; any other file is one slice, and a folder one for each of its CSV files.

    Args:
        path: a file, or a folder of CSV files (in subfolders, too).
        form: one of `FORMS`; None: by what the file holds, for JSON record by record.
        size: bytes of a slice; it goes on to the end of the line that it cuts.
        task: the task of all records; None: by form and content.

    Raises:
        InputError: the file or folder is missing, or the folder holds no CSV file; form or task is unknown, or does
            not fit what is there.
    """
    if form is not None and form not in FORMS:
        raise InputError(f"form {form!r} is none of {', '.join(FORMS)}{did_you_mean(form, FORMS)}")
    if task is not None and task not in TASKS:
        raise InputError(f"task {task!r} is none of {', '.join(TASKS)}{did_you_mean(task, TASKS)}")
    if not path.is_dir():
        return _of_file(Slice(path, 0, 0, 1, layout_of(path, form), form, task), size)
    if form is not None and form not in CSV_FORMS:
        raise InputError(f"{path}: a folder, and of form {form!r} only a file can be read")
    parts: list[Slice] = []
    for file in csv_files(path):
        # The folders belong to the id, for the same file name stands in several splits.
        prefix = file.relative_to(path).as_posix().removesuffix(".csv") + "/"
        parts += _of_file(Slice(file, 0, 0, 1, "csv", form, task, prefix), size)
    return parts


def _of_file(whole: Slice, size: int) -> list[Slice]:
    if whole.layout == "squad" and whole.task not in (None, "squad"):
        raise InputError(f"{whole.path}: a SQuAD file, whose records are of task 'squad', not {whole.task!r}")
    with opened(whole.path) as stream:
        one = [(0, 1), (stream.seek(0, SEEK_END), 0)]
        stream.seek(0)
        borders = _line_borders(stream, size) if whole.layout == "lines" else one
    return [
        replace(whole, start=start, end=end, line=line)
        for (start, line), (end, _) in zip(borders, borders[1:], strict=False)
    ]


def _line_borders(stream: BinaryIO, size: int) -> list[tuple[int, int]]:
    """Return (byte, number of the line that begins there) where slices begin, and the file's end as the last."""
    borders, at, line, due = [(0, 1)], 0, 1, size
    while chunk := stream.read(_CHUNK):
        begin = 0
        # A slice ends with the first line that ends at its size or after it.
        while (found := chunk.find(b"\n", max(begin, due - at - 1))) >= 0:
            line += chunk.count(b"\n", begin, found + 1)
            begin = found + 1
            borders.append((at + begin, line))
            due = at + begin + size
        line += chunk.count(b"\n", begin)
        at += len(chunk)
    if borders[-1][0] < at:
        borders.append((at, line))
    return borders
