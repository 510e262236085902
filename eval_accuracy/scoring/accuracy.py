"""Accuracy of a set of predictions, from the predictions alone."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial

import numpy as np

from core.result_types import AccuracyEntry, Share, TypeShare, WrongAnswer, WrongAnswers
from core.text.records import Record
from eval_accuracy.judges import Answer, Judge, judge_named
from eval_accuracy.judges.verdict import FORMULA, GIVEN_UP, Verdict
from eval_accuracy.scoring.categories import by_category
from eval_accuracy.scoring.circular import folded, is_circular
from evaluation.answers.predictions import Predictions, coverage
from evaluation.figures.statistics import CONFIDENCE, Interval, percentile_interval, resampled_means, wilson

# From so many questions on, the work is shared out among processes; fewer are judged before those have started.
_MANY = 20_000
_EXAMPLES, _SHOWN = 3, 200
# The stage of answers in which nothing was read.
UNREAD = "unread"


def score(
    records: Sequence[Record], predictions: Predictions | dict[str, str], headline: str | None = None
) -> AccuracyEntry:
    """Judge and count."""
    given = predictions if isinstance(predictions, Predictions) else Predictions(predictions.items())
    judge = judge_named(None, records, given)
    return summarise(records, given, judge_all(records, given, judge), judge, headline)


def judge_all(records: Sequence[Record], predictions: Predictions, judge: Judge) -> list[Verdict]:
    """Judge each question's prediction, in the order of the questions; one without a prediction is wrong."""
    with _without_collections():
        return _shared_out(records, [_answer(predictions, record.id) for record in records], judge)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Let nobody look for cycles meanwhile: verdicts are in none, and looking takes a quarter of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _shared_out(records: Sequence[Record], answers: Sequence[Answer | None], judge: Judge) -> list[Verdict]:
    if len(records) < _MANY:
        return _judged(judge, records, answers)
    workers = os.cpu_count() or 1
    size = -(-len(records) // (16 * workers))  # small parts, so that all processes end together
    starts = range(0, len(records), size)
    # Fresh processes: one that holds MindSpore's threads must not be forked.
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=gc.disable) as pool:
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
) -> AccuracyEntry:
    """Count verdicts.

    Args:
        records: questions, all of one task; rotations of questions are counted as those (`circular.folded`).
        predictions: text by question id.
        verdicts: one for each record, as `judge_all` returns them.
        judge: who judged them.
        headline: the rule whose accuracy is "accuracy". None, or a rule the judge does not have: its first.
    """
    known = coverage([record.id for record in records], predictions)
    texts = [predictions.get(record.id, "") for record in records]
    if is_circular(records):
        records, verdicts = folded(records, verdicts)
        texts = [""] * len(records)
    rules = tuple(verdicts[0].rules)
    rule = headline if headline in rules else rules[0]
    groups: dict[str, list[Verdict]] = {}
    stages: dict[str, list[Verdict]] = {}
    markers: dict[str, int] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.type, []).append(verdict)
        stages.setdefault(UNREAD if verdict.reason else verdict.stage, []).append(verdict)
        if verdict.marker:
            markers[verdict.marker] = markers.get(verdict.marker, 0) + 1
    shares = {name: _share(verdicts, name, judge.binary) for name in rules}
    return AccuracyEntry(
        count=len(records),
        missing=len(known.missing),
        unknown=len(known.unknown),
        duplicates=known.duplicates,
        truncated=predictions.truncated,
        judge=judge.name,
        mode="ppl" if judge.by_likelihood else "gen",
        rule=rule,
        accuracy=shares[rule].accuracy,
        interval=shares[rule].interval,
        correct=_correct(verdicts, rule, judge.binary),
        confidence=CONFIDENCE,
        by_type={name: _of_type(group, rule, judge.binary) for name, group in sorted(groups.items())},
        rules={name: share.accuracy for name, share in shares.items()},
        rule_intervals={name: share.interval for name, share in shares.items()},
        empty=_unanswered(verdicts, "empty"),
        unparsable=_unanswered(verdicts, "unparsable"),
        markers=dict(sorted(markers.items(), key=lambda item: (-item[1], item[0]))[:20]),
        errors=_errors(records, texts, verdicts, rule),
        by_stage={name: _share(group, rule, judge.binary) for name, group in _commonest(stages) if name},
        rules_differ=sum(len(set(verdict.rules.values())) > 1 for verdict in verdicts) if judge.binary else 0,
        seems_prompt=sum(verdict.seems_prompt for verdict in verdicts),
        formulas_equal=sum(verdict.rule == FORMULA and bool(verdict.rules[rule]) for verdict in verdicts),
        formulas_asked=sum(verdict.formulas > 0 for verdict in verdicts),
        formula_seconds=round(sum(verdict.seconds for verdict in verdicts), 1),
        formulas_given_up=tuple(
            record.id for record, verdict in zip(records, verdicts, strict=True) if verdict.error == GIVEN_UP
        ),
        categories=by_category(records, [verdict.rules[rule] for verdict in verdicts]) if judge.binary else {},
    )


def _commonest(groups: dict[str, list[Verdict]]) -> list[tuple[str, list[Verdict]]]:
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))


def _answer(predictions: Predictions, name: str) -> Answer | None:
    text = predictions.get(name)
    if text is None:
        return None
    return Answer(text, predictions.scores.get(name, ()), predictions.prompts.get(name))


def _judged(judge: Judge, records: Sequence[Record], answers: Sequence[Answer | None]) -> list[Verdict]:
    return [judge.verdict(record, answer) for record, answer in zip(records, answers, strict=True)]


def _share(verdicts: Sequence[Verdict], rule: str, binary: bool) -> Share:
    correct = _correct(verdicts, rule, binary)
    if correct is not None:
        accuracy, interval = correct / len(verdicts), wilson(correct, len(verdicts))
    else:
        accuracy, interval = _weighted(
            [verdict.rules[rule] for verdict in verdicts], [item.weight for item in verdicts]
        )
    return Share(count=len(verdicts), accuracy=accuracy, interval=interval)


def _correct(verdicts: Sequence[Verdict], rule: str, binary: bool) -> int | None:
    """Return how many answers are right; None where scores are not just right or wrong."""
    return sum(bool(verdict.rules[rule]) for verdict in verdicts) if binary else None


def _of_type(verdicts: Sequence[Verdict], rule: str, binary: bool) -> TypeShare:
    share = _share(verdicts, rule, binary)
    return TypeShare(
        count=share.count,
        accuracy=share.accuracy,
        interval=share.interval,
        correct=_correct(verdicts, rule, binary),
        empty=_unanswered(verdicts, "empty"),
        unparsable=_unanswered(verdicts, "unparsable"),
    )


def _weighted(scores: Sequence[float], weights: Sequence[float]) -> tuple[float, Interval]:
    """Return the weighted mean and its bootstrap interval; 0 where nothing has a weight."""
    weight = np.array(weights, dtype=np.float64)
    columns = np.stack([weight * np.array(scores, dtype=np.float64), weight], axis=1)
    sums = resampled_means(columns)
    draws = np.divide(sums[:, 0], sums[:, 1], out=np.zeros(len(sums)), where=sums[:, 1] > 0)
    total = weight.sum()
    return float(columns[:, 0].sum() / total) if total else 0.0, percentile_interval(draws)


def _unanswered(verdicts: Sequence[Verdict], reason: str) -> int:
    return sum(verdict.reason == reason for verdict in verdicts)


def _errors(
    records: Sequence[Record], texts: Sequence[str], verdicts: Sequence[Verdict], rule: str
) -> dict[str, WrongAnswers]:
    """Sort the wrong answers by kind, the commonest first, with examples of each."""
    counts: dict[str, int] = {}
    examples: dict[str, list[WrongAnswer]] = {}
    for record, text, verdict in zip(records, texts, verdicts, strict=True):
        if verdict.rules[rule]:
            continue
        kind = verdict.reason or (
            "right by another rule" if any(verdict.rules.values()) else verdict.error or "another answer"
        )
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= _EXAMPLES:
            said = {"id": record.id, "type": verdict.type, "span": verdict.span, "reference": verdict.reference}
            examples.setdefault(kind, []).append(WrongAnswer(**said, text=text[-_SHOWN:]))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {kind: WrongAnswers(count=count, examples=tuple(examples[kind])) for kind, count in ordered}
