"""Files that are either whole or absent: atomic writing, deleting, hashing, JSON and JSON Lines.

What writes or deletes makes sure first that it stays in the run folder it is called for (`core/inside.py`). Text and
JSON are written without secrets, and JSON so that a terminal that shows it obeys nothing in it (`core/terminal.py`).
"""

from __future__ import annotations

import codecs
import glob
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from io import BufferedRandom
from pathlib import Path
from typing import IO, Any

from core.errors import InputError
from core.inside import inside, open_to_append
from core.secrets import blanked
from core.streams import ESCAPED
from core.terminal import visible, visible_json
from core.untrusted import JSON_FILE, JSON_LINE, load_json

_CHUNK = 1 << 20
_MOST_TEXT = 64 << 20
# What stands in a repository in the place of a large file: how it begins, whose it is, and what fetches the file.
_POINTERS = {
    b"version https://git-lfs.github.com/spec/": ("Git LFS", "git lfs pull"),
    b"version https://hawser.github.com/spec/": ("Git LFS", "git lfs pull"),
    b"/annex/objects/": ("git-annex", "git annex get ."),
}
_LONGEST_POINTER = 1024
_SIZE = re.compile(rb"^size (\d{1,18})\r?$", re.MULTILINE)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; on success it is renamed to `path`, on failure removed.

    The data reach the disk before the rename, so a reader never sees half a file under the final name.
    """
    make_folder(inside(path, follow=False).parent)
    _sweep(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    try:
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _sweep(path: Path) -> None:
    """Remove what writers of `path` left behind that were killed."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        number = leftover.name.split(".")[-2]
        if number.isdecimal() and not Path("/proc", number).exists():
            leftover.unlink(missing_ok=True)


def make_folder(path: Path, new: bool = False) -> None:
    """Make a folder and those above it; with `new` it must not be there yet (FileExistsError)."""
    inside(path).mkdir(parents=True, exist_ok=not new)


def fresh(path: Path) -> BufferedRandom:
    """Open a new file for writing and reading in the place of what is there, which is removed and not written to."""
    make_folder(inside(path, follow=False).parent)
    path.unlink(missing_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    return os.fdopen(os.open(path, flags, 0o666), "r+b")


def remove_file(path: Path) -> None:
    """Remove a file, or a link itself, if it is there."""
    inside(path, follow=False).unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it, if it is there; of a link, or what is no folder, that alone."""
    if inside(path, follow=False).is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def move(source: Path, target: Path) -> None:
    """Give a file or folder another name, in the place of a file that has it."""
    os.replace(inside(source, follow=False), inside(target, follow=False))


def write_link(path: Path, target: str) -> None:
    """Let the link at `path` point to `target`, from one moment to the next."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    partial.symlink_to(target)
    os.replace(partial, path)


def write_text(path: Path, text: str) -> None:
    r"""Write UTF-8 text atomically; what is not UTF-8 in it (a file's name) becomes \uXXXX, which JSON reads back."""
    with replacing(path) as partial:
        partial.write_text(blanked(text), encoding="utf-8", errors=ESCAPED, newline="\n")


def json_line(value: Any) -> str:
    """Return a value as one line of JSON, without the line break."""
    return visible_json(blanked(json.dumps(value, ensure_ascii=False, allow_nan=False)))


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented UTF-8 JSON, atomically; NaN and infinity are refused (ValueError)."""
    write_text(path, visible_json(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False)) + "\n")


def write_jsonl(path: Path, rows: Iterable[Any]) -> int:
    """Write one JSON value a line, atomically; return the number of lines."""
    count = 0
    with replacing(path) as partial, partial.open("w", encoding="utf-8", errors=ESCAPED, newline="\n") as out:
        for row in rows:
            out.write(visible_json(json.dumps(row, ensure_ascii=False, allow_nan=False)) + "\n")
            count += 1
    return count


def append_line(path: Path, line: str) -> None:
    """Append one line of UTF-8 text to a log, made where it is absent, with the time (UTC) before it."""
    make_folder(path.parent)
    stamp = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    with open_to_append(path) as out:
        out.write(f"{stamp} {visible(blanked(line))}\n".encode())


def append_jsonl(path: Path, row: Any) -> None:
    """Append one JSON value as a line; what a full disk left of an unfinished line before it is cut off."""
    with open_to_append(path) as out:
        cut_unfinished_line(out)
        out.write(json_line(row).encode("utf-8", ESCAPED) + b"\n")


def cut_unfinished_line(file: IO[bytes]) -> None:
    """Cut off what stands behind a file's last line break: a kill or a full disk left it."""
    end = file.seek(0, os.SEEK_END)
    if not end:
        return
    file.seek(end - 1)
    if file.read(1) != b"\n":
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)


def refuse_pointer(path: Path, start: bytes | None = None) -> None:
    """Refuse what a clone without Git LFS or git-annex has in the place of a large file.

    Whoever opens a file that a user names (corpus, checkpoint, tokenizer, configuration) calls this first, for what
    follows would find fault with the pointer's text instead.

    Args:
        path: the file.
        start: its first bytes, 1,024 or all of them, where they have been read already.

    Raises:
        InputError: it is such a pointer; or it is read here, and cannot be.
    """
    if start is None:
        try:
            with path.open("rb") as stream:
                start = stream.read(_LONGEST_POINTER)
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    begins = start[:_LONGEST_POINTER].removeprefix(codecs.BOM_UTF8)
    for begin, (whose, command) in _POINTERS.items():
        if begins.startswith(begin):
            size = _SIZE.search(begins)
            meant = f" of {int(size[1]):,} bytes" if size else ""
            raise InputError(
                f"{path}: a {whose} pointer, not the file{meant} itself; fetch that with `{command}` in its "
                "repository, or download it"
            )


def read_text(path: Path) -> str:
    """Read UTF-8 text (a byte-order mark is dropped).

    InputError where it is missing, too large, not UTF-8, or a pointer.
    """
    try:
        with path.open("rb") as stream:
            raw = read_at_most(stream, _MOST_TEXT + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    refuse_pointer(path, raw)
    if len(raw) > _MOST_TEXT:
        raise InputError(f"{path}: larger than {_MOST_TEXT >> 20} MiB; no such file of text is read whole")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})") from error


def read_at_most(stream: IO[bytes], most: int) -> bytes:
    """Read a file to its end, or so many bytes of it; memory is taken for what is there alone."""
    pieces = bytearray()
    while len(pieces) < most and (piece := stream.read(min(_CHUNK, most - len(pieces)))):
        pieces += piece
    return bytes(pieces)


def read_json(path: Path, any_number: bool = False) -> Any:
    """Read one JSON value; `any_number` and InputError as in `core.untrusted.load_json`. Names of files may be any."""
    return load_json(read_text(path), str(path), any_number=any_number, file_names=True)


def read_jsonl(
    path: Path, whole_lines: bool = False, any_number: bool = False, surrogates: bool = False
) -> Iterator[tuple[int, Any]]:
    """Yield (line number from 1, value) of a JSON Lines file; blank lines are passed over.

    Args:
        path: the file.
        whole_lines: pass over a last line without a line break: a full disk or a kill cut it off.
        any_number: as `core.untrusted.load_json` takes it.
        surrogates: likewise.

    Raises:
        InputError: the file is missing, a line is too long, not UTF-8 or not JSON; names file and line.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    with stream:
        refuse_pointer(path, stream.peek(_LONGEST_POINTER))
        for number, raw in enumerate(lines_of(stream, str(path)), start=1):
            if whole_lines and not raw.endswith(b"\n"):
                return
            try:
                # Files that were put behind each other bring a mark each.
                line = raw.decode("utf-8-sig").strip()
            except UnicodeDecodeError as error:
                raise InputError(f"{path}:{number}: not UTF-8 text") from error
            if line:
                where = f"{path}:{number}"
                yield (
                    number,
                    load_json(line, where, JSON_LINE, any_number=any_number, surrogates=surrogates, file_names=True),
                )


def lines_of(stream: IO[bytes], where: str) -> Iterator[bytes]:
    """Yield the lines of a file, none longer than a line of JSON may be; InputError (which names `where`) for one."""
    number = 0
    while raw := stream.readline(JSON_LINE.size + 1):
        number += 1
        if len(raw) > JSON_LINE.size:
            raise InputError(f"{where}:{number}: a line longer than {JSON_LINE.size >> 20} MiB")
        yield raw


def first_line_json(path: Path) -> Any:
    """Return the value of a file's first line where that line is by itself JSON, else None.

    It tells JSON Lines from a JSON document that spans lines. InputError where the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            refuse_pointer(path, stream.peek(_LONGEST_POINTER))
            raw = stream.readline(JSON_FILE.size + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        return load_json(raw.removeprefix(codecs.BOM_UTF8), str(path), JSON_FILE, surrogates=True)
    except InputError:
        return None


def sha256_text(text: str) -> str:
    """Return the sha256 of UTF-8 text, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_file(path: Path) -> str:
    """Return the sha256 of a file, in hexadecimal, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    return digest.hexdigest()


def existing_folder(path: Path) -> Path:
    """Return a folder, or the nearest one above it that exists: where it would be made."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.is_dir())
