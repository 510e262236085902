"""How a corpus is stored: JSON Lines, a JSON array, or a file that one format reads as a whole; in which encoding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from core.errors import InputError
from core.files import refuse_pointer
from data_convert.readers.encodings import as_utf8, encoding_of
from data_convert.readers.formats import HEAD, FileFormat, FileHead, JsonFormat, corpus_format, file_formats
from data_convert.readers.json_stream import JsonStream
from data_convert.readers.listing import (
    HIDDEN,
    CorpusFile,
    LeftOut,
    Listing,
    Part,
    chosen,
    distinct,
    expanded,
    holds_corpus,
    named_parts,
    size_of,
    walk,
    with_prefixes,
)
from data_convert.readers.tables import TableFormat
from data_convert.readers.values import is_known

Container = Literal["lines", "array", "file"]
JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
# What files begin with that are no text, and what is to be done with them.
_FOREIGN = {
    b"\x1f\x8b": "compressed by gzip; unpack it and give the file inside",
    b"PK\x03\x04": "a zip archive; unpack it and give the file or folder inside",
    b"\xfd7zXZ\0": "compressed by xz; unpack it and give the file inside",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it and give the file inside",
    b"BZh9": "compressed by bzip2; unpack it and give the file inside",
    b"ARROW1": "an Arrow file; save the table as Parquet or JSON Lines",
    b"\xff\xff\xff\xff": "an Arrow stream, as datasets.save_to_disk writes it; save it with to_parquet or to_json",
}


@contextmanager
def opened(path: Path, encoding: str | None = None) -> Iterator[BinaryIO]:
    """Open a file to read its bytes, those of text in another encoding than UTF-8 as UTF-8.

    Raises:
        InputError: it cannot be opened or read.
    """
    try:
        with path.open("rb") as stream:
            yield as_utf8(stream, encoding)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


@dataclass(frozen=True)
class Stored:
    """How a file is stored.

    Attributes:
        container: "lines" or "array" of JSON, or "file": one format reads it as a whole.
        format_name: that format; of JSON the format of its values, None: each by the one that recognises it.
        row_format: of a table's rows, likewise.
        encoding: None for UTF-8 and for what is no text.
    """

    container: Container
    format_name: str | None
    row_format: str | None = None
    encoding: str | None = None


def stored(
    path: Path, format_name: str | None, fields: Mapping[str, str] | None = None, encoding: str | None = None
) -> Stored:
    """Tell how a file is stored and what reads it.

    Args:
        path: the file.
        format_name: what the caller says it holds; JSON is then still an array, lines or a table by what is there.
        fields: role -> field, see `values.value_reader`.
        encoding: of text that is no UTF-8, as the caller says; None: told where it is certain.

    Raises:
        InputError: the file cannot be read, is a pointer of Git LFS, or compressed and of no format that is so.
    """
    named = corpus_format(format_name) if format_name else None
    with opened(path) as stream:
        start = stream.read(HEAD)
        refuse_pointer(path, start)
        _refuse_foreign(path, start, file_formats().values() if named is None else [named])
        signed = any(one.signature and start.startswith(one.signature) for one in file_formats().values())
        stream.seek(0)
        found = None if signed else encoding_of(stream, encoding)
        text = as_utf8(stream, found)
        text.seek(0)
        head = FileHead(path, text.read(HEAD), text, fields or {})
        if isinstance(named, FileFormat):
            return Stored("file", format_name, encoding=found)
        formats = file_formats()
        if isinstance(named, JsonFormat):
            formats = {name: one for name, one in formats.items() if isinstance(one, TableFormat)}
        if reader := _recognised(head, formats):
            return Stored("file", reader, format_name, found)
    return Stored("array" if head.first == b"[" else "lines", format_name, encoding=found)


def container_of(path: Path, format_name: str | None) -> tuple[Container, str | None]:
    """Return container and format of a file; see `stored`."""
    found = stored(path, format_name)
    return found.container, found.format_name


def _recognised(head: FileHead, formats: Mapping[str, FileFormat]) -> str | None:
    return next((name for name, one in formats.items() if one.recognises(head)), None)


def _refuse_foreign(path: Path, start: bytes, formats: Iterable[object]) -> None:
    signatures = tuple(one.signature for one in formats if isinstance(one, FileFormat) and one.signature)
    for begin, what in _FOREIGN.items():
        if start.startswith(begin) and not start.startswith(signatures):
            raise InputError(f"{path}: {what}")


def folder_suffixes(folder: Path, format_name: str | None) -> tuple[str, ...]:
    """Return the endings of the files that a corpus in a folder consists of; InputError where the format has none."""
    named = corpus_format(format_name) if format_name else None
    if named is None or isinstance(named, JsonFormat):
        tables = [one for one in file_formats().values() if named is None or isinstance(one, TableFormat)]
        return tuple(sorted({*JSON_SUFFIXES, *(suffix for one in tables for suffix in one.suffixes)}))
    if not isinstance(named, FileFormat) or not named.suffixes:
        raise InputError(f"{folder}: is a folder; a corpus of format {format_name!r} is a single file")
    return named.suffixes


def list_files(
    path: Path | Sequence[Path | Part] | Listing,
    format_name: str | None = None,
    fields: Mapping[str, str] | None = None,
) -> Listing:
    """Find the files of a corpus.

    Args:
        path: a file, a folder, a pattern, or several of them; a listing is returned as it is.
        format_name: of all its files; None: each by what it holds.
        fields: role -> field, see `values.value_reader`.

    Raises:
        InputError: something cannot be read, a pattern finds nothing, a folder has no file of a corpus, a link leads
            nowhere, or a file is named twice with different weights.
    """
    if isinstance(path, Listing):
        return path
    files: list[CorpusFile] = []
    left_out: list[LeftOut] = []
    parts = list(expanded(named_parts(path)))
    for part in parts:
        if part.path.is_dir():
            found, others = _in_folder(part.path, format_name, fields)
            files += [CorpusFile(file, weight=part.weight, found=True) for file in found]
            left_out += others
        else:
            files.append(CorpusFile(part.path, weight=part.weight))
    files, twice = distinct(files)
    for file in files:
        size_of(file.path)  # one that is missing is missed here
    return Listing(tuple(with_prefixes(files, [part.path for part in parts])), (*left_out, *twice))


def _in_folder(
    folder: Path, format_name: str | None, fields: Mapping[str, str] | None
) -> tuple[list[Path], list[LeftOut]]:
    suffixes = folder_suffixes(folder, format_name)
    every, left_out = walk(folder)
    # What editors and version control keep hidden is no news, unless it could have been meant.
    left_out = [one for one in left_out if one.reason != HIDDEN or holds_corpus(one.path, suffixes)]
    for one in left_out:
        if one.path.suffix.lower() in suffixes and "nowhere" in one.reason:
            raise InputError(f"{one}; the file is missing")
    found, others = chosen(every, suffixes)
    kept = []
    for file in found:
        if reason := _no_corpus(file, fields):
            others.append(LeftOut(file, reason))
        else:
            kept.append(file)
    if not kept:
        kinds = [suffix.removeprefix(".").upper() for suffix in suffixes]
        others_too = "" if len(kinds) == 1 else f", nor one of {', '.join(kinds[1:])}"
        why = f" ({left_out[0]})" if left_out else ""
        raise InputError(
            f"{folder}: no {kinds[0]} file in this folder{others_too}{why}; give a corpus file, or a folder of them"
        )
    return kept, [*left_out, *others]


def _no_corpus(file: Path, fields: Mapping[str, str] | None) -> str:
    """Say why a JSON file that lies beside others is no corpus: a list of names, a description; "" where it may be."""
    if file.suffix.lower() not in JSON_SUFFIXES:
        return ""
    how = stored(file, None, fields)
    if how.container == "file":
        return ""
    with opened(file, how.encoding) as stream:
        text = JsonStream(stream, file)
        try:
            if how.container == "array":
                first = next(text.elements(), None)
                known = first is None or isinstance(first.value, dict)
                return "" if known else "a list, but not of objects: no corpus"
            value = text.element().value
            alone = not text.peek()
        except InputError:
            return ""  # what is wrong, its reader says
    if alone and isinstance(value, dict) and not is_known(value, fields):
        return "one JSON object that is no record: no corpus"
    return ""


def corpus_bytes(path: Path | Sequence[Path | Part] | Listing, format_name: str | None = None) -> int:
    """Return the size of all files of a corpus."""
    return list_files(path, format_name).bytes
