"""Reading a zip that somebody else may have made: names checked, sizes bounded, every byte hashed once."""

from __future__ import annotations

import hashlib
import json
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import InputError
from core.files import json_fault
from core.progress import megabytes
from core.terminal import visible
from submission.package import layout
from submission.package.run_facts import CHECKPOINT_SUFFIXES
from submission.package.weights import tensor_sizes

_CHUNK = 1 << 20
_MOST_FILES = 100_000
_MOST_KEPT = 64 << 20  # bytes of one file that is looked into (report, results, pictures)
_BOMB_BYTES = 1 << 30  # from this unpacked size on, a zip has to be at least 1/100 of it
_BOMB_RATIO = 100
_ENCRYPTED = 0x1
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


@dataclass
class Contents:
    """What a zip holds.

    Attributes:
        sizes: name -> bytes; sha256: name -> hash. Of every file that could be read.
        bodies: name -> bytes of the files that the checks look into (report, JSON, YAML, pictures).
        tensors: name of a checkpoint -> its tensors' names and sizes.
        problems: what was wrong while reading.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    tensors: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def json(self, name: str) -> Any:
        """Return a JSON file's value; None with a problem noted where it is missing or malformed."""
        try:
            return self.value(name)
        except InputError as error:
            if str(error) not in self.problems:
                self.problems.append(str(error))
        return None

    def value(self, name: str) -> Any:
        """Return a JSON file's value; InputError where it is missing or malformed."""
        try:
            return json.loads(self.text(name), parse_constant=_refuse_constant)
        except (json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"{name}: {json_fault(error)}") from error
        except ValueError as error:
            raise InputError(f"{name}: {error}") from error

    def text(self, name: str) -> str:
        """Return a file's text; ValueError says what is wrong where there is none."""
        body = self.bodies.get(name)
        if body is None:
            raise ValueError("missing" if name not in self.sizes else "too large to be looked into")
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"not UTF-8 text (byte {error.start})") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def read_archive(path: Path) -> Contents:
    """Read a zip from its first file to its last.

    Raises:
        InputError: the file is missing or is no zip (a truncated one is none: its directory stands at the end).
    """
    contents = Contents()
    with _opened(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        contents.problems += list(_name_problems(archive.infolist()))
        bomb = list(_size_problems(entries, path.stat().st_size))
        contents.problems += bomb
        if bomb:
            return contents
        total = sum(entry.file_size for entry in entries)
        with megabytes("checking", total) as advance:
            for entry in entries:
                try:
                    _read(archive, entry, path.parent, contents)
                except _FAULTS as error:
                    contents.problems.append(
                        f"{shown(entry.filename)}: cannot be read ({error or type(error).__name__})"
                    )
                advance(entry.file_size)
    return contents


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    try:
        archive = zipfile.ZipFile(path)
    except _FAULTS as error:
        raise InputError(f"{path}: not a zip file, or a truncated one ({error})") from error
    with archive:
        yield archive


def shown(name: str) -> str:
    """Return a name from a zip so that it cannot disturb a terminal."""
    return visible(name)


def _name_problems(entries: list[zipfile.ZipInfo]) -> Iterator[str]:
    """Names that would leave the folder a zip is unpacked into, or mean two things."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        parts = PurePosixPath(name).parts
        if name.startswith("/") or "\\" in name or "\0" in name or ".." in parts or name[1:2] == ":" or not parts:
            yield f"{shown(name)}: not a path inside the zip"
        if stat.S_ISLNK(entry.external_attr >> 16):
            yield f"{shown(name)}: a symbolic link"
        if entry.flag_bits & _ENCRYPTED:
            yield f"{shown(name)}: encrypted"
        if name.casefold() in seen:
            yield f"{shown(name)}: appears twice in the zip"
        seen.add(name.casefold())


def _size_problems(entries: list[zipfile.ZipInfo], packed: int) -> Iterator[str]:
    """Sizes that no honest zip states; nothing is unpacked then."""
    total = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_FILES:
        yield f"{len(entries)} files, more than {_MOST_FILES}: not unpacked"
    if sum(entry.compress_size for entry in entries) > packed:
        yield "the files overlap inside the zip: not unpacked"
    if total > _BOMB_BYTES and total > _BOMB_RATIO * packed:
        yield f"{total} bytes unpacked from {packed}: a zip bomb, not unpacked"


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, beside: Path, contents: Contents) -> None:
    name = entry.filename
    if name.startswith(layout.CHECKPOINTS) and name.endswith(CHECKPOINT_SUFFIXES):
        with _folder(beside) as folder:
            copy = folder / f"weights{PurePosixPath(name).suffix}"
            with copy.open("wb") as out:
                _hash(archive, entry, contents, out.write)
            try:
                contents.tensors[name] = tensor_sizes(copy)
            except InputError as error:
                contents.problems.append(f"{shown(name)}: {str(error).removeprefix(f'{copy}: ')}")
        return
    body = bytearray()
    wanted = name == layout.AUDIT or not name.startswith((layout.CODE, layout.LOGS))
    keep = wanted and entry.file_size <= _MOST_KEPT
    _hash(archive, entry, contents, body.extend if keep else lambda piece: None)
    if keep:
        contents.bodies[name] = bytes(body)


@contextmanager
def _folder(beside: Path) -> Iterator[Path]:
    """Yield a temporary folder on the zip's own disk, which held the weights before; elsewhere if it is read-only."""
    try:
        folder = tempfile.TemporaryDirectory(dir=beside, prefix=".check-")
    except OSError:
        folder = tempfile.TemporaryDirectory(prefix="check-")
    with folder as name:
        yield Path(name)


def _hash(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, contents: Contents, write: Any) -> None:
    digest, size = hashlib.sha256(), 0
    # Reading to the end makes zipfile compare the CRC.
    with archive.open(entry) as source:
        while piece := source.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
            write(piece)
    contents.sizes[entry.filename] = size
    contents.sha256[entry.filename] = digest.hexdigest()


def dig(value: Any, *names: str) -> Any:
    """Return a value inside nested objects, None where any of the names is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
