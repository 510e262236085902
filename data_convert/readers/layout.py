"""How a corpus file is built, told by its first bytes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal

from core.errors import InputError
from core.text.records import Form
from data_convert.readers.csv_form import csv_rows, looks_like_choices
from data_convert.readers.forms import CSV_FORMS
from data_convert.readers.squad_form import is_squad

Layout = Literal["lines", "array", "squad", "csv"]
_HEAD = 1 << 16
# What files begin with that are no UTF-8 text, and what is to be done with them.
_FOREIGN = {
    b"\xff\xfe": "UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as UTF-8",
    b"\x1f\x8b": "compressed by gzip; unpack it and give the file within",
    b"PK\x03\x04": "a zip archive; unpack it and give the file or folder within",
    b"\xfd7zXZ\0": "compressed by xz; unpack it and give the file within",
    b"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it and give the file within",
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


def layout_of(path: Path, form: Form | None) -> Layout:
    """Tell how a file is built.

    Args:
        path: the file.
        form: what the caller says it holds; JSON is then still an array or lines by its first character.

    Raises:
        InputError: the file cannot be read, or is UTF-16, compressed or Parquet.
    """
    with opened(path) as stream:
        head = stream.read(_HEAD)
        for begin, what in _FOREIGN.items():
            if head.startswith(begin):
                raise InputError(f"{path}: {what}")
        if form in CSV_FORMS:
            return "csv"
        if form == "squad":
            return "squad"
        mark = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if form is None:
            if _is_csv(head) or (path.suffix.lower() == ".csv" and mark not in (b"{", b"[")):
                return "csv"
            stream.seek(0)
            if mark == b"{" and is_squad(stream, path):
                return "squad"
    return "array" if mark == b"[" else "lines"


def _is_csv(head: bytes) -> bool:
    row = next(csv_rows(BytesIO(head)), None)
    return row is not None and looks_like_choices(row)


def corpus_bytes(path: Path) -> int:
    """Return the size of a corpus: of a file, or of the CSV files of a folder."""
    return sum(file.stat().st_size for file in (csv_files(path) if path.is_dir() else [path]))


def csv_files(folder: Path) -> list[Path]:
    """Return the CSV files of a folder and its subfolders, by name; hidden ones are left out.

    Raises:
        InputError: the folder cannot be read, or there is none.
    """
    try:
        found = [path for path in folder.rglob("*") if path.suffix.lower() == ".csv" and path.is_file()]
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error})") from error
    # What begins with a dot was left by an editor or an unpacker, and is no corpus.
    shown = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not shown:
        raise InputError(f"{folder}: no CSV file in this folder; give a corpus file, or a folder of CSV files")
    return sorted(shown)
