"""How optimistic it is to choose the best of several checkpoints by the same questions that then state its accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from evaluation.figures.statistics import Floats, resampled_means


def optimism(names: Sequence[str], right: Floats) -> dict[str, Any]:
    """Estimate by bootstrap what the best checkpoint's accuracy owes to having been chosen.

    The questions are resampled for all checkpoints together, so what these have in common stays in common. In each
    draw the best is chosen anew, and what it scores there is compared with what it scores on all questions (Efron
    1983). That takes the checkpoints' measured differences for real; if they are luck, the optimism is that of equals.

    Args:
        names: the checkpoints.
        right: float64 [questions, checkpoints], 1 where a question is answered right.

    Returns:
        "of": number of checkpoints; "accuracy": the best one's; "optimism": how much of it is owed to the choice, and
        "optimism_of_equals", the most it can be: where all are equally good; "expected": accuracy less "optimism";
        "chosen": share of the draws in which each checkpoint is the best.
    """
    means = right.mean(axis=0)
    draws = resampled_means(right)
    best = draws.argmax(axis=1)
    gain = float((draws[np.arange(len(draws)), best] - means[best]).mean())
    equals = float((draws - means).max(axis=1).mean())
    accuracy = float(means.max())
    shares = np.bincount(best, minlength=len(names)) / len(draws)
    return {
        "of": len(names),
        "accuracy": accuracy,
        "optimism": gain,
        "optimism_of_equals": equals,
        "expected": accuracy - gain,
        "chosen": dict(zip(names, shares.tolist(), strict=True)),
    }
