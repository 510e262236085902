"""Every fault of a file of marked lines that is handed in for a given text, at once, and the file repaired.

What is said follows GuNER's scorer: it strips blanks (U+0020) at both ends of a line, compares all other characters,
and gives a file with one fault no score at all.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from core.errors import InputError
from core.tasks.ner import TYPES
from core.text.alignment import aligned
from core.text.markup import Fault, Marked, Piece, decoded, excerpt, scanned, split_lines, written

_BLANK = " "
# The number of a line and that of its text, from 0; None where there is none.
_Pair = tuple[int | None, int | None]


def file_faults(raw: bytes, where: str, texts: Sequence[str], types: Sequence[str] = TYPES) -> list[Fault]:
    """Return all that is wrong with a file, by line and column; empty where the scorer takes it.

    Args:
        raw: the file's bytes.
        where: its name.
        texts: the lines that it must mark, without marks.
        types: those that a span may have.
    """
    try:
        text = decoded(raw, where)
    except InputError as error:
        line = int(str(error).removeprefix(f"{where}:").partition(":")[0])
        return [Fault(1, "not UTF-8", str(error), "", "save the file as UTF-8", line)]
    lines = [line for line, _ in split_lines(text)]
    found: list[Fault] = []
    for number, place in _paired(lines, texts):
        if place is None and number is not None:
            found.append(_unpaired(lines[number], number, "extra line", "the text has no such line", "take it out"))
        elif number is None and place is not None:
            at = min(place, len(lines))
            said = f"line {place + 1} of the text is missing"
            found.append(_unpaired(texts[place], at, "missing line", said, f"write it: {written_alone(texts[place])}"))
        elif number is not None and place is not None:
            found += [replace(one, line=number + 1) for one in line_faults(lines[number], texts[place], types)]
    return sorted(found, key=lambda one: (one.line, one.column))


def _unpaired(line: str, number: int, kind: str, said: str, repair: str) -> Fault:
    return Fault(1, kind, said, excerpt(line, 0), repair, number + 1)


def written_alone(text: str) -> str:
    """Return a text as it is shown in a message: its beginning."""
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def _paired(lines: Sequence[str], texts: Sequence[str]) -> Iterator[_Pair]:
    """Pair the lines of a file with those of the text: one by one where there are as many, else by what they say."""
    if len(lines) == len(texts):
        yield from ((number, number) for number in range(len(lines)))
        return
    said = [bare(line).strip(_BLANK) for line in lines]
    matcher = difflib.SequenceMatcher(None, said, [text.strip(_BLANK) for text in texts], autojunk=False)
    for _, start, end, first, last in matcher.get_opcodes():
        both = min(end - start, last - first)
        yield from ((start + step, first + step) for step in range(both))
        yield from ((number, None) for number in range(start + both, end))
        yield from ((None, place) for place in range(first + both, last))


def bare(line: str, types: Sequence[str] = TYPES) -> str:
    """Return a line without its marks, as far as they are well formed."""
    return "".join(piece.text for piece in scanned(line, types) if isinstance(piece, Piece))


def line_faults(line: str, text: str, types: Sequence[str] = TYPES) -> list[Fault]:
    """Return what is wrong with the marks of a line, and where it first differs from its text."""
    found: list[Fault] = []
    said: list[str] = []
    columns: list[int] = []
    for one in scanned(line, types):
        if isinstance(one, Fault):
            found.append(one)
            continue
        if one.type and (at := next((at for at, char in enumerate(one.text) if char.isspace()), None)) is not None:
            place = one.at + at
            repair = "mark without it, or leave it as the text has it and mark the parts"
            found.append(Fault(place + 1, "blank", "a blank within a mark", excerpt(line, place), repair))
        said.append(one.text)
        columns += range(one.at, one.at + len(one.text))
    if any(fault.kind != "blank" for fault in found):
        return found  # what the text is, nobody can say before the marks are right
    start, end = len(line) - len(line.lstrip(_BLANK)), len(line.rstrip(_BLANK))
    kept = [(at, char) for at, char in zip(columns, "".join(said), strict=True) if start <= at < max(start, end)]
    return found + _changed(line, kept, text.strip(_BLANK), text, types)


def _changed(line: str, kept: list[tuple[int, str]], wanted: str, text: str, types: Sequence[str]) -> list[Fault]:
    if "".join(char for _, char in kept) == wanted:
        return []
    at = next((at for at, pair in enumerate(zip(kept, wanted, strict=False)) if pair[0][1] != pair[1]), None)
    at = min(len(kept), len(wanted)) if at is None else at
    column = kept[at][0] if at < len(kept) else len(line.rstrip(_BLANK))
    there = repr(kept[at][1]) if at < len(kept) else "nothing"
    here = repr(wanted[at]) if at < len(wanted) else "nothing more"
    said = f"the text is changed: {there} stands where the text has {here}"
    return [Fault(column + 1, "text", said, excerpt(line, column), f"write {repaired_line(line, text, types)}")]


def repaired_line(line: str, text: str, types: Sequence[str] = TYPES) -> str:
    """Return the text with those marks of a line that have a place in it."""
    return written(replace(aligned(text, line, types).line, end=""), types)


def repaired(raw: bytes, texts: Sequence[str], types: Sequence[str] = TYPES) -> list[Marked]:
    """Return the lines that are handed in: the texts, each with the marks of its line as far as they have a place."""
    lines = [line for line, _ in split_lines(raw.decode("utf-8", "replace"))]
    marked = {place: lines[number] for number, place in _paired(lines, texts) if number is not None}
    return [aligned(text, marked.get(place, ""), types).line for place, text in enumerate(texts)]
