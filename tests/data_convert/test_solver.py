from __future__ import annotations

import decimal
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.tasks.math import MathQuestion, recognise
from data_convert.typed.solver import question_text, solution, value

GOLDEN = [
    ("计算 -9629.12 - 7327.58 等于多少？", "-9629.12 - 7327.58 = -16956.70"),
    ("计算 3963.85 * -5055.68 等于多少？", "3963.85 * -5055.68 = -20039957.1680"),
    ("计算 3008.48 / 3439.46 等于多少？", "3008.48 / 3439.46 = 0.8746954463782105330487925430"),
    ("计算 -791.33 的 0 次方？", "-791.33^0 = 1"),
    ("计算 183.94 的 5 次方？", "183.94^5 = 210562442992.2269624224"),
    ("计算 6145.00 的平方根？", "√6145.00 = 78.39005038906404479030928703"),
    ("将分数 4/10 进行简化。", "最简化的形式为：2/5"),
    ("求以下数据的平均值：[86, 21, 18]", "平均值为 41.666666666666664"),
    ("解方程 6x + 0 = 0", "方程的解为：0.0"),
    ("解方程 -81x + -45 = 0", "方程的解为：-0.5555555555555556"),
    ("当 x = 4.03 时，求函数 y = 57x^54 的值", "函数的值为：2.769155521409239378157128235E+34"),
    ("当 x = 0.54 时，求函数 y = 86x^90 的值", "函数的值为：7.078428267698237285903907346E-23"),
    ("当 x = 9.80 时，求函数 y = 75x^1 的值", "函数的值为：735.00"),
    ("一个长方形的长为 57 厘米，宽为 84 厘米，请计算其面积。", "面积为 4788 平方厘米"),
    ("某物体的密度为 10 克/立方厘米，体积为 3 立方厘米，请计算该物体的质量。", "30 克"),
    ("商品原价为 86 元，打折后的价格为 21 元，请计算打折的折扣比例。", "75.5813953488372"),
    ("去年销售额为 12 万元，今年销售额增加了 77%，请计算今年的销售额。", "21.240000000000002"),
]
MONEY = st.integers(-1_000_000, 1_000_000).map(lambda cents: f"{Decimal(cents).scaleb(-2):.2f}")
ARITHMETIC = st.builds(MathQuestion, st.sampled_from(["add", "sub", "mul", "div"]), st.tuples(MONEY, MONEY))


@pytest.mark.parametrize(("question", "answer"), GOLDEN)
def test_the_corpus_digits(question: str, answer: str) -> None:
    assert solution(recognise(question)) == answer


def test_every_templated_record_of_the_contest_sample(shared_data: Path) -> None:
    lines = (shared_data / "contest/math_sample.jsonl").read_text(encoding="utf-8").splitlines()
    checked = 0
    for row in map(json.loads, lines):
        asked = recognise(row["problem"])
        if asked.type != "english":
            assert (question_text(asked), solution(asked)) == (row["problem"], row["solution"])
            checked += 1
    assert checked == 977


@given(ARITHMETIC)
def test_question_and_type_are_inverse(asked: MathQuestion) -> None:
    assert recognise(question_text(asked)) == asked


@given(ARITHMETIC)
def test_the_solution_is_the_exact_value_to_28_digits(asked: MathQuestion) -> None:
    if asked.type == "div" and Decimal(asked.operands[1]) == 0:
        return
    exact = value(asked)
    shown = Fraction(solution(asked).split("= ")[1])
    assert shown == exact if asked.type != "div" else abs(shown - exact) <= abs(exact) / 10**27


@given(ARITHMETIC)
def test_the_digits_do_not_depend_on_the_decimal_context_of_the_process(asked: MathQuestion) -> None:
    if asked.type == "div" and Decimal(asked.operands[1]) == 0:
        return
    expected = solution(asked)
    with decimal.localcontext() as context:
        context.prec = 5
        assert solution(asked) == expected


@pytest.mark.parametrize(
    ("asked", "exact"),
    [
        (MathQuestion("equation", ("-81", "-45")), Fraction(-5, 9)),
        (MathQuestion("discount", ("16", "90")), Fraction(-925, 2)),
        (MathQuestion("sales", ("12", "77")), Fraction(2124, 100)),
        (MathQuestion("mean", ("86", "21", "18")), Fraction(125, 3)),
        (MathQuestion("sqrt", ("6.25",)), Fraction(5, 2)),
        (MathQuestion("function", ("0.5", "3", "2")), Fraction(3, 4)),
        (MathQuestion("fraction", ("6", "8")), Fraction(3, 4)),
        (MathQuestion("mass", ("10", "3")), Fraction(30)),
    ],
)
def test_exact_values(asked: MathQuestion, exact: Fraction) -> None:
    assert value(asked) == exact


def test_an_irrational_root_has_60_digits() -> None:
    root = value(MathQuestion("sqrt", ("2",)))
    assert isinstance(root, Decimal)
    assert str(root) == "1.41421356237309504880168872420969807856967187537694807317668"


@pytest.mark.parametrize(
    "question",
    [
        "解方程 0x + 5 = 0",
        "计算 1.00 / 0.00 等于多少？",
        "计算 0.00 / 0.00 等于多少？",
        "计算 -4 的平方根？",
        "计算 0 的 0 次方？",
        "计算 -2 的 0.5 次方？",
        "计算 9.99 的 " + "9" * 300 + " 次方？",
        "将分数 5/0 进行简化。",
        "商品原价为 0 元，打折后的价格为 5 元，请计算打折的折扣比例。",
        f"解方程 1x + {'9' * 400} = 0",
        f"求以下数据的平均值：[{'9' * 400}.5, 1]",
    ],
)
def test_a_question_without_solution_is_refused_in_one_sentence(question: str) -> None:
    with pytest.raises(InputError, match="has no solution"):
        solution(recognise(question))
    if "9" * 400 not in question:
        with pytest.raises(InputError, match="has no solution"):
            value(recognise(question))


@pytest.mark.parametrize("kind", ["english", "other"])
def test_a_type_without_template_is_refused(kind: str) -> None:
    for ask in (question_text, solution, value):
        with pytest.raises(InputError, match="no template"):
            ask(MathQuestion(kind))
