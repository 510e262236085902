r"""GuNER2023's own scorer, as its behaviour is known: what it takes, what it prints, what it writes, byte for byte.

A file is read as text with universal line ends. Each line loses its newline and blanks (U+0020 only) at both ends.
Outside braces everything but `{` is text; inside, the text runs to the first `|` and the type to the next `}`. The
spans of a line are a set. The first fault ends the whole: gold's marks, the response's marks, the number of lines, then
line by line the text.

    {王|PER}為{太守|OFI}   against   {王|PER}為太守   ->   recall 50.0, precision 100.0, score 66.6667
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from core.tasks.ner import TYPES
from core.text.markup import Span

_ABORT = "Abort scoring."
_LINES = f"Response must have same number of lines as gold. {_ABORT}"


class Line(NamedTuple):
    """A line as the scorer sees it."""

    text: str
    spans: frozenset[Span]


class Refused(Exception):
    """What the scorer says of a file that it gives no score."""


def scored(standard: Any, submitted: Any) -> dict[str, Any]:
    """Return what the scorer writes for two files.

    Args:
        standard: the gold file, as the platform names it.
        submitted: the response, likewise.
    """
    try:
        gold, response = read(standard), read(submitted)
        compare_texts(gold, response)
        return _success(gold, response)
    except Exception as error:  # whatever it is: the scorer writes what it says
        return {"errorDetail": str(error), "errorMsg": str(error), "score": 0, "scoreJson": {}, "success": False}


def written(result: dict[str, Any]) -> str:
    """Return a result as the scorer writes it."""
    return json.dumps(result)


def read(path: Any) -> list[Line]:
    """Read a file; Refused for the first faulty mark, and what Python raises for a file that cannot be read."""
    with open(path, encoding="utf-8", closefd=not isinstance(path, int)) as stream:
        return [parsed(raw.strip("\n").strip(" "), number, path) for number, raw in enumerate(stream)]


def parsed(line: str, number: int, path: Any) -> Line:
    """Take a line (without its end) apart; Refused, with its number from 0, for the first faulty mark."""
    parts: list[str] = []
    spans: set[Span] = set()
    at = length = 0
    while (opened := line.find("{", at)) >= 0:
        pipe = line.find("|", opened)
        closed = line.find("}", pipe) if pipe >= 0 else -1
        if closed < 0:
            raise Refused(f"Error in line {number} of file {path} : Invalid entity label found. {_ABORT}")
        text, kind = line[opened + 1 : pipe], line[pipe + 1 : closed]
        if kind not in TYPES:
            raise Refused(
                f"Error in line {number} of file {path} : Parsed entity type is invalid. Must be in "
                f"{{{', '.join(TYPES)}}}. This might be caused by mishandled labels. {_ABORT}"
            )
        length += opened - at
        spans.add(Span(length, length + len(text), kind))
        length += len(text)
        parts += [line[at:opened], text]
        at = closed + 1
    return Line("".join([*parts, line[at:]]), frozenset(spans))


def compare_texts(gold: list[Line], response: list[Line]) -> None:
    """Refuse a response that has other lines, or another text, than the gold file."""
    if len(gold) != len(response):
        raise Refused(_LINES)
    for number, (expected, found) in enumerate(zip(gold, response, strict=True)):
        if expected.text != found.text:
            raise Refused(
                f"Response text is different from gold text at line {number}."
                f"This might be caused by mishandled labels. {_ABORT}"
            )


def _success(gold: list[Line], response: list[Line]) -> dict[str, Any]:
    common = sum(len(expected.spans & found.spans) for expected, found in zip(gold, response, strict=True))
    recall, precision, f1 = figures(
        common, sum(len(line.spans) for line in gold), sum(len(line.spans) for line in response)
    )
    return {"success": True, "score": f1, "scoreJson": {"score": f1, "recall": recall, "precision": precision}}


def figures(common: int, expected: int, found: int) -> tuple[float, float, float]:
    """Return recall, precision and F1 in percent, to four places; all 0.0 where nothing is common."""
    if not common:
        return 0.0, 0.0, 0.0
    recall, precision = common / expected, common / found
    f1 = 2 * precision * recall / (precision + recall)
    return round(100 * recall, 4), round(100 * precision, 4), round(100 * f1, 4)
