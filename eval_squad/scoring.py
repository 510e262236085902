"""Scores of a set of predictions, both ways, from the predictions alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.predictions import coverage
from core.records import Record
from data_convert.squad import answers_of
from eval_squad import contest_metric, official_metric
from eval_squad.gate import Gate, check


def score(records: Sequence[Record], predictions: dict[str, str], gate: Gate | None = None) -> dict[str, Any]:
    """Score predictions of a model.

    A question without a prediction scores zero everywhere; a prediction of an unknown question is only counted. The
    contest's metric takes the first answer and is not defined for a question without one: there it follows v2.0.

    Args:
        records: questions of task "squad".
        predictions: text by question id.
        gate: what the contest's F1 and EM must reach, if that is known.

    Returns:
        "count", "missing", "unknown", "duplicates", "empty" (predictions without any text), "unanswerable" (questions
        without an answer), "contest" and "official" with "f1" and "em" in percent, "gate" (None without one).
    """
    contest: list[tuple[float, float]] = []
    official: list[tuple[float, float]] = []
    for record in records:
        text = predictions.get(record.id)
        ours, theirs = (0.0, 0.0), (0.0, 0.0)
        if text is not None:
            answers = answers_of(record)
            theirs = official_metric.best(text, answers)
            ours = (contest_metric.f1(text, answers[0]), contest_metric.em(text, answers[0])) if answers else theirs
        contest.append(ours)
        official.append(theirs)
    found = {"contest": _percent(contest), "official": _percent(official)}
    return {
        "count": len(records),
        **coverage([record.id for record in records], predictions).counts(),
        "empty": sum(record.id in predictions and not predictions[record.id].strip() for record in records),
        "unanswerable": sum(not answers_of(record) for record in records),
        **found,
        "gate": check(gate, found["contest"]["f1"], found["contest"]["em"]) if gate else None,
    }


def _percent(pairs: Sequence[tuple[float, float]]) -> dict[str, float]:
    return {
        "f1": contest_metric.mean_percent(pair[0] for pair in pairs),
        "em": contest_metric.mean_percent(pair[1] for pair in pairs),
    }
