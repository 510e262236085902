from __future__ import annotations

import itertools
import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval_accuracy.judges.math import judge

ADD = ("计算 3 + 4 等于多少？", "3 + 4 = 7")
MUL = ("计算 3963.85 * -5055.68 等于多少？", "3963.85 * -5055.68 = -20039957.1680")
DIV = ("计算 3008.48 / 3439.46 等于多少？", "3008.48 / 3439.46 = 0.8746954463782105330487925430")
POWER = ("计算 -711.31 的 4 次方？", "-711.31^4 = 255997460543.58343921")
SQRT = ("计算 6145.00 的平方根？", "√6145.00 = 78.39005038906404479030928703")
FRACTION = ("将分数 10/12 进行简化。", "最简化的形式为：5/6")
MEAN = ("求以下数据的平均值：[79, 69, 19, 3, 23, 93]", "平均值为 47.666666666666664")
EQUATION = ("解方程 -81x + -45 = 0", "方程的解为：-0.5555555555555556")
FUNCTION = ("当 x = 4.03 时，求函数 y = 57x^54 的值", "函数的值为：2.769155521409239378157128235E+34")
AREA = ("一个长方形的长为 57 厘米，宽为 84 厘米，请计算其面积。", "面积为 4788 平方厘米")
MASS = ("某物体的密度为 10 克/立方厘米，体积为 3 立方厘米，请计算该物体的质量。", "30 克")
DISCOUNT = ("商品原价为 51 元，打折后的价格为 28 元，请计算打折的折扣比例。", "45.09803921568628")
SALES = ("去年销售额为 32 万元，今年销售额增加了 28%，请计算今年的销售额。", "40.96")
ENGLISH = ("How many are there?", "Adding, there are $\\boxed{3000}$ of them. This equals $9000/3$.")
HALF = ("What is the probability?", "It is $\\boxed{\\frac{1}{2}}$.")
ROOT = ("Simplify $\\sqrt{245}$.", "So $\\sqrt{245}=\\boxed{7\\sqrt{5}}$.")
WORDS = ("Which day is it?", "It is $\\boxed{\\text{Monday}}$.")


def rules(pair: tuple[str, str], prediction: str) -> str:
    """Return the rules under which a prediction is right, by their initials."""
    found = judge(pair[0], prediction, pair[1]).rules
    return "".join(name[0] if found[name] else "-" for name in ("exact", "rounded", "absolute", "relative"))


PERCENT = ("What percent?", "It is $\\boxed{20\\%}$ of all.")
MONEY = ("What does it cost?", "$\\boxed{\\$12.50}$")
LENGTH = ("How long is it?", "$\\boxed{18\\text{ cm}}$")
PAIR = ("Which point?", "$\\boxed{(2,3)}$")

ALL, NONE = "erar", "----"


THIRD = ("计算 1.00 / 3.00 等于多少？", "1.00 / 3.00 = 0.3333333333333333333333333333")
MIXED = ("How much?", "$\\boxed{3\\frac{1}{2}}$")
REPEATING = ("Which number?", "$\\boxed{0.1\\overline{6}}$")
SOLUTIONS = ("Solve $x^2-3x+2=0$.", "$\\boxed{1,2}$")
OPTION = ("Which one?", "$\\boxed{\\text{(B)}}$")


@pytest.mark.parametrize(
    ("pair", "prediction", "right"),
    [
        # signs and separators of other places
        (MUL, "负20039957.168", ALL),
        (MUL, "-20'039'957.168", ALL),
        (MUL, "-20_039_957.168", ALL),
        (FUNCTION, "函数的值为：2.769155521409239378157128235乘以10的34次方", ALL),
        (SALES, "0.004096万亿", NONE),
        (MUL, "= -(20039957.168)", ALL),
        (EQUATION, "x = -(5/9)", "-rar"),
        (EQUATION, "x = 3 -(5/9)", NONE),
        (ADD, "<think>3 + 4 = 8?</think>\n\n7", ALL),
        # remarks on rounding, and checks of the result, have numbers of their own
        (DIV, "0.87 (rounded to 2 decimal places)", "-ra-"),
        (DIV, "0.87，保留2位小数", "-ra-"),
        (DIV, "0.875，精确到0.001", "-ra-"),
        (DIV, "0.87（四舍五入到2位小数）", "-ra-"),
        (DIV, "0.875 (3 significant figures)", "-ra-"),
        (DIV, "≈0.8747（保留4位小数）", "-rar"),
        (DIV, "零点八七，保留两位小数", "-ra-"),
        (ADD, "3 + 4 = 7，验算：7 - 4 = 3", ALL),
        (ADD, "3 + 4 = 7\nCheck: 7 - 3 = 4", ALL),
        (ADD, "验算：3 + 4 = 7", ALL),
        (EQUATION, "经检验，x = -0.56", "-ra-"),
        (SALES, "今年的销售额为40.96万元，比去年增加8.96万元", ALL),
        (SALES, "去年的销售额为32万元，今年是 32 * 1.28 = 40.96", ALL),
        (AREA, "4788 $\\text{cm}^2$", ALL),
        (ADD, "7 USER: 计算 5 + 5 等于多少？ ASSISTANT: 10", ALL),
        # fractions as people type them
        (FRACTION, "\\frac56", ALL),
        (FRACTION, "5\u20446", ALL),
        (MEAN, "47 2/3", "-rar"),
        (MIXED, "3 1/2", ALL),
        (MIXED, "\\boxed{\\dfrac72}", ALL),
        # decimals that repeat
        (THIRD, "0.333...", "-rar"),
        (THIRD, "0.3循环", "-rar"),
        (THIRD, "0.(3)", "-rar"),
        (THIRD, "0.\\dot{3}", "-rar"),
        (MEAN, "47.666…", "-rar"),
        (DIV, "0.8746954...", "-rar"),
        (ADD, "7...", ALL),
        (REPEATING, "1/6", ALL),
        (REPEATING, "0.1(6)", ALL),
        (REPEATING, "0.1666...", ALL),
        (REPEATING, "0.17", "-ra-"),
        (REPEATING, "0.\\overline{16}", "--a-"),
        # free-form answers
        (SOLUTIONS, "x = 2 or x = 1", ALL),
        (SOLUTIONS, "\\boxed{1 \\text{ and } 2}", ALL),
        (SOLUTIONS, "x = 2", NONE),
        (PAIR, "(3,2)", NONE),
        (ROOT, "$7\\sqrt5$", ALL),
        (OPTION, "(B)", ALL),
        (OPTION, "\\boxed{B}", ALL),
        (OPTION, "(A)", NONE),
        # the corpus' own forms, and the bare value
        (ADD, "3 + 4 = 7", ALL),
        (ADD, "7", ALL),
        (ADD, "7.0", ALL),
        (ADD, "答案是 7。", ALL),
        (ADD, "3 + 4 = 7。", ALL),
        (ADD, "The answer is 7.", ALL),
        (ADD, "最终答案：\n\n**7**", ALL),
        (ADD, "先算 3 + 4 = 3 + 3 + 1 = 7，所以答案为：7", ALL),
        (ADD, "结果是\\boxed{7}，检验 7 - 4 = 3", ALL),
        (ADD, "注：共 2 步。3 + 4 = 7", ALL),
        (ADD, "３ ＋ ４ ＝ ７", ALL),
        # known failures of published judges
        (("计算 2 + 3 等于多少？", "5"), "15", NONE),
        (("计算 10 + 5 等于多少？", "10 + 5 = 15"), "5", NONE),
        (("计算 10 + 2 等于多少？", "12"), "1", NONE),
        (("计算 4 - 3 等于多少？", "1"), "12", NONE),
        (("计算 5.37 + 0 等于多少？", "5.37"), "5", NONE),
        (ADD, "计算 3 + 4 等于多少？", NONE),
        (ADD, "3 + 4", NONE),
        (ADD, "3 + 4 = ", NONE),
        (ADD, "答案 = 5 -3", NONE),
        (ADD, "我不知道", NONE),
        (("计算 9999999999 + 1 等于多少？", "10000000000"), "10000100000", "---r"),
        # precision
        (MUL, "-20039957.168", ALL),
        (MUL, "-20039957.17", "-rar"),
        (MUL, "-20039957", "---r"),
        (MUL, "20039957.1680", NONE),
        (MUL, "-20,039,957.1680", ALL),
        (MUL, "-2.00399571680e7", ALL),
        (DIV, "0.87", "-ra-"),
        (DIV, "0.8747", "-rar"),
        (DIV, "0.88", "--a-"),
        (DIV, "N / d = 0 R 3\nfinal, 3008.48 / 3439.46 ~= 0.87470", "-rar"),
        (DIV, "3008.48 / 3439.46 ≈ 0.87470", "-rar"),
        (POWER, "-711.31^4 = 255997460543.58343921", ALL),
        (POWER, "2.5599746 × 10^11", "-r-r"),
        (POWER, "2.5599746 \\times 10^{11}", "-r-r"),
        (POWER, "2.5599746×10¹¹", "-r-r"),
        (SQRT, "78.39", "-rar"),
        (SQRT, "√6145.00 = 78.4", "-ra-"),
        (MEAN, "平均值为 47.67", "-rar"),
        (MEAN, "47.66666666666666666666666667", "-rar"),
        (MEAN, "平均值为 (79 + 69 + 19 + 3 + 23 + 93) / 6 = 286 / 6 = 47.667", "-rar"),
        (MEAN, "143/3", "-rar"),
        (EQUATION, "方程的解为：-0.56", "-ra-"),
        (EQUATION, "x = -5/9", "-rar"),
        (EQUATION, "x = -0.5556 满足 -81x + -45 = 0", "-rar"),
        (EQUATION, "-81x = 45\nx = - 0.5555555555555556", ALL),
        (FUNCTION, "函数的值为：2.769155521409239378157128235E+34", ALL),
        (FUNCTION, "2.77E+34", "-r--"),
        (FUNCTION, "27691555214092393781571282350000000", ALL),
        (FUNCTION, "y = 2.7692 × 10^34", "-r-r"),
        (FUNCTION, "函数的值为：1E+999999999", NONE),
        (FUNCTION, "函数的值为：1E" + "9" * 50_000, NONE),
        # units and percent
        (AREA, "面积为 57 * 84 = 4788平方厘米。", ALL),
        (AREA, "４７８８ 平方厘米", ALL),
        (AREA, "４，７８８", ALL),
        (MASS, "质量为30克", ALL),
        (DISCOUNT, "45.1%", "-rar"),
        (DISCOUNT, "45.10 折", "-rar"),
        (DISCOUNT, "0.4509803921568628", NONE),
        (SALES, "40.96 万元", ALL),
        (SALES, "去年销售额为 32 万元，今年增加 28%，32 * 1.28 = 40.96 万元", ALL),
        # fractions
        (FRACTION, "最简化的形式为：5/6", ALL),
        (FRACTION, "\\frac{5}{6}", ALL),
        (FRACTION, "5 / 6", ALL),
        (FRACTION, "10/12", NONE),
        (FRACTION, "6/5", NONE),
        (FRACTION, "6", NONE),
        (FRACTION, "0.83", "--a-"),
        (FRACTION, "10/12 = 5/6", ALL),
        # free-form problems
        (ENGLISH, "\\boxed{3000}", ALL),
        (ENGLISH, "There are $\\boxed{3,000}$ of 9000/3.", ALL),
        (ENGLISH, "The answer is 3000.", ALL),
        (ENGLISH, "the answer is $3000$ integers", ALL),
        (ENGLISH, "= 9000/3", ALL),
        (ENGLISH, "\\boxed{300}", NONE),
        (HALF, "\\boxed{\\dfrac{1}{2}}", ALL),
        (HALF, "\\boxed{\\frac12}", ALL),
        (HALF, "\\boxed{0.5}", ALL),
        (HALF, "\\boxed{1/2}", ALL),
        (HALF, "\\boxed{\\frac{1}{3}}", NONE),
        (ROOT, "\\boxed{7 \\sqrt{5}}", ALL),
        (ROOT, "The final answer is $7\\sqrt{5}$.", ALL),
        (ROOT, "\\boxed{7}", NONE),
        (ROOT, "\\boxed{5\\sqrt{7}}", NONE),
        (WORDS, "\\boxed{Monday}", ALL),
        (WORDS, "The answer is Monday.", ALL),
        (WORDS, "\\boxed{\\text{Friday}}", NONE),
        (ENGLISH, "\\boxed{3000", ALL),
        (PERCENT, "\\boxed{20}", ALL),
        (PERCENT, "20 %", ALL),
        (PERCENT, "0.2", ALL),
        (PERCENT, "\\boxed{2\\%}", NONE),
        (MONEY, "\\boxed{12.5}", ALL),
        (MONEY, "$12.50", ALL),
        (LENGTH, "The answer is 18 centimeters.", ALL),
        (PAIR, "\\boxed{(2, 3)}", ALL),
        (PAIR, "\\boxed{(3,2)}", NONE),
    ],
)
def test_right_under_these_rules(pair: tuple[str, str], prediction: str, right: str) -> None:
    assert rules(pair, prediction) == right


@pytest.mark.parametrize("prediction", ["", "   ", "\n", "</s>", ADD[0], ADD[0] + "\n\n### Response:", "<eoa>7"])
def test_nothing_answered_is_empty(prediction: str) -> None:
    verdict = judge(ADD[0], prediction, ADD[1])
    assert verdict.reason == "empty"
    assert not any(verdict.rules.values())


def test_a_number_of_the_question_is_not_an_answer() -> None:
    pair = ("计算 7 * 1 等于多少？", "7 * 1 = 7")
    assert judge(pair[0], pair[0], pair[1]).reason == "empty"
    assert rules(pair, pair[0] + "我不知道") == NONE


def test_the_prompt_that_is_repeated_is_not_judged() -> None:
    wrapped = f"Below is an instruction.\n\n### Instruction:\n{EQUATION[0]}\n\n### Response:"
    assert rules(EQUATION, wrapped) == NONE
    assert rules(EQUATION, wrapped + "-0.5555555555555556") == ALL
    assert judge(EQUATION[0], wrapped + " x", EQUATION[1], prompt=wrapped).reason == "unparsable"


def test_a_model_that_goes_on_is_judged_by_its_answer() -> None:
    assert rules(ADD, "3 + 4 = 7\n计算 5 + 6 等于多少？\n5 + 6 = 11") == ALL
    assert rules(ADD, "3 + 4 = 7\n\n题目：5 + 5 = 10") == ALL
    assert rules(ADD, "好的。\n问题：计算 3 + 4\n答案：7") == ALL
    assert rules(ADD, "3 + 4 = 7</s>3 + 5 = 8") == ALL
    assert rules(ADD, "7\n\n### Instruction:\n计算 1 + 1\n\n### Response:2") == ALL


def test_the_verdict_states_what_decided_it() -> None:
    verdict = judge(AREA[0], "面积为 57 * 84 = ４７８８ 平方厘米", AREA[1])
    assert (verdict.type, verdict.marker, verdict.span, verdict.reference) == ("area", "=", "４７８８", "4788")
    assert judge(ADD[0], "可能是 7 吧", ADD[1]).marker == "last number"
    assert judge(ADD[0], "我不知道", ADD[1]).reason == "unparsable"


def test_every_reference_of_the_contest_sample_judges_itself_right(shared_data: Path) -> None:
    lines = (shared_data / "contest/math_sample.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    for row in rows:
        assert rules((row["problem"], row["solution"]), row["solution"]) == ALL, row
        assert rules((row["problem"], row["solution"]), row["problem"] + "\n" + row["solution"]) == ALL, row


def test_answers_of_other_questions_are_wrong(shared_data: Path) -> None:
    lines = (shared_data / "contest/math_sample.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    right = 0
    for row, other in itertools.pairwise(rows):
        right += judge(row["problem"], other["solution"], row["solution"]).rules["exact"]
    assert right == 0


PIECES = [
    *"0123456789.,-+*/=^×√()[]{}$%eE xyn≈：:。",
    "\n",
    "\\",
    "计算",
    "等于",
    "答案是",
    "\\boxed{",
    "\\frac{",
    "10^",
]


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_no_text_makes_a_defect(text: str) -> None:
    for pair in (ADD, FRACTION, EQUATION, ENGLISH, WORDS):
        verdict = judge(pair[0], text, pair[1])
        assert verdict.reason or verdict.span
        assert judge(pair[0], pair[1], text).type == verdict.type


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_a_number_is_right_in_every_spelling(value: Decimal) -> None:
    text = f"{value:f}"
    pair = (ADD[0], f"3 + 4 = {text}")
    for spelling in (text, f"答案是{text}。", f"= {text} 元", f"\\boxed{{{text}}}", f"{value:,f}", f"{value:E}"):
        assert rules(pair, spelling) == ALL, spelling


@pytest.mark.parametrize(
    ("answer", "right"),
    [("方程的解为：8.0", True), ("72 / 9", False), ("72/9", False), ("方程的解为：8", True), ("7.2/0.9", False)],
)
def test_a_division_that_was_not_carried_out_is_no_answer(answer: str, right: bool) -> None:
    verdict = judge("解方程 9x + -72 = 0", answer, "方程的解为：8.0")
    assert set(verdict.rules.values()) == {right}


@pytest.mark.parametrize(
    ("answer", "right"),
    [("57.5", True), ("57.50", True), ("58", False), ("57", False), ("57.4", False), ("57.6", False)],
)
def test_a_value_that_floating_point_missed_is_the_true_one_and_no_whole_number(answer: str, right: bool) -> None:
    question = "商品原价为 40 元，打折后的价格为 17 元，请计算打折的折扣比例。"
    assert judge(question, answer, "57.49999999999999").rules["rounded"] is right


@pytest.mark.parametrize("answer", ["57.44", "57.45"])
def test_a_tie_that_floating_point_missed_rounds_either_way(answer: str) -> None:
    question = "商品原价为 40 元，打折后的价格为 17 元，请计算打折的折扣比例。"
    assert judge(question, answer, "57.44499999999999").rules["rounded"]


@pytest.mark.parametrize(
    ("pair", "answer", "one", "two"),
    [
        (DIV, "0.9", True, False),
        (DIV, "0.87", True, True),
        (DIV, "1", False, False),
        (DIV, "0.86", False, False),
        (SQRT, "78", False, False),
        (SQRT, "78.4", True, False),
        (SQRT, "78.39", True, True),
        (FUNCTION, "2.77E+34", True, False),
        (FUNCTION, "2.769E+34", True, True),
        (FUNCTION, "2.8E+34", False, False),
        (MUL, "-2e7", False, False),
        (("计算 0.2 + 0.3 等于多少？", "0.5"), "0.5", True, True),
        (("计算 12.5 + 30 等于多少？", "42.50"), "42", False, False),
        (("计算 12.5 + 30 等于多少？", "42.50"), "43", False, False),
        (FRACTION, "0.8333", False, False),
        (AREA, "4788.0", True, True),
        (AREA, "4790", False, False),
    ],
)
def test_rounding_asks_for_places(pair: tuple[str, str], answer: str, one: bool, two: bool) -> None:
    verdict = judge(pair[0], answer, pair[1])
    assert (verdict.rules["rounded"], verdict.rules["rounded2"]) == (one, two)


ANNOUNCEMENTS = [
    "{}", "The answer is {}", "The final answer is {}", "So the answer would be {}", "Therefore, the result is {}",
    "Answer: {}", "# Answer\n\n{}", "<answer>{}</answer>", '{{"answer": "{}"}}', "**{}**", "\\boxed{{{}}}", "∴ {}",
    "答案是{}", "答案应该为{}", "所以最终答案是 {}", "结果约为{}", "**答案**\n\n{}", "答：{}", "#### {}", "3 + 4 = {}",
]  # fmt: skip
REMARKS = [
    "", " because 9 + 8 = 17.", "，因为 9 + 8 = 17", " (rounded to 2 decimal places)", "（保留两位小数）",
    ", not 91.5", "（而不是 91.5）", "\nCheck: 17 - 8 = 9", "，检验：17 - 8 = 9", " for n = 3", "，精确到 0.01",
]  # fmt: skip


@settings(max_examples=300)
@given(
    st.decimals(min_value=-(10**4), max_value=10**4, places=2),
    st.sampled_from(ANNOUNCEMENTS),
    st.sampled_from(REMARKS),
    st.booleans(),
)
def test_an_announced_number_is_read_whatever_stands_behind_it(
    value: Decimal, announcement: str, remark: str, right: bool
) -> None:
    stated = value if right else value + Decimal("1.5")
    verdict = judge(ADD[0], announcement.format(stated) + remark, f"3 + 4 = {value}")
    assert verdict.rules["exact"] is right, announcement.format(stated) + remark


def test_a_fraction_in_lowest_terms_is_the_value_of_an_endless_decimal() -> None:
    verdict = judge("解方程 9x + -5 = 0", "方程的解为：5/9", "方程的解为：0.5555555555555556")
    assert verdict.rules["rounded"]
