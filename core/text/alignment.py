"""The marks of a free answer, carried over to the text that it repeats: by position, never by searching for a string.

A model that copies a text with marks may change, leave out or add characters. Its characters are aligned with the
text's by the cheapest changes (Levenshtein 1966), what it says before and after the copy costing nothing, and each mark
takes the places of its characters.

    text    時讀易，又讀書
    answer  答：时讀{易|BOOK}，又讀书。   ->   Span(2, 3, "BOOK"): 时 and 书 stand for 時 and 書, the rest for nothing
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.errors import InputError
from core.tasks.ner import TYPES
from core.text.markup import Marked, Span, parse

# Full-width signs and small letters are how models write marks too. "{王｜per}" -> ("王", "per")
_MARK = re.compile(r"[{｛]([^{}｛｝|｜]{1,1000})[|｜]\s{0,9}([A-Za-z_]{1,40})\s{0,9}[}｝]")
_SIGNS, _ENDS = "{}|", "\n "
# Cells of the table of an alignment: 64 MB at the most; an answer that would need more is cut.
_CELLS = 16_000_000
_NOWHERE = -1
# What changes cost: a character of the text left out or written otherwise, and one put in, which says less.
_LEFT_OUT, _CHANGED, _PUT_IN = 3, 3, 2


@dataclass(frozen=True)
class Aligned:
    """A text with the marks of an answer.

    Attributes:
        line: the text as it was, with the spans that could be placed.
        verbatim: whether the answer is the text, character for character, with well-formed marks.
        lost: marks of the answer that have no place in the text, or an unknown type.
    """

    line: Marked
    verbatim: bool
    lost: int


def aligned(text: str, answer: str, types: Sequence[str] = TYPES) -> Aligned:
    """Place the marks of an answer in the text that it repeats.

    Args:
        text: the text without marks.
        answer: whatever a model wrote; marks are `{text|TYPE}`.
        types: the types that count.
    """
    copied, marks = _taken_apart(answer[: len(answer) if len(text) < 1 else max(1000, _CELLS // (len(text) + 1))])
    places = _places(text, copied)
    spans: list[Span] = []
    lost = 0
    for start, end, kind in marks:
        span = _placed(text, copied, places, start, end, kind) if kind in types else None
        if span is None or (spans and span.start < spans[-1].end):
            lost += 1
        else:
            spans.append(span)
    return Aligned(Marked(text, tuple(spans)), _is_verbatim(text, answer, types), lost)


def _is_verbatim(text: str, answer: str, types: Sequence[str]) -> bool:
    try:
        return parse(answer.strip(_ENDS), types).text == text.strip(_ENDS)
    except InputError:
        return False


def _taken_apart(answer: str) -> tuple[str, list[Span]]:
    """Return an answer without its marks, and where they are; signs of a mark that is not well formed stay."""
    parts: list[str] = []
    marks: list[Span] = []
    length = at = 0
    for match in _MARK.finditer(answer):
        before = answer[at : match.start()]
        length += len(before)
        marks.append(Span(length, length + len(match[1]), match[2].upper()))
        length += len(match[1])
        parts += [before, match[1]]
        at = match.end()
    return "".join([*parts, answer[at:]]), marks


def _placed(text: str, copied: str, places: Sequence[int], start: int, end: int, kind: str) -> Span | None:
    """Return the span of a mark; None where fewer than half of its characters, or of the span's, are the text's own."""
    own = [place for place in places[start:end] if place != _NOWHERE]
    if not own:
        return None
    span = Span(own[0], own[-1] + 1, kind)
    same = sum(
        place != _NOWHERE and text[place] == copied[at] for at, place in enumerate(places[start:end], start=start)
    )
    # A character that was written otherwise between two of the text's own is the text's too.
    kept = 2 * same >= max(end - start, span.end - span.start) or (_is_held(places, start, end) and same > 0)
    replaced_alone = same == 0 and _is_held(places, start, end) and _neighbours_agree(text, copied, places, start, end)
    if not (kept or replaced_alone) or any(sign in text[span.start : span.end] for sign in _SIGNS):
        return None
    return span


def _is_held(places: Sequence[int], start: int, end: int) -> bool:
    """Tell whether every character of a mark has a place, one behind the other."""
    first = places[start]
    return first != _NOWHERE and all(places[start + step] == first + step for step in range(end - start))


def _neighbours_agree(text: str, copied: str, places: Sequence[int], start: int, end: int) -> bool:
    """Tell whether the characters on both sides of a mark are the text's own, or the text ends there."""
    left = start == 0 or (places[start - 1] == places[start] - 1 and _same(text, copied, places, start - 1))
    right = end == len(copied) or (places[end] == places[end - 1] + 1 and _same(text, copied, places, end))
    return left and right


def _same(text: str, copied: str, places: Sequence[int], at: int) -> bool:
    return places[at] != _NOWHERE and text[places[at]] == copied[at]


def _places(text: str, copied: str) -> list[int]:
    """Return for each character of a copy its place in the text; -1 for one that has none."""
    found = copied.find(text) if text else _NOWHERE
    if found >= 0 and copied.find(text, found + 1) < 0:
        before, behind = [_NOWHERE] * found, [_NOWHERE] * (len(copied) - found - len(text))
        return [*before, *range(len(text)), *behind]
    return _traced(text, copied, _distances(text, copied))


def _distances(text: str, copied: str) -> npt.NDArray[np.int32]:
    """Return the cost of turning copied[:j] into text[:i], [i, j]; what is copied before the text costs nothing."""
    left, right = (np.array([ord(char) for char in one], np.int32) for one in (text, copied))
    steps = _PUT_IN * np.arange(len(copied) + 1, dtype=np.int32)
    table = np.zeros((len(text) + 1, len(copied) + 1), np.int32)
    for row in range(1, len(text) + 1):
        above = table[row - 1]
        best = above + _LEFT_OUT
        best[1:] = np.minimum(best[1:], above[:-1] + _CHANGED * (right != left[row - 1]))
        # A character that was put in: the same again for each step to the right.
        table[row] = np.minimum.accumulate(best - steps) + steps
    return table


def _traced(text: str, copied: str, table: npt.NDArray[np.int32]) -> list[int]:
    """Follow the cheapest changes back from where the text ends; what is copied behind that costs nothing."""
    places = [_NOWHERE] * len(copied)
    row, column = len(text), len(copied) - int(table[-1, ::-1].argmin())
    while row and column:
        change = _CHANGED * (text[row - 1] != copied[column - 1])
        if table[row, column] == table[row - 1, column - 1] + change:
            row, column = row - 1, column - 1
            places[column] = row
        elif table[row, column] == table[row - 1, column] + _LEFT_OUT:
            row -= 1
        else:
            column -= 1
    return places
