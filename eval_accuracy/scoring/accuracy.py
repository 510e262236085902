"""Accuracy of a set of predictions, from the predictions alone."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from core.text.records import Record
from eval_accuracy.judges import Answer, Judge, judge_named
from eval_accuracy.judges.verdict import Verdict
from eval_accuracy.scoring.categories import by_category
from eval_accuracy.scoring.circular import folded, is_circular
from evaluation.answers.predictions import Predictions, coverage
from evaluation.figures.statistics import CONFIDENCE, Interval, percentile_interval, resampled_means, wilson

# From so many questions on, the work is shared out among processes; fewer are judged before those have started.
_MANY = 20_000
_EXAMPLES, _SHOWN = 3, 200


def score(
    records: Sequence[Record], predictions: Predictions | dict[str, str], headline: str | None = None
) -> dict[str, Any]:
    """Judge and count; see `summarise` for what is returned."""
    given = predictions if isinstance(predictions, Predictions) else Predictions(predictions.items())
    judge = judge_named(None, records, given)
    return summarise(records, given, judge_all(records, given, judge), judge, headline)


def judge_all(records: Sequence[Record], predictions: Predictions, judge: Judge) -> list[Verdict]:
    """Judge each question's prediction, in the order of the questions; one without a prediction is wrong."""
    answers = [_answer(predictions, record.id) for record in records]
    if len(records) < _MANY:
        return _judged(judge, records, answers)
    workers = os.cpu_count() or 1
    size = -(-len(records) // (4 * workers))
    starts = range(0, len(records), size)
    # Fresh processes: one that holds MindSpore's threads must not be forked.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        parts = pool.map(
            partial(_judged, judge),
            [records[start : start + size] for start in starts],
            [answers[start : start + size] for start in starts],
        )
        return [verdict for part in parts for verdict in part]


def summarise(
    records: Sequence[Record],
    predictions: Predictions,
    verdicts: Sequence[Verdict],
    judge: Judge,
    headline: str | None = None,
) -> dict[str, Any]:
    """Count verdicts.

    Args:
        records: questions, all of one task; rotations of questions are counted as those (`circular.folded`).
        predictions: text by question id.
        verdicts: one for each record, as `judge_all` returns them.
        judge: who judged them.
        headline: the rule whose accuracy is "accuracy". None, or a rule the judge does not have: its first.

    Returns:
        "count", "missing", "unknown", "duplicates", "truncated" (questions whose prompt was cut to fit the model);
        "judge"; "mode" ("gen", or "ppl" where options were compared by likelihood); "rule" (the headline); "accuracy"
        (0 to 1), its 95 % "interval", "correct" (None where scores are not just right or wrong); "by_type" (of each
        type or subject "count", "accuracy", "interval", "correct", "empty", "unparsable"); "rules" and
        "rule_intervals" (accuracy under each); "empty", "unparsable"; "markers" (how often each marker decided);
        "errors" (for each kind of wrong answer "count" and up to three "examples"); "categories" (see
        `categories.by_category`).
    """
    known = coverage([record.id for record in records], predictions).counts()
    texts = [predictions.get(record.id, "") for record in records]
    if is_circular(records):
        records, verdicts = folded(records, verdicts)
        texts = [""] * len(records)
    rules = tuple(verdicts[0].rules)
    rule = headline if headline in rules else rules[0]
    groups: dict[str, list[Verdict]] = {}
    markers: dict[str, int] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.type, []).append(verdict)
        if verdict.marker:
            markers[verdict.marker] = markers.get(verdict.marker, 0) + 1
    shares = {name: _share(verdicts, name, judge.binary) for name in rules}
    return {
        "count": len(records),
        **known,
        "truncated": predictions.truncated,
        "judge": judge.name,
        "mode": "ppl" if judge.by_likelihood else "gen",
        "rule": rule,
        **shares[rule],
        "confidence": CONFIDENCE,
        "by_type": {
            name: {"count": len(group), **_share(group, rule, judge.binary), **_unanswered(group)}
            for name, group in sorted(groups.items())
        },
        "rules": {name: share["accuracy"] for name, share in shares.items()},
        "rule_intervals": {name: share["interval"] for name, share in shares.items()},
        **_unanswered(verdicts),
        "markers": dict(sorted(markers.items(), key=lambda item: (-item[1], item[0]))[:20]),
        "errors": _errors(records, texts, verdicts, rule),
        "categories": by_category(records, [verdict.rules[rule] for verdict in verdicts]) if judge.binary else {},
    }


def _answer(predictions: Predictions, name: str) -> Answer | None:
    text = predictions.get(name)
    if text is None:
        return None
    return Answer(text, predictions.scores.get(name, ()), predictions.prompts.get(name))


def _judged(judge: Judge, records: Sequence[Record], answers: Sequence[Answer | None]) -> list[Verdict]:
    return [judge.verdict(record, answer) for record, answer in zip(records, answers, strict=True)]


def _share(verdicts: Sequence[Verdict], rule: str, binary: bool) -> dict[str, Any]:
    if binary:
        correct = sum(bool(verdict.rules[rule]) for verdict in verdicts)
        interval = wilson(correct, len(verdicts))
        return {"accuracy": correct / len(verdicts), "interval": list(interval), "correct": correct}
    mean, interval = _weighted([verdict.rules[rule] for verdict in verdicts], [item.weight for item in verdicts])
    return {"accuracy": mean, "interval": list(interval), "correct": None}


def _weighted(scores: Sequence[float], weights: Sequence[float]) -> tuple[float, Interval]:
    """Return the weighted mean and its bootstrap interval; 0 where nothing has a weight."""
    weight = np.array(weights, dtype=np.float64)
    columns = np.stack([weight * np.array(scores, dtype=np.float64), weight], axis=1)
    sums = resampled_means(columns)
    draws = np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(sums)), where=sums[:, 1] > 0)
    total = weight.sum()
    return float(columns[:, 0].sum() / total) if total else 0.0, percentile_interval(draws)


def _unanswered(verdicts: Sequence[Verdict]) -> dict[str, int]:
    return {reason: sum(verdict.reason == reason for verdict in verdicts) for reason in ("empty", "unparsable")}


def _errors(
    records: Sequence[Record], texts: Sequence[str], verdicts: Sequence[Verdict], rule: str
) -> dict[str, dict[str, Any]]:
    """Sort the wrong answers by kind, the commonest first, with examples of each."""
    kinds: dict[str, dict[str, Any]] = {}
    for record, text, verdict in zip(records, texts, verdicts, strict=True):
        if verdict.rules[rule]:
            continue
        kind = verdict.reason or (
            "right by another rule" if any(verdict.rules.values()) else verdict.error or "another answer"
        )
        row = kinds.setdefault(kind, {"count": 0, "examples": []})
        row["count"] += 1
        if len(row["examples"]) < _EXAMPLES:
            said = {"id": record.id, "type": verdict.type, "span": verdict.span, "reference": verdict.reference}
            row["examples"].append({**said, "text": text[-_SHOWN:]})
    return dict(sorted(kinds.items(), key=lambda item: (-item[1]["count"], item[0])))
