"""Formulas that are the same in another form; the process that compares them is bounded in time and replaced."""

from __future__ import annotations

import os
import signal
import time

import pytest

from eval_accuracy.equivalence import process
from eval_accuracy.equivalence.process import SPENT, same_formula
from eval_accuracy.equivalence.symbolic import may_be_same

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x+6", "6+x"),
        ("2\\cdot\\sqrt{3}", "\\sqrt{12}"),
        ("\\frac{\\sqrt{2}}{2}", "\\frac{1}{\\sqrt{2}}"),
        ("\\{0, 1\\}", "\\{1, 0\\}"),
        ("x > 3", "3 < x"),
        ("(x+1)^2", "x^2+2x+1"),
    ],
)
def test_the_same_in_another_form(left: str, right: str) -> None:
    assert same_formula(left, right)
    assert same_formula(right, left)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("x+6", "x+7"),
        ("x+6", "y+6"),
        ("\\sqrt{3}", "1.732"),
        ("(1, 2)", "(2, 1)"),
        ("[1, 2]", "(1, 2)"),
        ("x > 3", "x \\geq 3"),
        ("101_2", "5"),
        ("\\text{Monday}", "\\text{Friday}"),
        ("x^", "x^2"),
    ],
)
def test_others_are_not(left: str, right: str) -> None:
    assert not same_formula(left, right)


def test_a_pair_that_cannot_be_the_same_costs_nothing() -> None:
    assert not may_be_same("x+6", "y+6")
    assert not may_be_same("1" * 300, "2")
    assert not may_be_same("2^{99999}", "3")


def test_a_formula_that_takes_too_long_is_given_up() -> None:
    assert same_formula("x+1", "1+x")  # the process has started
    given_up, started = SPENT.given_up, time.perf_counter()
    assert process._PROCESS.ask("(x+y+z)^{999}", "(z+x)^{998}+y") == "given up"
    assert time.perf_counter() - started < process.LIMIT + 3
    assert SPENT.given_up == given_up + 1
    assert same_formula("x+2", "2+x")


def test_a_process_that_was_killed_is_replaced() -> None:
    assert same_formula("x+3", "3+x")
    child = process._PROCESS.pid
    assert child is not None
    os.kill(child, signal.SIGKILL)
    same_formula("x+4", "4+x")  # whatever comes of this one
    assert same_formula("x+5", "5+x")
    assert process._PROCESS.pid not in (None, child)
