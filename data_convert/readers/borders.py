"""Where a file of JSON Lines or a JSON array can be cut, found without reading its values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from os import SEEK_END
from typing import BinaryIO, NamedTuple

_CHUNK = 1 << 20
# Where an element is longer or nested deeper, the rest of its array stays in one slice: a regular expression that fails
# on so long a text has taken some 200 times its size of memory.
_LONGEST_ELEMENT = 1 << 18
_DEPTH = 4


class Border(NamedTuple):
    """A place between two records.

    Attributes:
        at: its byte; line: the number of the line it is on, from 1; number: of the record that follows, from 0.
    """

    at: int
    line: int
    number: int


def line_borders(stream: BinaryIO, size: int) -> Iterator[Border]:
    """Yield where slices of at least `size` bytes begin, at line ends; the end of the file is the last border."""
    end = stream.seek(0, SEEK_END)
    stream.seek(0)
    at, line, due = 0, 1, size
    yield Border(0, 1, 0)
    while chunk := stream.read(_CHUNK):
        begin = 0
        # A slice ends with the first line that ends at its size or after it.
        while (found := chunk.find(b"\n", max(begin, due - at - 1))) >= 0:
            line += chunk.count(b"\n", begin, found + 1)
            begin = found + 1
            if at + begin < end:
                yield Border(at + begin, line, line - 1)
            due = at + begin + size
        line += chunk.count(b"\n", begin)
        at += len(chunk)
    yield Border(at, line, line - 1)


def _element() -> re.Pattern[bytes]:
    """Make the pattern of an array's element and the comma after it: brackets that match, as JSON's own are.

    It takes more than JSON; but where it and JSON part, what it took to be a value is malformed, and stops the reader
    of that slice.
    """
    text, others = rb'"[^"\\]*(?:\\.[^"\\]*)*"', rb'[^\[\]{}"]*'
    value = text
    for _ in range(_DEPTH):
        value = rb"(?:" + text + rb"|[\[{]" + others + rb"(?:" + value + others + rb")*[\]}])"
    return re.compile(rb"[ \t\r\n]*" + value + rb"[ \t\r\n]*,", re.DOTALL)


_ELEMENT = _element()


def element_borders(stream: BinaryIO, size: int) -> Iterator[Border]:
    """Yield where slices of at least `size` bytes begin in an array, after commas; the file's end is the last."""
    text, due = stream.read(_LONGEST_ELEMENT), size
    yield Border(0, 1, 0)
    # Of the text in memory: its place in the file, where the next element begins, and up to where lines are counted.
    start, at, counted = 0, text.find(b"[") + 1, 0
    line, number = 1, 0
    while True:
        if match := _ELEMENT.match(text, at):
            at, number = match.end(), number + 1
            if start + at >= due:
                line, counted = line + text.count(b"\n", counted, at), at
                yield Border(start + at, line, number)
                due = start + at + size
            continue
        more = stream.read(_LONGEST_ELEMENT) if len(text) - at < _LONGEST_ELEMENT else b""
        if not more:
            break
        line += text.count(b"\n", counted, at)
        start, text, at, counted = start + at, text[at:] + more, 0, 0
    yield Border(stream.seek(0, SEEK_END), 0, 0)
