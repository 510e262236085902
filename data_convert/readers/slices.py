"""A corpus as slices that can be read one by one in any process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError, did_you_mean
from core.text.records import TASKS, Form
from data_convert.readers.borders import Border, element_borders, line_borders
from data_convert.readers.forms import CSV_FORMS, FORMS
from data_convert.readers.layout import Layout, csv_files, layout_of, opened

SLICE = 8 << 20
_BORDERS: dict[Layout, Callable[[BinaryIO, int], Iterator[Border]]] = {"lines": line_borders, "array": element_borders}


@dataclass(frozen=True)
class Slice:
    """A part of a corpus that is read in one go; it can be sent to another process.

    Attributes:
        path: the file.
        start, end: its bytes.
        line: the number of its first line, from 1; number: of its first record, from 0.
        layout: how the file is built.
        form, task: what the caller decided, see `slices`.
        prefix: what goes before a number in the ids of a folder's records.
    """

    path: Path
    start: int
    end: int
    line: int
    number: int
    layout: Layout
    form: Form | None = None
    task: str | None = None
    prefix: str = ""


def slices(path: Path, form: Form | None = None, size: int = SLICE, task: str | None = None) -> Iterator[Slice]:
    """Divide a corpus into slices, as they are found.

    JSON Lines are cut where lines end, JSON arrays between their elements; any other file is one slice, and a folder
    has one for each of its CSV files.

    Args:
        path: a file, or a folder of CSV files (in subfolders, too).
        form: one of `FORMS`; None: by what the file holds, for JSON record by record.
        size: bytes of a slice; it goes on to the end of the line or element that it would cut.
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
        whole = Slice(path, 0, 0, 1, 0, layout_of(path, form), form, task)
        if whole.layout == "squad" and task not in (None, "squad"):
            raise InputError(f"{path}: a SQuAD file, whose records are of task 'squad', not {task!r}")
        return _of_file(whole, size)
    if form is not None and form not in CSV_FORMS:
        raise InputError(f"{path}: a folder, and of form {form!r} only a file can be read")
    # The folders belong to the id, for the same file name stands in several splits.
    names = ((file, file.relative_to(path).as_posix().removesuffix(".csv") + "/") for file in csv_files(path))
    return (Slice(file, 0, file.stat().st_size, 1, 0, "csv", form, task, prefix) for file, prefix in names)


def _of_file(whole: Slice, size: int) -> Iterator[Slice]:
    with opened(whole.path) as stream:
        end = stream.seek(0, SEEK_END)
        stream.seek(0)
        if end > size and whole.layout in _BORDERS:
            borders = _BORDERS[whole.layout](stream, size)
        else:
            borders = iter([Border(0, 1, 0), Border(end, 0, 0)])
        for border, after in pairwise(borders):
            yield replace(whole, start=border.at, end=after.at, line=border.line, number=border.number)
