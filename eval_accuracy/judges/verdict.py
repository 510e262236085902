"""What a judge says about one prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

# The rule of a verdict that went by the value of a formula (`equivalence`).
FORMULA = "formula"
# How an answer differs whose formula could not be compared in time.
GIVEN_UP = "formula given up for time"


@dataclass(frozen=True)
class Verdict:
    """One judged prediction.

    Attributes:
        type: the question's type (math) or subject (choice).
        rules: for each rule of the judge, whether the answer is right under it, or its score from 0 to 1.
        marker: what pointed at the answer ("boxed", "=", a phrase, "last number"…); empty where there is none.
        span: the answer as it stands in the prediction; empty where none was found.
        reference: the answer as it stands in the reference.
        reason: "" where an answer was found, else "missing" (no prediction), "empty" (no text) or "unparsable".
        error: where an answer was found and is not exactly right, how it differs, as far as the judge can tell.
        weight: how much it counts in a mean.
        stage: how surely the text states this answer ("announced", "boxed", "last number" …); empty where none is read.
        clause: the clause that the answer stands in.
        rule: what the reader or the comparison went by.
        seems_prompt: what looks like the examples of a prompt stands before the answer, unrecognised.
        formulas: how many pairs of formulas were compared by the library for it.
        seconds: what that took; neither is part of a row, as they are never the same twice.
    """

    type: str
    rules: Mapping[str, float]
    marker: str
    span: str
    reference: str
    reason: str = ""
    error: str = ""
    weight: float = 1.0
    stage: str = ""
    clause: str = ""
    rule: str = ""
    seems_prompt: bool = False
    formulas: int = field(default=0, compare=False)
    seconds: float = field(default=0.0, compare=False)

    def row(self, record_id: str) -> dict[str, Any]:
        """Return the verdict as a line of a verdicts file."""
        shown = asdict(self)
        del shown["formulas"], shown["seconds"]  # what costs nothing the second time, in a cache
        return {"id": record_id, **shown}


def refused(kind: str, rules: Sequence[str], reference: str, reason: str, weight: float = 1.0) -> Verdict:
    """Return the verdict on a prediction without an answer: wrong under every rule."""
    return Verdict(kind, dict.fromkeys(rules, False), "", "", reference, reason, weight=weight)
