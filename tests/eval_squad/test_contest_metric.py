from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_squad.metrics import contest_metric as metric

# Computed with the original class (contest facts, section 2) and by hand from its definition.
GOLDEN = [
    ("The Denver Broncos", "Denver Broncos", 75.0, 0),
    ("Denver Broncos.", "Denver Broncos", 85.714285714, 0),
    ("郑州市。", "郑州市", 100.0, 100),
    ("郑州", "郑州市", 80.0, 0),
    ("Broncos", "Denver Broncos", 50.0, 0),
    ("Carolina  Panthers", "Carolina Panthers", 57.142857, 0),
    ("Super Bowl 50, 2016", "Super Bowl 50", 76.923077, 0),
    ("a b x c d", "a b c d", 50.0, 0),
    ("", "Denver", 0.0, 0),
    ("France.", "France", 66.666667, 0),
    ("10th and 11th centuries", "11th and 10th centuries", 42.857143, 0),
    ("the Norse leader", "Norse leader", 75.0, 0),
    ("DENVER broncos", "Denver Broncos", 100.0, 100),
]


@pytest.mark.parametrize(("prediction", "answer", "f1", "em"), GOLDEN)
def test_golden_values(prediction: str, answer: str, f1: float, em: float) -> None:
    assert 100 * metric.f1(prediction, answer) == pytest.approx(f1, abs=1e-6)
    assert 100 * metric.em(prediction, answer) == em


def test_only_the_first_line_of_the_stripped_prediction_counts() -> None:
    assert metric.em("\n\n Denver Broncos \nThe team of Denver", "Denver Broncos") == 1
    assert metric.f1("Denver Broncos\nand more", "Denver Broncos") == 1


def test_the_answer_keeps_all_its_lines() -> None:
    assert metric.em("Denver", "Denver\nBroncos") == 0


def test_the_list_of_punctuation_has_the_originals_gaps() -> None:
    assert metric.without_punctuation("“a”…‘b’，c.") == "a…‘bc."


def brute_force_run(left: str, right: str) -> int:
    pieces = {left[i:j] for i in range(len(left)) for j in range(i + 1, len(left) + 1)}
    return max((len(piece) for piece in pieces if piece in right), default=0)


@given(st.text("abc", max_size=24), st.text("abc", max_size=24))
def test_longest_run_equals_brute_force(left: str, right: str) -> None:
    assert metric.longest_common_run(left, right) == brute_force_run(left, right)


@pytest.mark.parametrize("unit", ["a ", "中国", "龦", "1.", "a,", "ab", "a"])
def test_a_long_answer_costs_bounded_time(unit: str) -> None:
    metric.segments("warm up the dictionary")
    text = unit * (100_000 // len(unit))
    started = time.perf_counter()
    assert metric.f1(text, text) == pytest.approx(1.0)
    # A guard against blow-up, not a measure of speed: what grows with the square takes hours here.
    assert time.perf_counter() - started < 60


def test_mean_of_none_is_zero() -> None:
    assert metric.mean_percent([]) == 0.0
    assert metric.mean_percent([1.0, 0.0, 0.0, 0.0]) == 25.0
