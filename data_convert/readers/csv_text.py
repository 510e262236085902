"""CSV files as rows of cells, each with the lines that it stands on; what is malformed takes no other row with it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from data_convert.readers.json_text import LONGEST

DELIMITERS = (",", ";", "\t", "|")
_LONGEST_FIELD = 1 << 17


class Row(NamedTuple):
    """One row of a CSV file.

    Attributes:
        cells: its texts; fault: why there are none, else "".
        first, last: the lines it stands on, from 1.
        text: the row as it stands in the file.
    """

    cells: list[str]
    fault: str
    first: int
    last: int
    text: str


def csv_rows(stream: BinaryIO, delimiter: str = ",") -> Iterator[Row]:
    """Yield the rows of a CSV file in which anything stands.

    A line whose quotes do not match is a row with a fault: what the CSV reader took to be the rest of its row is read
    again as rows of their own.
    """
    # MindSpore raises this limit of the whole process to ten million.
    csv.field_size_limit(_LONGEST_FIELD)
    lines = _Lines(stream)
    reader = csv.reader(lines, strict=True, delimiter=delimiter)
    while True:
        lines.taken.clear()
        first, cells, fault = lines.number + 1, [], ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            fault = f"malformed CSV ({str(error).partition(' - ')[0]})"  # Python adds advice for programmers
            lines.give_back()
        text = "".join(lines.taken)
        if fault or "".join(cells).strip():
            yield Row(cells, fault or _fault_of_text(text), first, lines.number, text)


class _Lines:
    """The lines of a file as the CSV reader takes them; `taken` since it was last cleared, `number` of the last."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._back: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else self._read()
        self.number += 1
        self.taken.append(line)
        # Not every Python's CSV reader takes a NUL; the row is refused anyway.
        return line.replace("\0", "\ufffd")

    def _read(self) -> str:
        raw = self._stream.readline(LONGEST)
        if not raw:
            raise StopIteration
        # Files that were put behind each other bring a byte order mark each.
        return raw.decode("utf-8-sig", "surrogateescape")

    def give_back(self) -> None:
        """Keep the first of the lines taken, and take the others again."""
        self._back.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        del self.taken[1:]


def _fault_of_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "not UTF-8 text"
    return "holds a NUL character" if "\0" in text else ""
