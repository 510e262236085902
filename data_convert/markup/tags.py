"""Files of tags: a character and its tag on each line, a blank line behind each text.

The character is the line's first, whatever it is; a tab (or a blank) and the tag follow. All lines of a text, and the
blank one, have the text's own line end; a last text without a blank line has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from core.errors import InputError, did_you_mean
from core.text.markup import Marked, Span, split_lines

OUTSIDE = "O"
# Of each scheme the letters for the first, a middle, the last and an only character of a span.
_LETTERS = {"BIO": ("B", "I", "I", "B"), "BMES": ("B", "M", "E", "S")}


def tags_of(line: Marked, scheme: str) -> list[str]:
    """Return the tag of each character of a text."""
    first, middle, last, only = _LETTERS[scheme]
    found = [OUTSIDE] * len(line.text)
    for start, end, kind in line.spans:
        found[start:end] = [f"{middle}-{kind}"] * (end - start)
        found[end - 1] = f"{last}-{kind}"
        found[start] = f"{first if end - start > 1 else only}-{kind}"
    return found


def spans_of(found: Sequence[str], scheme: str, types: Sequence[str]) -> list[Span]:
    """Return the spans that tags say.

    Raises:
        TagError: a tag that is unknown, or cannot stand where it stands.
    """
    spans: list[Span] = []
    start, kind, may_end = -1, "", True  # of the span that is open; whether it may end before the next character
    for at, tag in enumerate([*found, OUTSIDE]):
        letter, _, of = tag.partition("-")
        if tag != OUTSIDE and (letter not in _LETTERS[scheme] or of not in types):
            known = [OUTSIDE, *(f"{one}-{name}" for name in types for one in dict.fromkeys(_LETTERS[scheme]))]
            raise TagError(at, f"tag {tag!r} is none of {scheme}{did_you_mean(tag, known)}")
        goes_on = letter in "IME" and tag != OUTSIDE
        if goes_on and (start < 0 or of != kind or (scheme == "BMES" and may_end)):
            raise TagError(at, f"tag {tag!r} goes on with a span that is not open; begin it with B-{of}")
        if start >= 0 and not goes_on:
            if not may_end:
                raise TagError(min(at, len(found) - 1), f"a span of {kind} has no end: E-{kind} must close it")
            spans.append(Span(start, at, kind))
            start = -1
        if not goes_on and tag != OUTSIDE:
            start, kind = at, of
        may_end = scheme == "BIO" or letter in "ES"
    return spans


class TagError(Exception):
    """What is wrong with the tag of the character `at`, in a clause."""

    def __init__(self, at: int, said: str) -> None:
        super().__init__(said)
        self.at = at


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
