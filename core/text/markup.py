r"""Texts with marked spans, `{text|TYPE}`: read, written, and every fault of a line found; to the character.

A line is what stands between line ends, and keeps its own: "\r\n", "\n", "\r", or "" where a file ends without one.
Nothing is normalised: a byte order mark, private-use characters and blanks are characters like all others.

    "{丞相|OFI}{伯顏|PER}命以\r\n"  ->  Marked("丞相伯顏命以", (Span(0, 2, "OFI"), Span(2, 4, "PER")), "\r\n")

Outside marks everything but `{` is text, `|` and `}` too, as for GuNER's scorer. Inside a mark none of the three can
stand. What is read without a fault is written with the same bytes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from core.errors import InputError
from core.files import read_at_most, refuse_pointer, replacing
from core.tasks.ner import TYPES

_LARGEST = 64 << 20
_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|\Z)")
_AROUND = 10  # characters shown before and behind the place of a fault


class Span(NamedTuple):
    """A marked part of a text: characters start to end (exclusive), and its type."""

    start: int
    end: int
    type: str


@dataclass(frozen=True)
class Marked:
    """A line: its text without marks, its spans in their order, and its line end."""

    text: str
    spans: tuple[Span, ...] = ()
    end: str = "\n"


@dataclass(frozen=True)
class Fault:
    """What is wrong at one place of a line.

    Attributes:
        column: of the character, from 1, in the line as it stands.
        kind: "unclosed", "nested", "no type", "unknown type", "second |" or "empty".
        said: what is wrong, in a clause.
        excerpt: the line around the place.
        repair: what could stand there instead, or what to do.
        line: number of the line, from 1; 0 where the line is alone.
    """

    column: int
    kind: str
    said: str
    excerpt: str
    repair: str
    line: int = 0

    def __str__(self) -> str:
        return f"column {self.column}: {self.said}, at {self.excerpt!r}; {self.repair}"


def excerpt(line: str, at: int) -> str:
    """Return the characters around a place of a line."""
    start, end = max(0, at - _AROUND), at + _AROUND
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")


def faults(line: str, types: Sequence[str] = TYPES) -> list[Fault]:
    """Return all that is wrong with the marks of a line (without its end), in order."""
    return [found for found in scanned(line, types) if isinstance(found, Fault)]


def parse(line: str, types: Sequence[str] = TYPES, end: str = "\n") -> Marked:
    """Read a line (without its end).

    Raises:
        InputError: its first fault, with the column.
    """
    text: list[str] = []
    spans: list[Span] = []
    length = 0
    for found in scanned(line, types):
        if isinstance(found, Fault):
            raise InputError(str(found))
        if found.type:
            spans.append(Span(length, length + len(found.text), found.type))
        text.append(found.text)
        length += len(found.text)
    return Marked("".join(text), tuple(spans), end)


class Piece(NamedTuple):
    """Part of a line, plain text (type "") or what a mark holds; `at` is its first character's place in the line."""

    text: str
    at: int
    type: str = ""


def scanned(line: str, types: Sequence[str]) -> Iterator[Piece | Fault]:
    """Yield the pieces of a line and, in their places, its faults; after a fault the scan goes on as best it can."""
    at = 0
    while at < len(line):
        opened = line.find("{", at)
        if opened != at:
            yield Piece(line[at : opened if opened >= 0 else len(line)], at)
            if opened < 0:
                return
        at = opened + 1
        closed, nested = line.find("}", at), line.find("{", at)
        if closed < 0 or 0 <= nested < closed:
            yield _not_closed(line, opened, nested, closed, types)
            continue
        yield _inside(line, opened, closed, types)
        at = closed + 1


def _not_closed(line: str, opened: int, nested: int, closed: int, types: Sequence[str]) -> Fault:
    """Say what is wrong with a `{` that another `{`, or the line's end, comes behind before a `}`."""
    stop = nested if nested >= 0 else len(line)
    inner, pipe, rest = line[opened + 1 : stop].partition("|")
    kind = max((one for one in types if pipe and rest.startswith(one)), key=len, default="")
    if inner and kind:
        return _fault(line, opened, "unclosed", "'{' has no '}'", f"write {{{inner}|{kind}}}")
    if closed < 0:
        return _fault(line, opened, "unclosed", "'{' has no '}'", "write '}' behind the type, or leave out the '{'")
    within = line[nested : closed + 1]
    said = f"keep {within} and leave out the outer mark, or the other way round"
    return _fault(line, opened, "nested", "a mark begins within this one", said)


def _inside(line: str, opened: int, closed: int, types: Sequence[str]) -> Piece | Fault:
    """Read what stands between `{` and its `}`."""
    text, pipe, kind = line[opened + 1 : closed].partition("|")
    if not pipe:
        repair = f"write {{{text}|{types[0]}}} or another of {', '.join(types)}, or {text!r} alone"
        return _fault(line, opened, "no type", "a mark without '|TYPE'", repair)
    if "|" in kind:
        return _fault(line, opened, "second |", "a mark with two '|'", _retyped(text, kind.partition("|")[0], types))
    if kind not in types:
        return _fault(line, opened, "unknown type", f"type {kind!r} is unknown", _retyped(text, kind, types))
    if not text:
        return _fault(line, opened, "empty", "a mark around nothing", "leave it out")
    return Piece(text, opened + 1, kind)


def _retyped(text: str, kind: str, types: Sequence[str]) -> str:
    named = kind.strip().upper()
    near = difflib.get_close_matches(named, types, n=1)
    return f"write {{{text}|{near[0]}}}" if near and text else f"the types are {', '.join(types)}"


def _fault(line: str, at: int, kind: str, said: str, repair: str) -> Fault:
    return Fault(at + 1, kind, said, excerpt(line, at), repair)


def written(marked: Marked, types: Sequence[str] = TYPES) -> str:
    """Return a line with its marks and its end.

    Raises:
        InputError: what no line of this form can say (a `{` in the text, `|` or `}` in a span, spans that overlap, are
            empty, out of order or of unknown type); names the column in the text.
    """
    parts: list[str] = []
    at = 0
    for start, end, kind in (*marked.spans, Span(len(marked.text), len(marked.text), "")):
        if not at <= start <= end <= len(marked.text) or (kind and start == end):
            why = "is empty or lies outside the text" if start >= end or end > len(marked.text) else "overlaps"
            raise InputError(f"column {start + 1}: the span {start} to {end} {why}; spans follow each other")
        if kind and kind not in types:
            raise InputError(f"column {start + 1}: type {kind!r} is none of {', '.join(types)}")
        _refuse(marked.text, at, start, "{", "the text")
        _refuse(marked.text, start, end, "{|}", "a span")
        parts += [marked.text[at:start], f"{{{marked.text[start:end]}|{kind}}}" if kind else ""]
        at = end
    _refuse(marked.text, 0, len(marked.text), "\r\n", "a line")
    return "".join(parts) + marked.end


def _refuse(text: str, start: int, end: int, signs: str, where: str) -> None:
    for at in range(start, end):
        if text[at] in signs:
            raise InputError(
                f"column {at + 1}: {text[at]!r} cannot stand in {where}, at {excerpt(text, at)!r}; take it out"
            )


def split_lines(text: str) -> Iterator[tuple[str, str]]:
    r"""Yield (line, line end) of a text; lines end at \r\n, \n and \r, and at nothing else, as in a file of text."""
    for match in _LINE.finditer(text):
        if match[0]:
            yield match[1], match[2]


def decoded(raw: bytes, where: str) -> str:
    """Return UTF-8 bytes as text, a byte order mark kept; InputError with line and column where they are none."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        lines = [line for line, _ in split_lines(before)] or [""]
        ended = before.endswith(("\n", "\r"))
        line, column = (len(lines) + 1, 1) if ended else (len(lines), len(lines[-1]) + 1)
        raise InputError(f"{where}:{line}: column {column}: byte 0x{raw[error.start]:02x} is no UTF-8 text") from error


def read_whole(path: Path) -> str:
    """Return a file's text with its line ends and its byte order mark; InputError as `decoded`, or it is too large."""
    try:
        with path.open("rb") as stream:
            raw = read_at_most(stream, _LARGEST + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    refuse_pointer(path, raw)
    if len(raw) > _LARGEST:
        raise InputError(f"{path}: larger than {_LARGEST >> 20} MiB; give it in several files")
    return decoded(raw, str(path))


def parsed_text(text: str, where: str, types: Sequence[str] = TYPES) -> list[Marked]:
    """Read all lines of a text; InputError with line and column for the first fault."""
    lines = []
    for number, (line, end) in enumerate(split_lines(text), start=1):
        try:
            lines.append(parse(line, types, end))
        except InputError as error:
            raise InputError(f"{where}:{number}: {error}") from None
    return lines


def read_marked(path: Path, types: Sequence[str] = TYPES) -> list[Marked]:
    """Read a file of marked lines; InputError with line and column for the first fault."""
    return parsed_text(read_whole(path), str(path), types)


def bare_texts(path: Path) -> list[Marked]:
    """Read a text that is to be marked: one without marks, a line each; InputError, with the line, for one with `{`."""
    lines = []
    for number, (line, end) in enumerate(split_lines(read_whole(path)), start=1):
        if (at := line.find("{")) >= 0:
            raise InputError(
                f"{path}:{number}: column {at + 1}: a '{{' in the text that is to be marked; give it without marks"
            )
        lines.append(Marked(line, (), end))
    if not lines:
        raise InputError(f"{path}: holds no text to mark")
    return lines


def written_text(lines: Iterable[Marked], types: Sequence[str] = TYPES) -> str:
    """Return lines as the text of a file; InputError, with the line, as `written`."""
    parts = []
    for number, line in enumerate(lines, start=1):
        try:
            parts.append(written(line, types))
        except InputError as error:
            raise InputError(f"line {number}: {error}") from None
    return "".join(parts)


def write_whole(path: Path, text: str) -> None:
    """Write text with exactly its characters and line ends, atomically."""
    with replacing(path) as partial:
        partial.write_bytes(text.encode("utf-8"))
