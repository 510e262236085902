"""A corpus as slices that can be read one by one in any process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError
from core.registry import FORMATS
from core.tasks import need_task
from data_convert.readers.borders import Border, element_borders, line_borders
from data_convert.readers.containers import JSON_SUFFIXES, Container, Stored, list_files, opened, stored
from data_convert.readers.encodings import is_text_encoding
from data_convert.readers.formats import FileFormat, corpus_format, file_formats
from data_convert.readers.listing import CorpusFile, Listing, Part, size_of

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
        prefix: what goes before a number in its records' ids, "" where the corpus is one file.
        row_format: of a table's rows, as `format_name` of JSON values.
        encoding: of the file, None for UTF-8; a file in another one is one slice.
        fields, free_task: see `values.value_reader`.
        file: the number of the file in the corpus, from 0.
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
    row_format: str | None = None
    encoding: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    free_task: str | None = None
    file: int = 0


def slices(
    path: Path | Sequence[Path | Part] | Listing,
    format_name: str | None = None,
    size: int = SLICE,
    task: str | None = None,
    *,
    fields: Mapping[str, str] | None = None,
    encoding: str | None = None,
    free_task: str | None = None,
) -> Iterator[Slice]:
    """Divide a corpus into slices, as they are found.

    JSON Lines are cut where lines end, JSON arrays between their elements; any other file is one slice.

    Args:
        path: a file, a folder (with its subfolders), a pattern, several of these, or what `list_files` found.
        format_name: one of `core.registry.FORMATS`; None: by what each file holds, for JSON record by record.
        size: bytes of a slice; it goes on to the end of the line or element that it would cut.
        task: the task of all records; None: by format and content.
        fields: role -> field, see `values.value_reader`.
        encoding: of files that are no UTF-8; None: told where it is certain.
        free_task: see `values.value_reader`.

    Raises:
        InputError: as `list_files` and `stored`; format or task is unknown, or does not fit what is there.
    """
    check_request(format_name, task, encoding)
    whole = Slice(Path(), 0, 0, 1, 0, "file", None, task, free_task=free_task, fields=tuple((fields or {}).items()))
    return _of_files(list_files(path, format_name, fields), whole, size, format_name, encoding)


def check_request(format_name: str | None, task: str | None, encoding: str | None) -> None:
    """Refuse a format, a task or an encoding that there is not (InputError)."""
    if format_name is not None:
        FORMATS.checked(format_name)
    if task is not None:
        need_task(task)
    if encoding is not None and not is_text_encoding(encoding):
        raise InputError(f"encoding {encoding!r} is none that Python knows; utf-8, gbk, gb18030, big5 and utf-16 are")


def _of_files(
    listing: Listing, whole: Slice, size: int, format_name: str | None, encoding: str | None
) -> Iterator[Slice]:
    for number, file in enumerate(listing.files):
        how = stored(file.path, format_name, dict(whole.fields), encoding)
        part = replace(whole, path=file.path, prefix=file.prefix, file=number, **vars(_in_its_place(file, how)))
        _check_task(part)
        yield from _of_file(part, size)


def _in_its_place(file: CorpusFile, how: Stored) -> Stored:
    """Return how a file of a folder is stored where nothing recognises it: its ending then says what reads it."""
    if not file.found or how.container == "file" or file.path.suffix.lower() in JSON_SUFFIXES:
        return how
    formats = [name for name, one in file_formats().items() if file.path.suffix.lower() in one.suffixes]
    return replace(how, container="file", format_name=formats[-1]) if formats else how


def _check_task(part: Slice) -> None:
    """Refuse a task that no record of a file can be of."""
    named = corpus_format(part.format_name) if part.format_name and part.container == "file" else None
    if isinstance(named, FileFormat) and named.tasks and part.task not in (None, *named.tasks):
        known = " or ".join(map(repr, named.tasks))
        raise InputError(
            f"{part.path}: format {part.format_name!r} has records of task {known} only, not {part.task!r}"
        )


def _of_file(whole: Slice, size: int) -> Iterator[Slice]:
    end = size_of(whole.path)
    if end <= size or whole.container not in _BORDERS or whole.encoding is not None:
        yield replace(whole, end=end)
        return
    with opened(whole.path) as stream:
        for border, after in pairwise(_BORDERS[whole.container](stream, size)):
            yield replace(whole, start=border.at, end=after.at, line=border.line, number=border.number)
