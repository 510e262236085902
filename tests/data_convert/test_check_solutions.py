from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tasks.math import MathQuestion, recognise
from core.text.records import Record
from data_convert.typed.check import SOUND, VERDICTS, Report, Verdict, answer_form, check, check_record
from data_convert.typed.solver import question_text, solution

EQUATION = "解方程 -81x + -45 = 0"
DISCOUNT = "商品原价为 51 元，打折后的价格为 28 元，请计算打折的折扣比例。"
FRACTION = "将分数 10/12 进行简化。"
FUNCTION = "当 x = 4.03 时，求函数 y = 57x^54 的值"


@pytest.mark.parametrize(
    ("question", "answer", "verdict", "found"),
    [
        (EQUATION, "方程的解为：-0.5555555555555556", "right", "方程的解为：-0.5555555555555556"),
        (EQUATION, "x = -0.5555555555555556", "equal", "-0.5555555555555556"),
        (EQUATION, "-0.5555555555555556", "equal", "-0.5555555555555556"),
        (EQUATION, "-5/9", "equal", "-5/9"),
        (EQUATION, "方程的解为：-0.56", "rounded", "-0.56"),
        (EQUATION, "方程的解为：－０．５６。", "rounded", "-0.56"),
        (EQUATION, "方程的解为：-0.5555555555555555555", "wrong", "-0.5555555555555555555"),
        (EQUATION, "方程的解为：-0.5555555555555555556", "rounded", "-0.5555555555555555556"),
        (EQUATION, "方程的解为：-0.55", "wrong", "-0.55"),
        (EQUATION, "方程的解为：0.5555555555555556", "wrong", "0.5555555555555556"),
        (EQUATION, "无解", "unparsable", ""),
        (EQUATION, "", "unparsable", ""),
        ("解方程 0x + 5 = 0", "方程的解为：5", "unsolvable", ""),
        ("计算 3 * 4 等于多少？", "3 * 4 = 12", "right", "3 * 4 = 12"),
        ("计算 3 * 4 等于多少？", "3 × 4 = 12.00", "equal", "12.00"),
        ("计算 3 * 4 等于多少？", "12", "equal", "12"),
        ("计算 300 * 400 等于多少？", "120,000", "equal", "120,000"),
        ("计算 3 * 4 等于多少？", "3 * 4 = 13", "wrong", "13"),
        ("计算 1 / 1000 等于多少？", "1 / 1000 = 0.00", "wrong", "0.00"),
        (DISCOUNT, "45.1%", "rounded", "45.1"),
        (FRACTION, "最简化的形式为：5/6", "right", "最简化的形式为：5/6"),
        (FRACTION, "5/6", "equal", "5/6"),
        (FRACTION, "10/12", "wrong", "10/12"),
        (FRACTION, "1/0", "wrong", "1/0"),
        (FRACTION, "最简化的形式为：0.83", "rounded", "0.83"),
        (EQUATION, "先移项：-81x = 45\n所以 x = 45 / -81\n答案：-0.5556", "rounded", "-0.5556"),
        (EQUATION, "答案：-0.5556\n（四舍五入）", "rounded", "-0.5556"),
        (EQUATION, "所以 $\\boxed{-0.5556}$，由 45 / 81 = 0.5556", "rounded", "-0.5556"),
        (FUNCTION, "2.77E+34", "rounded", "2.77E+34"),
        (FUNCTION, "2.76E+34", "wrong", "2.76E+34"),
        (FUNCTION, "函数的值约为：2.77 × 10^34", "rounded", "2.77 × 10^34"),
        (FUNCTION, r"$\boxed{2.77 \times 10^{33}}$", "wrong", r"2.77 \times 10^{33}"),
        ("小明有 3 个苹果，又买了 4 个，一共几个？", "7", "unknown", ""),
        ("How many?", "There are $\\boxed{3000}$, as $9000/3$ shows.", "boxed", "3000"),
        ("How many?", "There are 3000.", "unparsable", ""),
        ("How many?", "There are \\boxed{}.", "unparsable", ""),
        ("How many?", "There are \\boxed{30", "unparsable", ""),
        ("How many?", "3000 of them.\n#### 3000", "stated", "3000"),
        ("How many?", "1000 + 2000 = 3000", "stated", "3000"),
        ("How many?", "As 1000 + 2000 = 3000,\nthere are that many.", "unparsable", ""),
    ],
)
def test_verdicts(question: str, answer: str, verdict: str, found: str) -> None:
    result = check(question, answer)
    assert (result.verdict, result.found) == (verdict, found)


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ("18", "integer"),
        ("-1,000", "integer"),
        ("18\\text{ cm}^2", "integer"),
        ("20\\%", "integer"),
        ("90^\\circ", "integer"),
        ("\\$12.50", "decimal"),
        (".5", "decimal"),
        ("\\dfrac{1}{16}", "fraction"),
        ("-\\frac12", "fraction"),
        ("3/4", "fraction"),
        ("7\\sqrt{5}", "expression"),
        ("(2,3)", "expression"),
        ("x^2+1", "expression"),
        ("\\frac{\\sqrt{3}}{2}", "expression"),
        ("\\text{Monday}", "text"),
        ("even", "text"),
        ("a" * 20_000 + "1", "expression"),
    ],
)
def test_the_form_of_a_boxed_answer(content: str, form: str) -> None:
    assert answer_form(content) == form


def test_every_record_of_the_contest_sample_is_right_or_boxed(shared_data: Path) -> None:
    lines = (shared_data / "contest/math_sample.jsonl").read_text(encoding="utf-8").splitlines()
    report = Report()
    for number, row in enumerate(map(json.loads, lines), 1):
        report.add(check(row["problem"], row["solution"]), f"math_sample.jsonl:{number}")
    found = report.as_json()
    assert found["verdicts"] == {"right": 977, "boxed": 19}
    assert found["forms"] == {"expression": 2, "fraction": 3, "integer": 14}
    assert found["examples"] == []


OPERAND = st.integers(-10_000, 10_000).map(str)


@given(st.sampled_from(["add", "sub", "mul", "power", "area", "equation"]), OPERAND, OPERAND, st.integers(1, 9))
def test_a_changed_digit_is_found(kind: str, left: str, right: str, shift: int) -> None:
    asked = MathQuestion(kind, (left, right if kind != "power" else "2"))
    question = question_text(asked)
    verdict = check(question, solution(asked)) if kind != "equation" or left != "0" else Verdict(kind, "right")
    assert verdict.verdict == "right"
    if kind == "equation":
        return
    answer = solution(asked)
    at = max(number for number, character in enumerate(answer) if character.isdigit())
    changed = answer[:at] + str((int(answer[at]) + shift) % 10) + answer[at + 1 :]
    assert check(question, changed).verdict == "wrong"


@given(st.text(), st.text())
def test_no_text_makes_a_defect(question: str, answer: str) -> None:
    for asked in (question, EQUATION, FRACTION, FUNCTION, "How many?"):
        found = check(asked, answer)
        assert found.verdict in VERDICTS
        assert found.type == recognise(asked).type


@given(st.text("0123456789.,-+/=eE：为\\boxed{}", max_size=60))
def test_no_number_makes_a_defect(answer: str) -> None:
    for asked in (EQUATION, FRACTION, FUNCTION, "How many?"):
        assert check(asked, answer).verdict in VERDICTS


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("The right option is B.", "stated"),
        ("B", "stated"),
        ("选B", "stated"),
        ("王勃", "stated"),
        ("王勃。", "stated"),
        ("The right option is E.", "unparsable"),
        ("The right option is 2.", "unparsable"),
        ("李", "unparsable"),
    ],
)
def test_the_answer_to_a_choice_must_name_one_of_its_options(answer: str, verdict: str) -> None:
    question = "Question: 作者是 \nA.李白\nB.王勃\nC.王维\nD.杜甫"
    assert check_record(Record("1", "choice", question, answer)) == Verdict("choice", verdict, "", answer)


def test_the_report_counts_types_and_lists_places_and_parts_add_up() -> None:
    records = [
        ("计算 3 * 4 等于多少？", "3 * 4 = 12"),
        ("计算 3 * 4 等于多少？", "3 * 4 = 13"),
        ("计算 3 * 4 等于多少？", "3 * 4 = 14"),
        ("计算 3 * 4 等于多少？", "3 * 4 = 15"),
        ("How many?", "\\boxed{3}"),
        (EQUATION, "-0.56"),
    ]
    whole, first, second = Report(limit=2), Report(limit=2), Report(limit=2)
    for number, (question, answer) in enumerate(records):
        verdict = check(question, answer)
        whole.add(verdict, f"a.json:{number + 1}")
        (first if number < 2 else second).add(verdict, f"a.json:{number + 1}")
    first.merge(second)
    assert whole.as_json() == first.as_json()
    assert whole.as_json() == {
        "records": 6,
        "verdicts": {"right": 1, "rounded": 1, "wrong": 3, "boxed": 1},
        "types": {"english": {"boxed": 1}, "equation": {"rounded": 1}, "mul": {"right": 1, "wrong": 3}},
        "forms": {"integer": 1},
        "examples": [
            {"type": "mul", "verdict": "wrong", "place": "a.json:2", "expected": "3 * 4 = 12", "found": "13"},
            {"type": "mul", "verdict": "wrong", "place": "a.json:3", "expected": "3 * 4 = 12", "found": "14"},
        ],
    }
    assert set(VERDICTS) > SOUND
