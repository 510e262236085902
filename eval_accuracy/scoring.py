"""Accuracy of a set of predictions, from the predictions alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from core.errors import InputError
from core.predictions import coverage
from core.records import Record
from data_convert.readers import subject_of
from eval_accuracy import choice_judge, math_judge
from eval_accuracy.values import RULES as MATH_RULES
from eval_accuracy.verdict import Verdict, refused


def judge_all(records: Sequence[Record], predictions: dict[str, str]) -> list[Verdict]:
    """Judge each question's prediction, in the order of the questions; one without a prediction is wrong."""
    return [_judge(record, predictions.get(record.id)) for record in records]


def summarise(
    records: Sequence[Record], predictions: dict[str, str], verdicts: Sequence[Verdict], headline: str | None = None
) -> dict[str, Any]:
    """Count verdicts.

    Args:
        records: questions, all of one task.
        predictions: text by question id.
        verdicts: one for each record, as `judge_all` returns them.
        headline: the rule whose accuracy is "accuracy". None, or a rule the judge does not have: "exact" for math,
            "phrase" for choice.

    Returns:
        "count", "missing", "unknown", "duplicates"; "rule" (the headline), "accuracy" (0 to 1), "correct"; "by_type"
        (of each type or subject its "count", "correct", "accuracy"); "rules" (accuracy under each); "empty",
        "unparsable"; "markers" (how often each marker decided).
    """
    rules = _rules(records)
    rule = headline if headline in rules else rules[0]
    right = [verdict.rules[rule] for verdict in verdicts]
    by_type: dict[str, list[bool]] = {}
    markers: dict[str, int] = {}
    for verdict, is_right in zip(verdicts, right, strict=True):
        by_type.setdefault(verdict.type, []).append(is_right)
        if verdict.marker:
            markers[verdict.marker] = markers.get(verdict.marker, 0) + 1
    return {
        "count": len(records),
        **coverage([record.id for record in records], predictions).counts(),
        "rule": rule,
        **_share(right),
        "by_type": {name: {"count": len(marks), **_share(marks)} for name, marks in sorted(by_type.items())},
        "rules": {name: _share([verdict.rules[name] for verdict in verdicts])["accuracy"] for name in rules},
        "empty": sum(verdict.reason == "empty" for verdict in verdicts),
        "unparsable": sum(verdict.reason == "unparsable" for verdict in verdicts),
        "markers": dict(sorted(markers.items(), key=lambda item: (-item[1], item[0]))[:20]),
    }


def score(records: Sequence[Record], predictions: dict[str, str], headline: str | None = None) -> dict[str, Any]:
    """Judge and count; see `summarise` for what is returned."""
    return summarise(records, predictions, judge_all(records, predictions), headline)


def _judge(record: Record, prediction: str | None) -> Verdict:
    if record.task == "choice":
        subject = record.meta.get("subject") or subject_of(record.meta.get("instruction", ""))
        if prediction is None:
            return refused(subject, choice_judge.RULES, choice_judge.reference_letter(record.answer), "missing")
        return choice_judge.judge(record.question, prediction, record.answer, subject)
    if prediction is None:
        verdict = math_judge.judge(record.question, "", record.answer)
        return refused(verdict.type, tuple(MATH_RULES), verdict.reference, "missing")
    return math_judge.judge(record.question, prediction, record.answer)


def _rules(records: Sequence[Record]) -> tuple[str, ...]:
    tasks = {record.task for record in records}
    if len(tasks) != 1:
        raise InputError(f"questions of several tasks in one file ({', '.join(sorted(tasks))}); evaluate them apart")
    return choice_judge.RULES if tasks == {"choice"} else tuple(MATH_RULES)


def _share(marks: Sequence[bool]) -> dict[str, Any]:
    correct = sum(marks)
    return {"accuracy": correct / len(marks) if marks else 0.0, "correct": correct}
