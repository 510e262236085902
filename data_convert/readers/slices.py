"""A corpus as slices that can be read one by one in any process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from os import SEEK_END
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError
from core.registry import FORMATS
from core.tasks import need_task
from data_convert.readers.borders import Border, element_borders, line_borders
from data_convert.readers.containers import (
    Container,
    container_of,
    folder_files,
    folder_suffixes,
    format_in_folder,
    opened,
)
from data_convert.readers.formats import FileFormat, corpus_format

SLICE = 8 << 20
_BORDERS: dict[Container, Callable[[BinaryIO, int], Iterator[Border]]] = {
    "lines": line_borders,
    "array": element_borders,
}


@dataclass(frozen=True)
class Slice:
    """A part of a corpus that is read in one go; it can be sent to another process.

    Attributes:
        path: the file.
        start, end: its bytes.
        line: the number of its first line, from 1; number: of its first record, from 0.
        container: how the file is stored.
        format_name: the format that reads it; None: each JSON value is read by the format that recognises it.
        task: what the caller decided, see `slices`.
        prefix: what goes before a number in the ids of a folder's records.
    """

    path: Path
    start: int
    end: int
    line: int
    number: int
    container: Container
    format_name: str | None = None
    task: str | None = None
    prefix: str = ""


def slices(path: Path, format_name: str | None = None, size: int = SLICE, task: str | None = None) -> Iterator[Slice]:
    """Divide a corpus into slices, as they are found.

    JSON Lines are cut where lines end, JSON arrays between their elements; any other file is one slice, and a folder
    has one for each of its files.

    Args:
        path: a file, or a folder of CSV files (in subfolders, too).
        format_name: one of `core.registry.FORMATS`; None: by what the file holds, for JSON record by record.
        size: bytes of a slice; it goes on to the end of the line or element that it would cut.
        task: the task of all records; None: by format and content.

    Raises:
        InputError: the file or folder is missing, or the folder holds no CSV file; format or task is unknown, or does
            not fit what is there.
    """
    if format_name is not None:
        FORMATS.checked(format_name)
    if task is not None:
        need_task(task)
    if path.is_dir():
        return _of_folder(path, format_name, task, folder_suffixes(path, format_name))
    whole = Slice(path, 0, 0, 1, 0, *container_of(path, format_name), task)
    _check_task(whole)
    return _of_file(whole, size)


def _check_task(part: Slice) -> None:
    """Refuse a task that no record of a file can be of."""
    named = corpus_format(part.format_name) if part.format_name and part.container == "file" else None
    if isinstance(named, FileFormat) and named.tasks and part.task not in (None, *named.tasks):
        known = " or ".join(map(repr, named.tasks))
        raise InputError(
            f"{part.path}: format {part.format_name!r} has records of task {known} only, not {part.task!r}"
        )


def _of_folder(folder: Path, format_name: str | None, task: str | None, suffixes: tuple[str, ...]) -> Iterator[Slice]:
    for file in folder_files(folder, suffixes):
        # The folders belong to the id, for the same file name stands in several splits.
        prefix = file.relative_to(folder).as_posix().removesuffix(file.suffix) + "/"
        part = Slice(file, 0, file.stat().st_size, 1, 0, "file", format_name or format_in_folder(file), task, prefix)
        _check_task(part)
        yield part


def _of_file(whole: Slice, size: int) -> Iterator[Slice]:
    with opened(whole.path) as stream:
        end = stream.seek(0, SEEK_END)
        stream.seek(0)
        if end > size and whole.container in _BORDERS:
            borders = _BORDERS[whole.container](stream, size)
        else:
            borders = iter([Border(0, 1, 0), Border(end, 0, 0)])
        for border, after in pairwise(borders):
            yield replace(whole, start=border.at, end=after.at, line=border.line, number=border.number)
