from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.figures.statistics import (
    RESAMPLES,
    completed_means,
    mcnemar,
    percentile_interval,
    resampled_means,
    wilson,
)


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_published_intervals(right: int, count: int, low: float, high: float) -> None:
    assert wilson(right, count) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 10_000).flatmap(lambda count: st.tuples(st.integers(0, count), st.just(count))))
def test_wilson_holds_the_share_and_mirrors(pair: tuple[int, int]) -> None:
    right, count = pair
    low, high = wilson(right, count)
    assert 0 <= low <= right / count <= high <= 1
    assert low < high
    assert wilson(count - right, count) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("right", "count"), [(-1, 3), (4, 3), (0, 0)])
def test_no_proportion_is_refused(right: int, count: int) -> None:
    with pytest.raises(ValueError, match="no proportion"):
        wilson(right, count)


def test_mcnemar_gives_the_published_p_value() -> None:
    # Agresti 1990, approval of a prime minister: 86 against 150 changed; exact test 3.716e-05.
    assert mcnemar(86, 150) == pytest.approx(3.716e-05, abs=5e-9)
    assert mcnemar(0, 0) == mcnemar(5, 5) == 1.0
    assert mcnemar(0, 6) == 2 / 64


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_binomial_sum(gained: int, lost: int) -> None:
    total = gained + lost
    tail = sum(math.comb(total, k) for k in range(min(gained, lost) + 1)) / 2**total
    assert mcnemar(gained, lost) == pytest.approx(min(1.0, 2 * tail))
    assert mcnemar(gained, lost) == mcnemar(lost, gained)


def test_many_differing_questions_cost_no_float_range() -> None:
    assert mcnemar(3000, 3000) == 1.0
    assert 0 < mcnemar(2800, 3200) < 1e-6


def test_the_bootstrap_of_a_share_is_close_to_its_formula() -> None:
    marks = np.repeat([1.0, 0.0], [700, 300])[:, None]
    low, high = percentile_interval(resampled_means(marks)[:, 0])
    half = 1.96 * math.sqrt(0.7 * 0.3 / 1000)
    assert (low, high) == pytest.approx((0.7 - half, 0.7 + half), abs=0.003)


def test_columns_are_resampled_together() -> None:
    first = np.random.default_rng(0).random(500)
    means = resampled_means(np.stack([first, first + 0.25], axis=1))
    assert means.shape == (RESAMPLES, 2)
    assert np.ptp(means[:, 1] - means[:, 0]) < 1e-12
    assert np.ptp(means[:, 0]) > 0.01


def test_resampling_is_the_same_every_time() -> None:
    marks = np.random.default_rng(0).random((300, 2))
    assert (resampled_means(marks) == resampled_means(marks.copy())).all()
    assert (completed_means(marks, 900) == completed_means(marks.copy(), 900)).all()


def test_questions_of_one_group_are_drawn_together() -> None:
    """Ten copies of each question are no more evidence than one of each."""
    marks = (np.random.default_rng(0).random((200, 1)) < 0.5).astype(float)
    alone = percentile_interval(resampled_means(marks)[:, 0])
    copied = np.repeat(marks, 10, axis=0)
    grouped = percentile_interval(resampled_means(copied, np.repeat(np.arange(200), 10))[:, 0])
    assert grouped == pytest.approx(alone, abs=1e-12)
    low, high = percentile_interval(resampled_means(copied)[:, 0])
    assert high - low < (alone[1] - alone[0]) / 2


def test_a_group_counts_by_its_questions() -> None:
    values = np.array([[1.0], [0.0], [0.0], [0.0]])
    means = resampled_means(values, np.array([0, 1, 1, 1]))[:, 0]
    assert set(np.round(means, 12)) == {0.0, 0.25, 1.0}


def test_a_whole_set_that_was_measured_leaves_nothing_open() -> None:
    marks = np.random.default_rng(0).random((50, 2))
    draws = completed_means(marks, 50)
    assert np.allclose(draws, marks.mean(axis=0))


def test_the_interval_of_a_whole_set_holds_its_mean_as_often_as_it_says() -> None:
    whole = (np.random.default_rng(0).random(2000) < 0.6).astype(float)
    held = 0
    for seed in range(60):
        part = np.random.default_rng(seed).choice(whole, 100, replace=False)
        low, high = percentile_interval(completed_means(part[:, None], 2000)[:, 0])
        held += low <= whole.mean() <= high
    # 57 of 60 are expected; below 51 has a chance of 1 in 2,000.
    assert held >= 51
