"""What was found in a text as its answer."""

from __future__ import annotations

from dataclasses import dataclass

from eval_accuracy.extraction.clauses import Clause
from eval_accuracy.extraction.content import NUMBER, Content
from eval_accuracy.extraction.formulas import REGION, inside
from eval_accuracy.extraction.numbers import Number
from eval_accuracy.extraction.statements import LONGEST_CLAUSE, Candidate


@dataclass(frozen=True)
class Found:
    """An answer in a text.

    Attributes:
        marker: what pointed at it: "boxed", a phrase, "=", "last number".
        span: its words as they stand in the text.
        number: the number, where they are a plain one; else None.
        stage: how sure it is that this is the final answer (`ANNOUNCED` …).
        clause: the clause it stands in.
        kind: what its words are (`content.Content.kind`).
        unit: what follows the number.
        formula: the whole formula that it stands in: `y = 2x + 1`, of which it may be the right side.
    """

    marker: str
    span: str
    number: Number | None
    stage: str = ""
    clause: str = ""
    kind: str = NUMBER
    unit: str = ""
    formula: str = ""


def found_of(text: str, chosen: Candidate, content: Content) -> Found:
    """Return a chosen candidate with its content as the answer of a text."""
    start, end = (content.number.start, content.number.end) if content.number else (content.start, content.end)
    clause = text[chosen.clause.start : chosen.clause.end].strip()
    return Found(
        chosen.marker,
        text[start:end].strip(),
        content.number,
        chosen.stage,
        clause[:LONGEST_CLAUSE],
        content.kind,
        content.unit,
        formula_around(text, chosen.clause, start),
    )


def formula_around(text: str, clause: Clause, place: int) -> str:
    """Return the formula of a clause that holds a place; empty where none does."""
    if "$" not in text and "\\" not in text:
        return ""
    for region in REGION.finditer(text, clause.start, clause.end):
        start, end = inside(region)
        if start <= place < end:
            return text[start:end].strip()
    return ""
