"""Where the judge reads the final answer: worked solutions, marks, checks, Chinese numerals, units, run-on text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.schema_answers import AnswersConfig
from core.text.records import Record
from data_convert.answers import rewrite
from data_convert.practice import contest_math
from data_convert.readers import read_corpus
from eval_accuracy.judges.math import judge
from eval_accuracy.scoring.accuracy import score
from evaluation.answers.predictions import Predictions

ADD = ("计算 3 + 4 等于多少？", "3 + 4 = 7")
MUL = ("计算 3963.85 * -5055.68 等于多少？", "3963.85 * -5055.68 = -20039957.1680")
DIV = ("计算 3008.48 / 3439.46 等于多少？", "3008.48 / 3439.46 = 0.8746954463782105330487925430")
POWER = ("计算 -711.31 的 4 次方？", "-711.31^4 = 255997460543.58343921")
FRACTION = ("将分数 10/12 进行简化。", "最简化的形式为：5/6")
EQUATION = ("解方程 -81x + -45 = 0", "方程的解为：-0.5555555555555556")
AREA = ("一个长方形的长为 57 厘米，宽为 84 厘米，请计算其面积。", "面积为 4788 平方厘米")
MASS = ("某物体的密度为 10 克/立方厘米，体积为 3 立方厘米，请计算该物体的质量。", "30 克")
DISCOUNT = ("商品原价为 51 元，打折后的价格为 28 元，请计算打折的折扣比例。", "45.09803921568628")
SALES = ("去年销售额为 32 万元，今年销售额增加了 28%，请计算今年的销售额。", "40.96")
APPLES = ("小明有1个苹果，妈妈又给他2个，一共几个？", "一共3个")
CLIPS = ("How many clips?", "Natalia sold 48/2 = <<48/2=24>>24 clips in May.\nAltogether <<48+24=72>>72.\n#### 72")
MONEY = ("How many dollars?", "1000 + 234\n#### 1,234")
MIXED = ("How much?", "$\\boxed{\\frac{7}{2}}$")
ALL, NONE = "erar", "----"


def rules(pair: tuple[str, str], prediction: str) -> str:
    found = judge(pair[0], prediction, pair[1]).rules
    return "".join(name[0] if found[name] else "-" for name in ("exact", "rounded", "absolute", "relative"))


@pytest.mark.parametrize(
    ("pair", "prediction", "right"),
    [
        # the stated answer, and what comes after it
        (ADD, "先算 3 + 4 = 7。\n答案：7\n检验：7 - 4 = 3", ALL),
        (ADD, "最终答案：7，检验：7-4=3", ALL),
        (ADD, "The final answer is 7. Check: 7 - 3 = 4", ALL),
        (ADD, "**Answer**: 7 (check: 7 - 4 = 3)", ALL),
        (ADD, "**答案：** 7", ALL),
        (ADD, "答案应该是7", ALL),
        (ADD, "结果为7，所以共7个", ALL),
        (ADD, "1. 先取 3\n2. 再加 4\n所以 3 + 4 = 7", ALL),
        (ADD, "3 + 4 = 7 (保留整数)", ALL),
        (ADD, "3+4=7(3个加4个)", ALL),
        (ADD, "\\[ 3+4 = 7 \\]", ALL),
        (ADD, "3加4得7", ALL),
        (ADD, "答案是 5。等等，3 + 4 = 7", NONE),
        (AREA, "答案：57 乘 84。\n57*84 = 4788", ALL),
        (AREA, "面积等于长乘宽：57×84＝4788cm²", ALL),
        (AREA, "4788 cm^2", ALL),
        (AREA, "4788cm2", ALL),
        (AREA, "4788 厘米^2", ALL),
        (DIV, "300848000000 - 343946 * 800000 = 25691200000\nfinal, 3008.48 / 3439.46 ~= 0.87470", "-rar"),
        (DIV, "3008.48 / 3439.46 = 0.87（保留两位小数）", "-ra-"),
        # Chinese numerals
        (ADD, "答案是七。", ALL),
        (ADD, "答案：七个", ALL),
        (ADD, "三加四等于七", ALL),
        (ADD, "答案是一个整数：7", ALL),
        (ADD, "答案是一样的，7", ALL),
        (ADD, "答案是八", NONE),
        (APPLES, "一共三个", ALL),
        (APPLES, "三", ALL),
        (APPLES, "答案是：-3。", NONE),
        (AREA, "四千七百八十八平方厘米", ALL),
        (MASS, "三十克", ALL),
        (EQUATION, "x = 负九分之五", "-rar"),
        (FRACTION, "六分之五", ALL),
        (FRACTION, "6分之5", ALL),
        (DISCOUNT, "百分之四十五点一", "-rar"),
        (DISCOUNT, "百分之45.1", "-rar"),
        (MUL, "负二千零三万九千九百五十七点一六八", ALL),
        # 万 and 亿: a factor, but for a question that counts in 万元
        (MUL, "-2003.9957168万", ALL),
        (POWER, "约2559.97亿", "-r-r"),
        (SALES, "40.96万元", ALL),
        (SALES, "四十点九六万元", ALL),
        (AREA, "4788万", NONE),
        (ADD, "7%", NONE),
        (ADD, "700%", ALL),
        # thousands separated by spaces, other minus signs, mixed numbers
        (MUL, "-20 039 957.168", ALL),
        (MUL, "-20\u202f039\u202f957.168", ALL),
        (MUL, "−20039957.168", ALL),
        (MIXED, "\\boxed{3\\frac{1}{2}}", ALL),
        (MIXED, "3又1/2", ALL),
        (MIXED, "\\boxed{-3\\frac{1}{2}}", NONE),
        # GSM8K's form, in references and predictions
        (CLIPS, "48/2 = 24\n48+24 = 72\n#### 72", ALL),
        (CLIPS, "#### 72\n\nQuestion: 2+2?\n#### 4", ALL),
        (CLIPS, "#### 72\n#### 5", ALL),
        (CLIPS, "The answer is $72.00.", ALL),
        (CLIPS, "She sold 72 clips altogether.", ALL),
        (CLIPS, "#### 24", NONE),
        (MONEY, "#### 1,234", ALL),
        (MONEY, "$1,234.00", ALL),
        (MONEY, "So the total is 1,234.", ALL),
        (MONEY, "So the total is 1, 234.", NONE),
    ],
)
def test_right_under_these_rules(pair: tuple[str, str], prediction: str, right: str) -> None:
    assert rules(pair, prediction) == right


@pytest.mark.parametrize(
    ("pair", "prediction", "error"),
    [
        (MUL, "20039957.168", "sign"),
        (MUL, "-2003995.7168", "power of ten"),
        (MUL, "-20100000", "within 1 %"),
        (MUL, "-31", "value"),
        (MUL, "0", "value"),
        (FRACTION, "10/12", "not carried out"),
        (("Which day?", "$\\boxed{\\text{Monday}}$"), "\\boxed{\\text{Friday}}", "other text"),
        (ADD, "7", ""),
    ],
)
def test_how_a_wrong_answer_differs(pair: tuple[str, str], prediction: str, error: str) -> None:
    assert judge(pair[0], prediction, pair[1]).error == error


def test_every_kind_of_error_is_counted_with_examples() -> None:
    answers = {"0": "-7", "1": "70", "2": "", "3": "我不知道", "4": "7.001", "5": "7", "6": "-7", "7": "-7", "8": "-7"}
    records = [Record(name, "math", *ADD) for name in [*answers, "9"]]
    result = score(records, answers, "exact")
    counts = {kind: row.count for kind, row in result.errors.items()}
    assert counts == {
        "sign": 4,
        "power of ten": 1,
        "empty": 1,
        "unparsable": 1,
        "missing": 1,
        "right by another rule": 1,
    }
    assert len(result.errors["sign"].examples) == 3
    assert result.errors["sign"].examples[0].as_json() == {
        "id": "0",
        "type": "add",
        "span": "-7",
        "reference": "7",
        "text": "-7",
    }
    assert result.by_type["add"].unparsable == 1
    low, high = result.interval
    assert low < result.accuracy < high


def test_gsm8k_judges_its_own_solutions_right(shared_data: Path) -> None:
    records = list(read_corpus(shared_data / "gsm8k/train_1000.jsonl"))
    whole = score(records, Predictions((record.id, record.answer) for record in records))
    assert (whole.count, whole.correct) == (1000, 1000)
    bare = score(records, Predictions((record.id, record.answer.rsplit("#### ")[1]) for record in records))
    assert bare.correct == 1000
    shifted = zip(records, records[1:] + records[:1], strict=True)
    others = score(records, Predictions((record.id, other.answer) for record, other in shifted))
    same = sum(
        a.answer.rsplit("####")[1] == b.answer.rsplit("####")[1] for a, b in zip(records, records[1:], strict=False)
    )
    assert others.correct <= same + 1


def test_a_worked_solution_of_the_contest_is_read_at_its_end(shared_data: Path) -> None:
    """Work with other numbers before, a check with other numbers after."""
    lines = (shared_data / "contest/math_sample.jsonl").read_text(encoding="utf-8").splitlines()
    for row in map(json.loads, lines):
        if "boxed" in row["solution"]:
            continue
        value = (
            row["solution"]
            .replace("：", "=")
            .rsplit("=", 1)[-1]
            .removeprefix("平均值为")
            .removeprefix("面积为")
            .strip()
        )
        for mark in ("答案：", "Answer: ", "最终答案：", "#### "):
            text = f"先看 12 + 30 = 42。\n再算 42 * 2 = 84\n{mark}{value}"
            assert rules((row["problem"], row["solution"]), text) == ALL, (row, text)
            if mark != "#### ":
                assert rules((row["problem"], row["solution"]), f"{text}\n验算：84 / 2 = 42") == ALL, (row, text)


@pytest.mark.parametrize(
    "settings",
    [
        AnswersConfig(decimals=2),
        AnswersConfig(rationale="short"),
        AnswersConfig(rationale="steps"),
        AnswersConfig(rationale="steps", language="en", decimals=3),
        AnswersConfig(rationale="steps", paraphrase=1, paraphrase_language="both"),
    ],
)
def test_the_kits_own_worked_solutions_are_read_at_their_end(settings: AnswersConfig) -> None:
    for record in contest_math.records(300, 7, unique=True):
        worked = rewrite(record, settings, 1)
        verdict = judge(worked.question, worked.answer, record.answer)
        assert verdict.rules["rounded"], (worked, verdict)
