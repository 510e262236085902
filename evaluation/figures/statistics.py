"""How far a measured figure can be trusted: intervals, resampling, paired tests.

Everything random is drawn from one seed, so a figure computed twice is the same figure.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
RESAMPLES = 2000
SEED = 1
# Draws held at once: 2 Mi numbers of 4 bytes, whatever the number of questions.
_DRAWS_AT_ONCE = 1 << 21

Floats = npt.NDArray[np.float64]
Interval = tuple[float, float]


def wilson(right: int, count: int) -> Interval:
    """Return the 95 % score interval of a proportion `right` / `count`, within 0 to 1 (Wilson 1927).

    Unlike the textbook interval it stays within bounds and is no single point at 0 or 1.

    Raises:
        ValueError: no such proportion.
    """
    if not 0 <= right <= count or count < 1:
        raise ValueError(f"{right} of {count} is no proportion")
    z = NormalDist().inv_cdf(0.5 + CONFIDENCE / 2)
    share = right / count
    centre = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low, high = ((centre + side * half) / (1 + z * z / count) for side in (-1, 1))
    # At the ends the formula is exact but for rounding.
    return (0.0 if right == 0 else max(0.0, low)), (1.0 if right == count else min(1.0, high))


def mcnemar(gained: int, lost: int) -> float:
    """Return the two-sided p-value of McNemar's exact test (McNemar 1947; exact binomial form).

    The questions on which two models differ are a fair coin if neither is better.

    Args:
        gained: questions that only the second model answers right.
        lost: questions that only the first one does.
    """
    differing = gained + lost
    tail = term = 1
    for k in range(min(gained, lost)):
        term = term * (differing - k) // (k + 1)
        tail += term
    return min(1.0, 2 * tail / (1 << differing))


def resampled_means(values: Floats, groups: npt.NDArray[np.int64] | None = None) -> Floats:
    """Return the means of bootstrap resamples (Efron 1979), the same draw for every column.

    Args:
        values: float64 [questions, figures]. Columns of two models on the same questions make the resampling paired.
        groups: int64 [questions], numbers from 0 without a gap: questions of one group (a passage) are not independent
            and are drawn together (Miller 2024, "Adding Error Bars to Evals"). None: each question by itself.

    Returns:
        float64 [RESAMPLES, figures]. Memory is bounded, whatever the number of questions.
    """
    sizes = np.ones(len(values)) if groups is None else np.bincount(groups).astype(np.float64)
    sums = values
    if groups is not None:
        sums = np.stack([np.bincount(groups, column) for column in values.T], axis=1)
    units = len(sizes)
    rng = np.random.default_rng(SEED)
    means = []
    for rows in _batches(units):
        drawn = rng.integers(0, units, (rows, units), dtype=np.int32)
        drawn += (np.arange(rows, dtype=np.int32) * units)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * units).reshape(rows, units).astype(np.float64)
        means.append(counts @ sums / (counts @ sizes)[:, None])
    return np.concatenate(means)


def completed_means(values: Floats, total: int) -> Floats:
    """Return draws of the means over a whole finite set of which a random part was measured.

    The unseen questions are filled in from the Pólya posterior (Ghosh & Meeden 1997; Lo 1988): with the whole set
    measured, every draw is its mean.

    Args:
        values: float64 [questions measured, figures].
        total: size of the whole set.

    Returns:
        float64 [RESAMPLES, figures].
    """
    measured = len(values)
    rng = np.random.default_rng(SEED)
    means = []
    for rows in _batches(measured):
        shares = rng.dirichlet(np.ones(measured), rows)
        counts = 1 + rng.multinomial(total - measured, shares)
        means.append(counts @ values / total)
    return np.concatenate(means)


def percentile_interval(draws: Floats) -> Interval:
    """Return the central 95 % of the draws [n] of one figure."""
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def _batches(units: int) -> list[int]:
    """Cut RESAMPLES into batches whose draws fit in memory."""
    rows = max(1, min(RESAMPLES, _DRAWS_AT_ONCE // units))
    return [min(rows, RESAMPLES - start) for start in range(0, RESAMPLES, rows)]
