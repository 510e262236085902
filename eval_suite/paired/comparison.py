"""Two models on the same questions: pure functions of what each question scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.figures.statistics import Floats, mcnemar, percentile_interval, resampled_means


@dataclass(frozen=True)
class Side:
    """One of the two models.

    Attributes:
        scores: float64 [questions, figures], 0 to 1.
        said: the answer that each question was judged by.
        weights: float64 [questions], how much each question counts in a mean.
        answered: bool [questions], whether there is a prediction; one that is missing scores 0.
    """

    scores: Floats
    said: Sequence[str]
    weights: Floats
    answered: npt.NDArray[np.bool_]


def compare(
    questions: Sequence[tuple[str, str, str]],
    figures: Sequence[str],
    headline: int,
    sides: tuple[Side, Side],
    groups: npt.NDArray[np.int64] | None = None,
) -> dict[str, Any]:
    """Compare model B with model A.

    Args:
        questions: id, type and reference of each.
        figures: names of the columns of scores.
        headline: the column whose questions are listed.
        sides: model A, model B.
        groups: see `evaluation.figures.statistics.resampled_means`.

    Returns:
        "count"; "figures": for each "a", "b" (means), "difference" (b - a), its 95 % "interval" (paired bootstrap),
        "only_a", "only_b", "both", "neither" (questions right) and "mcnemar_p" (exact), these None where scores are
        not just 0 or 1; "headline"; "common": where one side answers questions that the other does not, the headline's
        figure on the "count" questions that both answer, else None; "by_type": "count", "a", "b", "difference",
        "gained", "lost" under the headline; "gained" and "lost": the questions that B scores higher or lower, with
        "id", "type", "a", "b", "reference" and both "scores", the largest change first.
    """
    a, b = sides
    rows = dict(zip(figures, _figures(a, b, groups), strict=True))
    order = np.argsort(-np.abs(b.scores[:, headline] - a.scores[:, headline]), kind="stable")
    changed = [_change(questions[at], at, headline, a, b) for at in order.tolist()]
    return {
        "count": len(questions),
        "figures": rows,
        "headline": figures[headline],
        "common": _common(headline, a, b, groups),
        "by_type": _by_type([kind for _, kind, _ in questions], headline, a, b),
        "gained": [row for row in changed if row["scores"][1] > row["scores"][0]],
        "lost": [row for row in changed if row["scores"][1] < row["scores"][0]],
    }


def _figures(a: Side, b: Side, groups: npt.NDArray[np.int64] | None) -> list[dict[str, Any]]:
    """Compare the sides figure by figure; the rows of `compare`."""
    means = _means(a), _means(b)
    drawn = _resampled(a, b, groups)
    return [
        {
            "a": float(means[0][column]),
            "b": float(means[1][column]),
            "difference": float(means[1][column] - means[0][column]),
            "interval": list(percentile_interval(drawn[:, column])),
            **_fourfold(a.scores[:, column], b.scores[:, column]),
        }
        for column in range(a.scores.shape[1])
    ]


def _common(headline: int, a: Side, b: Side, groups: npt.NDArray[np.int64] | None) -> dict[str, Any] | None:
    """Compare on the questions that both sides answer; None where they answer the same ones, or none together."""
    both = a.answered & b.answered
    if not both.any() or (a.answered == b.answered).all():
        return None
    kept = None if groups is None else np.unique(groups[both], return_inverse=True)[1]
    return {"count": int(both.sum()), **_figures(_part(a, both), _part(b, both), kept)[headline]}


def _means(side: Side) -> Floats:
    total = side.weights.sum()
    weighted: Floats = side.weights @ side.scores
    return weighted / total if total else weighted


def _resampled(a: Side, b: Side, groups: npt.NDArray[np.int64] | None) -> Floats:
    """Return draws of the difference of each figure, [draws, figures]."""
    columns = [np.column_stack([side.scores * side.weights[:, None], side.weights]) for side in (a, b)]
    drawn = resampled_means(np.hstack(columns), groups)
    width = a.scores.shape[1] + 1
    left, right = (_ratio(drawn[:, start : start + width]) for start in (0, width))
    return right - left


def _ratio(sums: Floats) -> Floats:
    weights = sums[:, -1:]
    return np.divide(sums[:, :-1], weights, out=np.zeros_like(sums[:, :-1]), where=weights > 0)


def _fourfold(left: Floats, right: Floats) -> dict[str, Any]:
    if not (np.isin(left, (0, 1)).all() and np.isin(right, (0, 1)).all()):
        return dict.fromkeys(("both", "neither", "only_a", "only_b", "mcnemar_p"))
    is_a, is_b = left == 1, right == 1
    only_a, only_b = int((is_a & ~is_b).sum()), int((is_b & ~is_a).sum())
    return {
        "both": int((is_a & is_b).sum()),
        "neither": int((~is_a & ~is_b).sum()),
        "only_a": only_a,
        "only_b": only_b,
        "mcnemar_p": mcnemar(only_b, only_a),
    }


def _by_type(kinds: Sequence[str], headline: int, a: Side, b: Side) -> dict[str, dict[str, Any]]:
    rows = {}
    for kind in sorted(set(kinds)):
        chosen = np.array([other == kind for other in kinds])
        left, right = (_means(_part(side, chosen))[headline] for side in (a, b))
        change = b.scores[chosen, headline] - a.scores[chosen, headline]
        rows[kind] = {
            "count": int(chosen.sum()),
            "a": float(left),
            "b": float(right),
            "difference": float(right - left),
            "gained": int((change > 0).sum()),
            "lost": int((change < 0).sum()),
        }
    return rows


def _part(side: Side, chosen: npt.NDArray[np.bool_]) -> Side:
    return Side(side.scores[chosen], (), side.weights[chosen], side.answered[chosen])


def _change(question: tuple[str, str, str], at: int, headline: int, a: Side, b: Side) -> dict[str, Any]:
    name, kind, reference = question
    scores = [float(a.scores[at, headline]), float(b.scores[at, headline])]
    return {"id": name, "type": kind, "a": a.said[at], "b": b.said[at], "reference": reference, "scores": scores}
