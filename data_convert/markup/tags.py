"""Files of tags: a character and its tag on each line, a blank line behind each text.

The character is the line's first, whatever it is; a tab (or a blank) and the tag follow. All lines of a text, and the
blank one, have the text's own line end; a last text without a blank line has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from core.errors import InputError
from core.text.markup import Marked, split_lines
from core.text.tags import TagError, spans_of, tags_of


def writer(scheme: str) -> Callable[[Sequence[Marked], Sequence[str]], str]:
    """Return what writes lines as a file of tags."""

    def write(lines: Sequence[Marked], types: Sequence[str]) -> str:
        parts: list[str] = []
        end = "\n"
        for number, line in enumerate(lines, start=1):
            _refuse_breaks(line, number)
            end = line.end or end
            parts += [f"{char}\t{tag}{end}" for char, tag in zip(line.text, tags_of(line, scheme), strict=True)]
            parts.append(line.end)
        return "".join(parts)

    return write


def _refuse_breaks(line: Marked, number: int) -> None:
    for at, char in enumerate(line.text):
        if char in "\r\n":
            raise InputError(f"line {number}: column {at + 1}: {char!r} cannot stand in a line; take it out")


def reader(scheme: str) -> Callable[[str, str, Sequence[str]], list[Marked]]:
    """Return what reads a file of tags."""

    def read(text: str, where: str, types: Sequence[str]) -> list[Marked]:
        return [_line(rows, end, scheme, where, types) for rows, end in _texts(text)]

    return read


def _texts(text: str) -> Iterator[tuple[list[tuple[int, str]], str]]:
    """Yield the lines of each text with their numbers, and its line end."""
    rows: list[tuple[int, str]] = []
    for number, (line, end) in enumerate(split_lines(text), start=1):
        if line:
            rows.append((number, line))
        else:
            yield rows, end
            rows = []
    if rows:
        yield rows, ""


def _line(rows: Sequence[tuple[int, str]], end: str, scheme: str, where: str, types: Sequence[str]) -> Marked:
    for number, row in rows:
        if len(row) < 3 or row[1] not in "\t ":
            raise InputError(f"{where}:{number}: column 1: {row!r} is no character, a tab and a tag")
    try:
        spans = spans_of([row[2:] for _, row in rows], scheme, types)
    except TagError as error:
        raise InputError(f"{where}:{rows[error.at][0]}: column 3: {error}") from None
    return Marked("".join(row[0] for _, row in rows), tuple(spans), end)
