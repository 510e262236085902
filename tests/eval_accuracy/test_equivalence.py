"""Formulas that are the same in another form; the process that compares them is bounded in time and replaced."""

from __future__ import annotations

import os
import signal
import time

import pytest

from core.text.records import Record
from eval_accuracy.equivalence import process
from eval_accuracy.equivalence.process import SPENT, compared
from eval_accuracy.equivalence.symbolic import may_be_same
from eval_accuracy.scoring.accuracy import score
from eval_accuracy.scoring.summary import summary

pytestmark = pytest.mark.slow


def same_formula(left: str, right: str) -> bool:
    return compared(left, right) == "same"


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


def test_what_the_library_took_and_whom_it_gave_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LIMIT", 0.5)
    slow = ("(p+q+r)^{997}", "(r+p)^{996}+q")
    records = [
        Record("quick", "math", "Find it.", r"$\boxed{x+7}$"),
        Record("slow", "math", "Find it.", rf"$\boxed{{{slow[0]}}}$"),
        Record("number", "math", "Find it.", r"$\boxed{7}$"),
    ]
    told = {"quick": "The answer is $7 + x$.", "slow": f"The answer is ${slow[1]}$.", "number": "The answer is 7."}
    result = score(records, told)
    assert (result.formulas_asked, result.formulas_given_up, result.correct) == (2, ("slow",), 2)
    assert result.formula_seconds >= 0.5
    shown = summary({"mine": result})
    assert "formulas compared by sympy: 2 answers" in shown
    assert "1 of them took too long and count as wrong: slow" in shown
