"""The low-parameter score and the rank it would have had: pure functions of accuracy, ratio and rules."""

from __future__ import annotations

import math
from collections.abc import Iterable

from core.errors import InputError
from core.schema_evaluation import RulesConfig


def low_parameter_score(
    accuracy: float,
    ratio: float,
    ratio_weight: float = 0.3,
    accuracy_weight: float = 0.7,
    ratio_factor: float = 1.0,
) -> float:
    """Return (1 - ratio_factor · ratio) · ratio_weight + accuracy · accuracy_weight, the contest's formula.

    Args:
        accuracy: share of questions answered right, 0 to 1.
        ratio: trained parameters over all parameters, 0 to 1.
        ratio_weight: 0.3 in both stages.
        accuracy_weight: 0.7 in both stages.
        ratio_factor: 1 in stage 1, 10 in stage 2.

    Raises:
        InputError: accuracy or ratio is not a number from 0 to 1.
    """
    for name, value in (("accuracy", accuracy), ("ratio", ratio)):
        if not math.isfinite(value) or not 0 <= value <= 1:
            raise InputError(f"{name} is {value}; give a fraction from 0 to 1 (0.7161 for 71.61 %)")
    return (1 - ratio_factor * ratio) * ratio_weight + accuracy * accuracy_weight


def formula(ratio_weight: float = 0.3, accuracy_weight: float = 0.7, ratio_factor: float = 1.0) -> str:
    """Return the score's formula as text."""
    return f"(1 - {ratio_factor:g}*r)*{ratio_weight:g} + accuracy*{accuracy_weight:g}"


def rank(score: float, published: Iterable[float]) -> int:
    """Return the place among published scores: one more than the number that are strictly greater."""
    return 1 + sum(other > score for other in published)


def points_lost(rules: RulesConfig, ratio: float) -> float:
    """Return how much of the score a ratio costs: ratio_factor · ratio · ratio_weight."""
    return rules.ratio_factor * ratio * rules.ratio_weight


def published_scores(rules: RulesConfig) -> list[tuple[float, str]]:
    """Return (score, team) of the contest's published results, the best first."""
    weights = (rules.ratio_weight, rules.accuracy_weight, rules.ratio_factor)
    found = [(low_parameter_score(row.accuracy, row.ratio, *weights), row.team) for row in rules.published]
    return sorted(found, reverse=True)


def parameter_ratio(trainable: int, total: int) -> float:
    """Return the low-parameter ratio, trainable / total.

    Raises:
        InputError: counts that cannot be (negative, or no parameters at all).
    """
    if total < 1 or trainable < 0:
        raise InputError(f"ratio of {trainable} trainable to {total} parameters: counts cannot be negative or zero")
    return trainable / total
