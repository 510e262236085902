"""How a corpus is stored: JSON Lines, a JSON array, or a file that one format reads as a whole; files and folders."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from core.errors import InputError
from data_convert.readers.formats import FileFormat, FileHead, corpus_format, file_formats

Container = Literal["lines", "array", "file"]
_HEAD = 1 << 16
# What files begin with that are no UTF-8 text, and what is to be done with them.
_FOREIGN = {
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"\x1f\x8b": "compressed by gzip; unpack it and give the file inside",
    b"PK\x03\x04": "a zip archive; unpack it and give the file or folder inside",
    b"\xfd7zXZ\0": "compressed by xz; unpack it and give the file inside",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it and give the file inside",
    b"PAR1\x15": "Parquet; save it as JSON Lines",
}


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read its bytes; InputError where it cannot be opened or read."""
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def container_of(path: Path, format_name: str | None) -> tuple[Container, str | None]:
    """Tell how a file is stored and what reads it.

    Args:
        path: the file.
        format_name: what the caller says it holds; JSON is then still an array or lines by its first character.

    Returns:
        "file" and the name of the format that reads it; or "lines" or "array", and `format_name`: without one, each
        value is read by the format that recognises it.

    Raises:
        InputError: the file cannot be read, or is UTF-16, compressed or Parquet and of no format that is so.
    """
    named = corpus_format(format_name) if format_name else None
    with opened(path) as stream:
        head = FileHead(path, stream.read(_HEAD), stream)
        _refuse_foreign(head, file_formats().values() if named is None else [named])
        if isinstance(named, FileFormat):
            return "file", format_name
        if named is None and (found := _recognised(head, file_formats())):
            return "file", found
    return "array" if head.first == b"[" else "lines", format_name


def _recognised(head: FileHead, formats: dict[str, FileFormat]) -> str | None:
    return next((name for name, one in formats.items() if one.recognises(head)), None)


def _refuse_foreign(head: FileHead, formats: Iterable[object]) -> None:
    signatures = tuple(one.signature for one in formats if isinstance(one, FileFormat) and one.signature)
    for begin, what in _FOREIGN.items():
        if head.start.startswith(begin) and not head.start.startswith(signatures):
            raise InputError(f"{head.path}: {what}")


def folder_suffixes(folder: Path, format_name: str | None) -> tuple[str, ...]:
    """Return the endings of the files that a corpus in a folder consists of; InputError where the format has none."""
    if format_name is None:
        return tuple(sorted({suffix for one in file_formats().values() for suffix in one.suffixes}))
    named = corpus_format(format_name)
    if not isinstance(named, FileFormat) or not named.suffixes:
        raise InputError(f"{folder}: is a folder; a corpus of format {format_name!r} is a single file")
    return named.suffixes


def format_in_folder(file: Path) -> str:
    """Return the name of the format that reads a file of a folder; where none recognises it, the last to be asked."""
    formats = {name: one for name, one in file_formats().items() if file.suffix.lower() in one.suffixes}
    with opened(file) as stream:
        return _recognised(FileHead(file, stream.read(_HEAD), stream), formats) or list(formats)[-1]


def corpus_bytes(path: Path, format_name: str | None = None) -> int:
    """Return the size of a corpus: of a file, or of the files of a folder."""
    files = folder_files(path, folder_suffixes(path, format_name)) if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files)


def folder_files(folder: Path, suffixes: Collection[str]) -> list[Path]:
    """Return the files of a folder and its subfolders with one of the endings, by name; hidden ones are left out.

    Raises:
        InputError: the folder cannot be read, or there is none.
    """
    try:
        found = [path for path in folder.rglob("*") if path.suffix.lower() in suffixes and path.is_file()]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from error
    # What begins with a dot was left by an editor or an unpacker, and is no corpus.
    shown = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not shown:
        kinds = " or ".join(suffix.removeprefix(".").upper() for suffix in suffixes)
        raise InputError(f"{folder}: no {kinds} file in this folder; give a corpus file, or a folder of {kinds} files")
    return sorted(shown)
