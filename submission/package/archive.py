"""Reading a zip that somebody else may have made: names checked, sizes bounded, every byte hashed once."""

from __future__ import annotations

import hashlib
import re
import shutil
import stat
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from core.errors import InputError
from core.files import refuse_pointer
from core.progress import megabytes
from core.results import RESULTS, file_name
from core.terminal import visible
from core.untrusted import SETTINGS, Bounds, load_json, repeated
from core.zip_file import Zip, ZipFault, open_zip
from submission.package import layout
from submission.package.pictures import MOST_BYTES, MOST_PIXELS, MOST_PIXELS_IN_ALL, NoPicture, look_at, pixels_of
from submission.package.run_facts import CHECKPOINT_SUFFIXES
from submission.package.weights import tensor_sizes

_MOST_FILES = 10_000
# Bytes of what is looked into. A file beyond its bound, or beyond that of all together, is hashed and no more.
_MOST_JSON = 8 << 20
_MOST_OF = {
    layout.REPORT: 2 << 20,
    layout.MANIFEST: _MOST_JSON,
    layout.REPORT_DATA: _MOST_JSON,
    layout.RUN_CONFIG: SETTINGS.size,
    layout.FINETUNE_CONFIG: SETTINGS.size,
    layout.PAGE: 12 << 20,
    layout.WORD: 8 << 20,
    layout.PDF: 8 << 20,
}
_MOST_KEPT = 32 << 20
JSON = Bounds(_MOST_JSON, 60_000, depth=32)
_MOST_PICTURES = 200
_MOST_TENSORS = 200_000
_TENSORS_OF_DAMAGED = 100_000  # what a file counts for that turns out to be damaged, maybe after some seconds
_LOOKED_AT_NO_MORE = f"three damaged files before it, or more than {_MOST_TENSORS} tensors in all"
_ROOM = 1 << 30  # bytes that are left free on the disk where weights are looked into
_BOMB_BYTES = 1 << 30  # from this unpacked size on, a zip has to be at least 1/100 of it
_BOMB_RATIO = 100
_ENCRYPTED = 0x1
_TRAINING_LOGS = f"{layout.LOGS}train/"
# MindFormers itself says `Network Parameters: 3 M.`, which is no count.
_PARAMETERS = re.compile(rb"Network Parameters {0,8}: {0,8}(\d{1,18})\.(?!\d)")
_LONGEST_COUNT = 64
_MOST_COUNTS = 1000
_MOST_PROBLEMS = 1000
_LONGEST_PROBLEM = 500
_LONGEST_NAME = 200


class Problems(dict[str, None]):
    """What is wrong, one sentence each and each once; beyond a number of them it is only said that there are more."""

    def note(self, *sentences: str) -> None:
        """Add sentences."""
        self.note_all(sentences)

    def note_all(self, sentences: Iterable[str]) -> None:
        """Add sentences until there are enough; the rest are not even made."""
        if len(self) > _MOST_PROBLEMS:
            return
        for sentence in sentences:
            cut = sentence if len(sentence) <= _LONGEST_PROBLEM else f"{sentence[:_LONGEST_PROBLEM]}…"
            self[cut] = None
            if len(self) >= _MOST_PROBLEMS:
                self[f"more than {_MOST_PROBLEMS} problems: the others are not listed"] = None
                return


@dataclass
class Contents:
    """What a zip holds.

    Attributes:
        sizes: name -> bytes; sha256: name -> hash. Of every file that could be read.
        bodies: name -> bytes of the files that the checks look into (report, JSON, YAML).
        pictures: name -> what a picture says it was drawn from (None: nothing), of those that are whole.
        tensors: name of a checkpoint -> its tensors' names and sizes.
        parameters: how many parameters are trained, as the lines `Network Parameters: 3407872.` of training logs say.
        problems: what was wrong while reading.
        not_looked_at: what was hashed and not looked into, and why; each of it is a problem too.
    """

    sizes: dict[str, int] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    pictures: dict[str, str | None] = field(default_factory=dict)
    tensors: dict[str, dict[str, int]] = field(default_factory=dict)
    parameters: set[int] = field(default_factory=set)
    problems: Problems = field(default_factory=Problems)
    not_looked_at: Problems = field(default_factory=Problems)

    def pass_over(self, name: str, why: str) -> None:
        """Note that a file is not looked into."""
        sentence = f"{shown(name)}: not looked at: {why}"
        self.not_looked_at.note(sentence)
        self.problems.note(sentence)

    def json(self, name: str) -> Any:
        """Return a JSON file's value; None with a problem noted where it is missing or malformed."""
        try:
            return self.value(name)
        except InputError as error:
            self.problems.note(str(error))
        return None

    def value(self, name: str) -> Any:
        """Return a JSON file's value; InputError where it is missing or malformed."""
        try:
            return load_json(self.text(name), name, JSON, pairs=_once_each)
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


def read_archive(path: Path) -> Contents:
    """Read a zip from its first file to its last.

    Raises:
        InputError: the file is missing or is no zip (a truncated one is none: its directory stands at the end).
    """
    contents = Contents()
    with _opened(path) as archive:
        entries = [entry for entry in archive.members if not entry.is_dir()]
        contents.problems.note_all(_name_problems(archive.members))
        bomb = list(_size_problems(entries, path.stat().st_size))
        contents.problems.note_all(bomb)
        if bomb:
            contents.not_looked_at.note_all(bomb)
            return contents
        if hidden := archive.outside:
            contents.pass_over("the zip", f"{hidden} bytes of it belong to no file")
        total = sum(entry.file_size for entry in entries)
        reader = _Reader(archive, path.parent, contents)
        with megabytes("checking", total) as advance:
            for entry in entries:
                try:
                    reader.read(entry)
                except (ZipFault, OSError) as error:
                    contents.problems.note(f"{shown(entry.filename)}: cannot be read ({error})")
                advance(entry.file_size)
    return contents


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; ValueError where a key stands twice in it, of which everybody would read another one."""
    twice = repeated([key for key, _ in pairs])
    if twice is not None:
        raise ValueError(f"the key {shown(twice)!r} stands twice")
    return dict(pairs)


@contextmanager
def _opened(path: Path) -> Iterator[Zip]:
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    try:
        with path.open("rb") as stream, open_zip(stream) as archive:
            yield archive
    except ZipFault as error:
        refuse_pointer(path)
        raise InputError(f"{path}: not a zip file, or a truncated one ({error})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def shown(name: str) -> str:
    """Return a name from a zip so that it cannot disturb a terminal."""
    name = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
    return visible(name)


def _name_problems(entries: list[zipfile.ZipInfo]) -> Iterator[str]:
    """Names that would leave the folder a zip is unpacked into, or mean two things."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        parts = PurePosixPath(name).parts
        if name.startswith("/") or "\\" in name or "\0" in name or ".." in parts or name[1:2] == ":" or not parts:
            yield f"{shown(name)}: not a path inside the zip"
        mode = entry.external_attr >> 16
        if stat.S_ISLNK(mode):
            yield f"{shown(name)}: a symbolic link"
        elif stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            yield f"{shown(name)}: neither a file nor a folder"
        if entry.is_dir() and entry.file_size:
            yield f"{shown(name)}: a folder with a content of {entry.file_size} bytes"
        if entry.flag_bits & _ENCRYPTED:
            yield f"{shown(name)}: encrypted"
        same = _as_systems_read(name)
        if same in seen:
            yield f"{shown(name)}: appears twice in the zip"
        seen.add(same)


def _as_systems_read(name: str) -> str:
    """Return a name so that those are equal which some system takes for the same file.

    Of them case, accents apart from their letters, and blanks and dots at the end of a part count for nothing.
    """
    parts = (part.rstrip(" .") for part in unicodedata.normalize("NFKC", name).casefold().split("/"))
    return "/".join(part for part in parts if part)


def _size_problems(entries: list[zipfile.ZipInfo], packed: int) -> Iterator[str]:
    """Sizes that no honest zip states; nothing is unpacked then."""
    total = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_FILES:
        yield f"{len(entries)} files, more than {_MOST_FILES}: not unpacked"
    if sum(entry.compress_size for entry in entries) > packed:
        yield "the files overlap inside the zip: not unpacked"
    if total > _BOMB_BYTES and total > _BOMB_RATIO * packed:
        yield f"{total} bytes unpacked from {packed}: a zip bomb, not unpacked"


class _Reader:
    """Reads the members of a zip once each, and keeps of them what the checks need."""

    def __init__(self, archive: Zip, beside: Path, contents: Contents) -> None:
        self._archive, self._beside, self._contents = archive, beside, contents
        self._kept = self._pixels = self._pictures = self._tensors = 0

    def read(self, entry: zipfile.ZipInfo) -> None:
        """Read one file; ZipFault or OSError where that fails."""
        name = entry.filename
        if name.startswith(layout.CHECKPOINTS) and name.endswith(CHECKPOINT_SUFFIXES):
            self._weights(entry)
        elif name.startswith((layout.IMAGES, layout.SCREENSHOTS)):
            self._picture(entry)
        elif name.startswith(_TRAINING_LOGS) and name.endswith(".log"):
            self._log(entry)
        elif most := _most_of(name):
            self._body(entry, most)
        else:
            self._hash(entry, lambda piece: None)

    def _body(self, entry: zipfile.ZipInfo, most: int) -> None:
        if entry.file_size > most:
            self._hash(entry, lambda piece: None)
            self._contents.pass_over(entry.filename, f"{entry.file_size} bytes, at most {most} are read")
        elif self._kept + entry.file_size > _MOST_KEPT:
            self._hash(entry, lambda piece: None)
            self._contents.pass_over(entry.filename, f"more than {_MOST_KEPT} bytes of report and JSON in all")
        else:
            self._contents.bodies[entry.filename] = self._whole(entry)
            self._kept += entry.file_size

    def _log(self, entry: zipfile.ZipInfo) -> None:
        """Look for the lines of a training log that say how many parameters are trained; of it nothing else is kept."""
        found, tail = self._contents.parameters, b""

        def look(piece: bytes) -> None:
            nonlocal tail
            tail += piece
            if len(found) < _MOST_COUNTS:
                found.update(int(match[1]) for match in _PARAMETERS.finditer(tail))
            tail = tail[-_LONGEST_COUNT:]

        self._hash(entry, look)

    def _whole(self, entry: zipfile.ZipInfo) -> bytes:
        body = bytearray()
        self._hash(entry, body.extend)
        return bytes(body)

    def _picture(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename
        self._pictures += 1
        if entry.file_size > MOST_BYTES or self._pictures > _MOST_PICTURES:
            self._hash(entry, lambda piece: None)
            why = f"a picture of more than {MOST_BYTES} bytes, or one of more than {_MOST_PICTURES}"
            return self._contents.pass_over(name, why)
        body = self._whole(entry)
        try:
            width, height = pixels_of(body)
            pixels = width * height
            if pixels > MOST_PIXELS:
                return self._contents.pass_over(name, f"{width} x {height} pixels, too large")
            self._pixels += pixels
            if self._pixels > MOST_PIXELS_IN_ALL:
                return self._contents.pass_over(name, f"more than {MOST_PIXELS_IN_ALL} pixels of pictures in all")
            self._contents.pictures[name] = look_at(body).sources
        except NoPicture as error:
            self._contents.problems.note(f"{shown(name)}: no whole PNG ({shown(str(error))})")
        return None

    def _weights(self, entry: zipfile.ZipInfo) -> None:
        name = entry.filename
        with _folder(self._beside) as folder:
            if self._tensors > _MOST_TENSORS or shutil.disk_usage(folder).free < entry.file_size + _ROOM:
                self._hash(entry, lambda piece: None)
                why = f"{_LOOKED_AT_NO_MORE}, or no room on the disk for {entry.file_size} bytes"
                return self._contents.pass_over(name, why)
            copy = folder / f"weights{PurePosixPath(name).suffix}"
            with copy.open("wb") as out:
                self._hash(entry, out.write)
            try:
                found = tensor_sizes(copy)
                self._tensors += len(found)
                if self._tensors > _MOST_TENSORS:
                    return self._contents.pass_over(name, _LOOKED_AT_NO_MORE)
                self._contents.tensors[name] = found
            except InputError as error:
                self._tensors += _TENSORS_OF_DAMAGED
                self._contents.problems.note(f"{shown(name)}: {str(error).removeprefix(f'{copy}: ')}")
        return None

    def _hash(self, entry: zipfile.ZipInfo, write: Any) -> None:
        """Read a member to its end, which also compares its CRC, and note its size and hash."""
        digest, size = hashlib.sha256(), 0
        for piece in self._archive.pieces(entry):
            digest.update(piece)
            size += len(piece)
            write(piece)
        self._contents.sizes[entry.filename] = size
        self._contents.sha256[entry.filename] = digest.hexdigest()


def _most_of(name: str) -> int:
    """Return up to how many bytes a file is looked into; 0 for one that no check needs."""
    merged = name.startswith((layout.CHECKPOINTS, layout.ADAPTERS)) and name.endswith(".json")
    if merged or name in (layout.ENVIRONMENT, layout.AUDIT, *map(file_name, RESULTS)):
        return _MOST_JSON
    return _MOST_OF.get(name, 0)


@contextmanager
def _folder(beside: Path) -> Iterator[Path]:
    """Yield a temporary folder on the zip's own disk, which held the weights before; elsewhere if it is read-only."""
    try:
        folder = tempfile.TemporaryDirectory(dir=beside, prefix=".check-")
    except OSError:
        folder = tempfile.TemporaryDirectory(prefix="check-")
    with folder as name:
        yield Path(name)


def dig(value: Any, *names: str) -> Any:
    """Return a value inside nested objects, None where any of the names is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
