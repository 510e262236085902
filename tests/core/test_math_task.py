from __future__ import annotations

import collections
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tasks.math import TYPES, recognise


@pytest.mark.parametrize(
    ("question", "kind", "operands"),
    [
        ("计算 3963.85 + -5055.68 等于多少？", "add", ("3963.85", "-5055.68")),
        ("计算 -3828.45 - 756.08 等于多少？", "sub", ("-3828.45", "756.08")),
        ("计算 3963.85 * -5055.68 等于多少？", "mul", ("3963.85", "-5055.68")),
        ("计算 3008.48 / 3439.46 等于多少？", "div", ("3008.48", "3439.46")),
        ("计算 -711.31 的 4 次方？", "power", ("-711.31", "4")),
        ("计算 6145.00 的平方根？", "sqrt", ("6145.00",)),
        ("将分数 5/6 进行简化。", "fraction", ("5", "6")),
        ("求以下数据的平均值：[79, 69, 19, 3, 23, 93]", "mean", ("79", "69", "19", "3", "23", "93")),
        ("解方程 -81x + -45 = 0", "equation", ("-81", "-45")),
        ("解方程 3x - 6 = 0", "equation", ("3", "-6")),
        ("解方程 3x - -6 = 0", "equation", ("3", "6")),
        ("当 x = 4.03 时，求函数 y = 57x^54 的值", "function", ("4.03", "57", "54")),
        ("一个长方形的长为 57 厘米，宽为 84 厘米，请计算其面积。", "area", ("57", "84")),
        ("某物体的密度为 10 克/立方厘米，体积为 3 立方厘米，请计算该物体的质量。", "mass", ("10", "3")),
        ("商品原价为 51 元，打折后的价格为 28 元，请计算打折的折扣比例。", "discount", ("51", "28")),
        ("去年销售额为 32 万元，今年销售额增加了 28%，请计算今年的销售额。", "sales", ("32", "28")),
        ("计算３＋４等于多少?", "add", ("3", "4")),
        ("计算 3.00 − −5.00 等于多少？", "sub", ("3.00", "-5.00")),
        ("Express in simplest form: $\\sqrt[12]{8^4}$", "english", ()),
        ("小明有 3 个苹果，又买了 4 个，一共几个？", "other", ()),
        ("", "english", ()),
    ],
)
def test_templates(question: str, kind: str, operands: tuple[str, ...]) -> None:
    found = recognise(question)
    assert (found.type, found.operands) == (kind, operands)


def test_every_line_of_the_contest_sample_is_of_a_known_type(shared_data: Path) -> None:
    lines = (shared_data / "contest/math_sample.jsonl").read_text(encoding="utf-8").splitlines()
    counts = collections.Counter(recognise(json.loads(line)["problem"]).type for line in lines)
    assert sum(counts.values()) == 996
    assert counts["other"] == 0
    assert counts["english"] == 19


@given(st.text())
def test_any_text_has_a_type(text: str) -> None:
    assert recognise(text).type in TYPES


_NUMBERS = st.from_regex(r"[-+]?[0-9]{1,6}(\.[0-9]{1,4})?", fullmatch=True)


@given(
    _NUMBERS,
    _NUMBERS,
    st.sampled_from(["{} {op} {} 等于多少？", "{} 的 {} 次方？", "{} 的平方根？"]),
    st.sampled_from("+-*/"),
)
def test_a_calculation_to_the_letter_is_read_as_one_with_other_blanks(a: str, b: str, text: str, op: str) -> None:
    question = "计算 " + text.format(a, b, op=op)
    assert recognise(question).operands == ((a,) if "平方根" in text else (a, b))
    assert recognise(question) == recognise(question.replace(" ", "\u3000")) == recognise(question.replace("？", "?"))


@pytest.mark.parametrize(
    "text", ["计算 " + "1" * 100_000, "求以下数据的平均值：[" + "1, " * 40_000, "当 " + " " * 100_000]
)
def test_long_text_costs_bounded_time(text: str) -> None:
    started = time.perf_counter()
    recognise(text)
    # A guard against blow-up, not a measure of speed: what grows with the square takes hours here.
    assert time.perf_counter() - started < 60
