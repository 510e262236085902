"""Scores of a set of predictions, both ways, from the predictions alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.result_types import F1Em, GateDecision, OfficialF1Em, Resampling, RetentionEntry, SomeQuestions
from core.text.records import Record
from data_convert.readers.squad_questions import answers_of
from eval_squad.metrics import contest_metric, official_metric
from eval_squad.retention.gate import Gate, certainty, check
from evaluation.answers.predictions import coverage
from evaluation.figures.statistics import (
    CONFIDENCE,
    RESAMPLES,
    SEED,
    Floats,
    completed_means,
    percentile_interval,
    resampled_means,
)

# Resampling whole passages needs some number of them to say anything.
_FEWEST_PASSAGES = 20
# Columns of `question_scores`.
FIGURES = (("contest", "f1"), ("contest", "em"), ("official", "f1"), ("official", "em"))


def question_scores(records: Sequence[Record], predictions: dict[str, str]) -> Floats:
    """Return what each question scores, 0 to 1: float64 [questions, 4], the columns of `FIGURES`.

    A question without a prediction scores zero everywhere. The contest's metric takes the first answer and is not
    defined for a question without one: there it follows SQuAD v2.0.
    """
    rows = np.zeros((len(records), len(FIGURES)))
    v2 = any(not answers_of(record) for record in records)  # only SQuAD v2.0 has questions without an answer
    for row, record in zip(rows, records, strict=True):
        text = predictions.get(record.id)
        if text is None:
            continue
        answers = answers_of(record)
        official = official_metric.best(text, answers, v2)
        ours = (contest_metric.f1(text, answers[0]), contest_metric.em(text, answers[0])) if answers else official
        row[:] = (*ours, *official)
    return rows


def score(records: Sequence[Record], predictions: dict[str, str], gate: Gate | None = None) -> RetentionEntry:
    """Score each question and summarise."""
    return summarise(records, predictions, question_scores(records, predictions), gate)


def summarise(
    records: Sequence[Record],
    predictions: dict[str, str],
    scores: Floats,
    gate: Gate | None = None,
    base: Floats | None = None,
    total: int | None = None,
) -> RetentionEntry:
    """Return a model's figures with their uncertainty.

    A prediction of an unknown question is only counted.

    Args:
        records: questions of task "squad".
        predictions: text by question id.
        scores: their `question_scores`.
        gate: what the contest's F1 and EM must reach, if that is known.
        base: the base model's `question_scores` on the same questions, which makes the gate's interval a paired one.
        total: how many questions the whole set has of which `records` are a random part; intervals and probability
            are then those of the whole set's figures.
    """
    columns = scores if base is None else np.hstack([scores, base])
    if total is not None:
        method, draws = f"Pólya posterior of all {total} questions", completed_means(columns, total)
    else:
        groups = passages(records)
        method = "bootstrap over questions" if groups is None else "bootstrap over passages"
        draws = resampled_means(columns, groups)
    draws *= 100
    known = coverage([record.id for record in records], predictions)
    contest = F1Em(**_figures(scores[:, :2], draws[:, :2]))
    answerable = np.array([bool(answers_of(record)) for record in records])
    official = _figures(scores[:, 2:], draws[:, 2:4])
    if not answerable.all():
        official |= {"has_answer": _part(scores, answerable), "no_answer": _part(scores, ~answerable)}
    return RetentionEntry(
        count=len(records),
        missing=len(known.missing),
        unknown=len(known.unknown),
        duplicates=known.duplicates,
        truncated=getattr(predictions, "truncated", 0),
        empty=sum(record.id in predictions and not predictions[record.id].strip() for record in records),
        unanswerable=int((~answerable).sum()),
        contest=contest,
        official=OfficialF1Em(**official),
        intervals=Resampling(confidence=CONFIDENCE, method=method, draws=RESAMPLES, seed=SEED),
        gate=_decision(gate, contest, draws) if gate else None,
    )


def _figures(scores: Floats, draws: Floats) -> dict[str, Any]:
    """Return F1 and EM (percent) with their intervals: of the two columns of scores, and of their draws."""
    found: dict[str, Any] = {}
    for column, name in enumerate(("f1", "em")):
        found[name] = contest_metric.mean_percent(scores[:, column].tolist())
        found[f"{name}_interval"] = percentile_interval(draws[:, column])
    return found


def _decision(gate: Gate, contest: F1Em, draws: Floats) -> GateDecision:
    own, base = draws[:, : len(FIGURES)], draws[:, len(FIGURES) :]
    sure = certainty(gate, own[:, :2], base[:, :2] if base.size else None)
    return GateDecision(**check(gate, contest.f1, contest.em), **sure)


def _part(scores: Floats, chosen: npt.NDArray[np.bool_]) -> SomeQuestions:
    """Return official F1 and EM (percent) of some of the questions."""
    f1, em = (contest_metric.mean_percent(scores[chosen, column].tolist()) for column in (2, 3))
    return SomeQuestions(count=int(chosen.sum()), f1=f1, em=em)


def passages(records: Sequence[Record]) -> npt.NDArray[np.int64] | None:
    """Number the passages of the questions; None where each has one question, or they are too few to draw from."""
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(record.meta.get("passage", f"\0{record.id}"), len(numbers)) for record in records]
    return np.array(found, dtype=np.int64) if _FEWEST_PASSAGES <= len(numbers) < len(records) else None
