"""Texts made to be costly: judging them takes time that is bounded, whatever they repeat."""

from __future__ import annotations

import time

import pytest

from eval_accuracy.judges.math import judge

ADD = ("计算 3 + 4 等于多少？", "3 + 4 = 7")
EQUATION = ("解方程 -81x + -45 = 0", "方程的解为：-0.5555555555555556")
ENGLISH = ("How many are there?", "Adding, there are $\\boxed{3000}$ of them. This equals $9000/3$.")
WORDS = ("Which day is it?", "It is $\\boxed{\\text{Monday}}$.")
_LENGTH = 12_000


@pytest.mark.parametrize(
    "text",
    [
        "1" * _LENGTH,
        "1," * (_LENGTH // 2),
        "=" * _LENGTH,
        "= 1 + " * (_LENGTH // 6),
        "\\boxed{" * (_LENGTH // 7),
        "\\frac{1}{" * (_LENGTH // 9),
        "1 " + " " * _LENGTH + "x 10",
        "-" * _LENGTH,
        "(" * _LENGTH,
        "答案" * (_LENGTH // 2),
        "1/" * (_LENGTH // 2),
        "10^" * (_LENGTH // 3),
        "\n计算 " * (_LENGTH // 5),
        "$" * _LENGTH,
        "\\text{" * (_LENGTH // 6),
        "7" + " a" * (_LENGTH // 2),
        "\x00\x1b" * (_LENGTH // 2),
        "###" + "\n " * (_LENGTH // 2),
        "一" * _LENGTH,
        "百分之" * (_LENGTH // 3),
        "二分之" * (_LENGTH // 3),
        "1 000" * (_LENGTH // 5),
        "答案是" * (_LENGTH // 3),
        "####" * (_LENGTH // 4),
        "3又" * (_LENGTH // 2),
        "9x + " * (_LENGTH // 5),
    ],
)
@pytest.mark.parametrize("pair", [ADD, EQUATION, ENGLISH, WORDS])
def test_a_long_answer_costs_bounded_time(pair: tuple[str, str], text: str) -> None:
    started = time.process_time()
    judge(pair[0], text, pair[1])
    judge(pair[0], "x" + pair[0] + text, pair[1])
    # A guard against blow-up, not a measure of speed: what grows with the square takes longer here.
    assert time.process_time() - started < 5
