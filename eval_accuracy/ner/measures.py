"""Figures of a response beyond its score: by type, length and novelty, kinds of errors, intervals, a paired test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

import numpy as np

from core.tasks.ner import TYPES
from core.text.markup import Marked, Span
from eval_accuracy.ner.organiser import figures
from evaluation.figures.statistics import CONFIDENCE, Floats, mcnemar, percentile_interval, resampled_means

_LONGEST = 5  # entities of so many characters and more are one group
_OVERLAPS = ("boundary", "type", "boundary and type")


def measured(
    gold: Sequence[Marked], response: Sequence[Marked], known: Collection[str] | None = None
) -> dict[str, Any]:
    """Return all figures of a response; percent, spans exact in place and type.

    Args:
        gold: the reference's lines.
        response: as many lines with the same texts.
        known: the strings that are marked in the training text; None: nothing is said of seen and unseen ones.
    """
    columns = counted(gold, response)
    total = columns.sum(axis=0)
    shown: dict[str, Any] = {
        "lines": len(gold),
        **_scores(*(int(number) for number in total)),
        "confidence": CONFIDENCE,
        "interval": list(percentile_interval(_f1(resampled_means(columns)))),
        "lines_right": sum(set(one.spans) == set(other.spans) for one, other in zip(gold, response, strict=True)),
        "by_type": _by(gold, response, lambda text, span: span.type, TYPES),
        "by_length": _by(gold, response, _length),
        "errors": errors(gold, response),
    }
    if known is not None:
        shown["by_novelty"] = _by(
            gold, response, lambda text, span: "seen" if text[span.start : span.end] in known else "unseen"
        )
    return shown


def counted(gold: Sequence[Marked], response: Sequence[Marked]) -> Floats:
    """Return float64 [lines, 3]: spans that are common, expected and found."""
    rows = [
        (len(set(expected.spans).intersection(found.spans)), len(set(expected.spans)), len(set(found.spans)))
        for expected, found in zip(gold, response, strict=True)
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def _f1(sums: Floats) -> Floats:
    """Return F1 in percent of columns of common, expected and found; 0 where there is no span."""
    both = sums[:, 1] + sums[:, 2]
    return np.divide(200 * sums[:, 0], both, out=np.zeros(len(sums)), where=both > 0)


def _scores(common: int, expected: int, found: int) -> dict[str, Any]:
    recall, precision, f1 = figures(common, expected, found)
    return {"f1": f1, "recall": recall, "precision": precision, "common": common, "expected": expected, "found": found}


def _length(text: str, span: Span) -> str:
    length = span.end - span.start
    return str(length) if length < _LONGEST else f"{_LONGEST}+"


def _by(
    gold: Sequence[Marked],
    response: Sequence[Marked],
    group: Callable[[str, Span], str],
    names: Iterable[str] = (),
) -> dict[str, dict[str, Any]]:
    """Return the scores of each group of spans, those of `names` first."""
    tallies = [Counter[str](), Counter[str](), Counter[str]()]
    for expected, found in zip(gold, response, strict=True):
        left, right = set(expected.spans), set(found.spans)
        for tally, spans in zip(tallies, (left & right, left, right), strict=True):
            tally.update(group(expected.text, span) for span in spans)
    every = dict.fromkeys([*names, *sorted(tallies[1] | tallies[2])])
    return {name: _scores(*(tally[name] for tally in tallies)) for name in every}


def errors(gold: Sequence[Marked], response: Sequence[Marked]) -> dict[str, int]:
    """Count wrong spans of a response by how they differ, and missed spans that nothing found overlaps.

    Returns:
        "type": right place, other type; "boundary": overlaps one of its type; "boundary and type": overlaps others
        alone; "spurious": overlaps none; "missed": spans of the reference that no span of the response overlaps.
    """
    counts = dict.fromkeys((*_OVERLAPS, "spurious", "missed"), 0)
    for expected, found in zip(gold, response, strict=True):
        for span in set(found.spans) - set(expected.spans):
            counts[_kind(span, expected.spans)] += 1
        counts["missed"] += sum(not any(_overlap(span, other) for other in found.spans) for span in expected.spans)
    return counts


def _kind(span: Span, expected: Sequence[Span]) -> str:
    touched = [other for other in expected if _overlap(span, other)]
    if any(span[:2] == other[:2] for other in touched):
        return "type"
    if any(span.type == other.type for other in touched):
        return "boundary"
    return "boundary and type" if touched else "spurious"


def _overlap(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def changed_spans(first: Sequence[Marked], second: Sequence[Marked]) -> list[dict[str, Any]]:
    """Return the lines that a second response marks otherwise: number from 1, and the spans that went and came.

    A span is shown as its text and type, with the column in the text of its first character.
    """
    rows = []
    for number, (before, after) in enumerate(zip(first, second, strict=True), start=1):
        gone, new = set(before.spans) - set(after.spans), set(after.spans) - set(before.spans)
        if gone or new:
            shown = [
                [f"{after.text[start:end]}|{kind} at {start + 1}" for start, end, kind in sorted(spans)]
                for spans in (gone, new)
            ]
            rows.append({"line": number, "gone": shown[0], "new": shown[1]})
    return rows


def paired(gold: Sequence[Marked], first: Sequence[Marked], second: Sequence[Marked]) -> dict[str, Any]:
    """Hold a second response against a first one on the same lines.

    Returns:
        "a", "b": F1 in percent; "difference" (b - a) with its 95 % "interval" (bootstrap over lines, paired);
        "only_a", "only_b": spans of the reference that one alone finds, and "mcnemar_p" of these (exact, two-sided).
    """
    columns = np.hstack([counted(gold, first), counted(gold, second)])
    drawn = resampled_means(columns)
    total = columns.sum(axis=0)
    a, b = (figures(*(int(number) for number in part))[2] for part in (total[:3], total[3:]))
    only_a = only_b = 0
    for expected, left, right in zip(gold, first, second, strict=True):
        hits = [set(expected.spans).intersection(found.spans) for found in (left, right)]
        only_a, only_b = only_a + len(hits[0] - hits[1]), only_b + len(hits[1] - hits[0])
    return {
        "a": a,
        "b": b,
        "difference": round(b - a, 4),
        "interval": list(percentile_interval(_f1(drawn[:, 3:]) - _f1(drawn[:, :3]))),
        "only_a": only_a,
        "only_b": only_b,
        "mcnemar_p": mcnemar(only_b, only_a),
    }
