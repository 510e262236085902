"""A training row as readable lines: its records, which of its tokens are learned, every character visible."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from core import terminal

IGNORED = -100
_GUTTER = 11
_MARKS = {" ": "·", "\n": "⏎", "\r": "␍", "\t": "⇥"}
_BETWEEN = "│"
_SPECIAL = re.compile(r"<[|/]?[A-Za-z_]\w*\|?>")
_DIM, _BOLD, _NAMED = "2", "1", "1;33"
_LEARNED = ("32", "36")  # in turns, so that neighbours can be told apart


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        ids, labels: its columns; a label of -100 is not learned.
        used: tokens before the padding.
        records: (start, end) of each record in it.
    """

    ids: list[int]
    labels: list[int]
    used: int
    records: list[tuple[int, int]]

    @property
    def padding(self) -> int:
        """Number of padding tokens."""
        return len(self.ids) - self.used

    @property
    def learned(self) -> int:
        """Number of learned tokens."""
        return sum(label != IGNORED for label in self.labels)

    def learned_ids(self, record: tuple[int, int]) -> list[int]:
        """Return the labels of a record that are learned."""
        return [label for label in self.labels[slice(*record)] if label != IGNORED]


def understand(
    ids: Sequence[int],
    labels: Sequence[int],
    pad_id: int | None,
    eos_id: int | None,
    segments: Sequence[int] | None = None,
) -> Row:
    """Find the padding and the records of a row.

    Args:
        ids: the tokens of the row.
        labels: one for each of them.
        pad_id: the padding token; None: whichever token is repeated, unlearned, at the row's end.
        eos_id: a record ends where this token is learned; None: wherever learning stops.
        segments: the number of each token's record, 0 for padding; None: the row has no such column.
    """
    if segments is not None:
        used = sum(number > 0 for number in segments)
        begins = [place for place in range(used) if not place or segments[place] != segments[place - 1]]
        return Row(list(ids), list(labels), used, list(zip(begins, [*begins[1:], used], strict=False)))
    used = len(ids)
    last = ids[-1] if pad_id is None else pad_id
    while used and ids[used - 1] == last and labels[used - 1] == IGNORED:
        used -= 1
    if pad_id is None and len(ids) - used == 1:
        used += 1
    ends = [
        place + 1
        for place in range(used - 1)
        if labels[place] != IGNORED and (labels[place + 1] == IGNORED if eos_id is None else ids[place] == eos_id)
    ]
    borders = [0, *ends, used]
    return Row(list(ids), list(labels), used, list(zip(borders, borders[1:], strict=False)) if used else [])


def visible(text: str) -> str:
    """Return text of one line in which every character can be seen: a space is ·, a line's end ⏎."""
    return "".join(map(_shown, text))


def _shown(char: str) -> str:
    if char in _MARKS:
        return _MARKS[char]
    if char.isprintable() and terminal.visible(char) == char:
        return char
    # Nothing that a record holds may steer the terminal. Unicode has pictures of the ASCII control characters.
    return chr(0x2400 + ord(char)) if char < " " else f"<U+{ord(char):04X}>"


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: Chinese characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


class RowPrinter:
    """Turns rows into lines for a terminal or a file."""

    def __init__(
        self,
        piece: Callable[[int], str] | None,
        decode: Callable[[Sequence[int]], str] | None,
        color: bool,
        width: int,
    ) -> None:
        """Say how to print.

        Args:
            piece: what an id stands for; None prints ids.
            decode: the text of several ids; None leaves out what the records learned as text.
            color: whether to colour.
            width: columns of a line.
        """
        self._piece, self._decode, self._color, self._width = piece, decode, color, width

    def lines(self, row: Row) -> Iterator[str]:
        """Yield the lines of a row: each record's masked and learned tokens, its learned text, the padding."""
        for number, (start, end) in enumerate(row.records, start=1):
            if len(row.records) > 1:
                yield self._paint(f"  record {number} of {len(row.records)}: tokens {start} to {end - 1}", _BOLD)
            for learned, places in groupby(range(start, end), key=lambda place: row.labels[place] != IGNORED):
                tokens = [self._token(row, place) for place in places]
                yield from self._tokens("learned" if learned else "masked", tokens, learned)
            if self._decode and (ids := row.learned_ids((start, end))):
                text = self._decode(ids).split("\n")
                yield from self._labelled("as text", ["".join(map(_plain, line)) for line in text])
        if row.padding:
            yield from self._labelled("padding", [f"{row.padding} × {self._name(row.ids[-1])}"])

    def _name(self, token: int) -> str:
        return f"{self._piece(token)} (id {token})" if self._piece else f"id {token}"

    def _token(self, row: Row, place: int) -> str:
        """Return one token; a label that is another token than the one in its place stands behind it."""
        wanted = [row.ids[place]]
        if row.labels[place] not in (IGNORED, row.ids[place]):
            wanted.append(row.labels[place])
        if self._piece is None:
            return "⇒".join(map(str, wanted))
        return "⇒".join(visible(self._piece(token)) for token in wanted)

    def _tokens(self, label: str, tokens: Sequence[str], learned: bool) -> Iterator[str]:
        lines, taken = [""], 0
        for number, token in enumerate(tokens):
            # A combining mark would sit on the line between tokens.
            token = f"◌{token}" if token and unicodedata.combining(token[0]) else token
            width = columns_of(token) + len(_BETWEEN)
            if taken and (taken + width > self._width - _GUTTER or tokens[number - 1].endswith("⏎")):
                lines.append("")
                taken = 0
            if taken:
                lines[-1] += self._paint(_BETWEEN, _DIM)
            style = _NAMED if _SPECIAL.fullmatch(token) else _LEARNED[number % 2] if learned else _DIM
            lines[-1] += self._paint(token, style)
            taken += width
        return self._labelled(label, lines)

    def _labelled(self, label: str, lines: Sequence[str]) -> Iterator[str]:
        for number, line in enumerate(lines):
            yield f"  {label if not number else '':{_GUTTER - 2}}{line}"

    def _paint(self, text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self._color else text


def _plain(char: str) -> str:
    return " " if char == " " else _shown(char)
