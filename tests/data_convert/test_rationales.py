from __future__ import annotations

import dataclasses
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from arithmetic import Untrue, check_rationale, evaluate
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.errors import KitError
from core.schema_answers import AnswersConfig
from core.tasks.math import TEMPLATE_TYPES, MathQuestion, recognise
from core.text.records import Record
from data_convert.answers import rewrite, rewriting
from data_convert.answers.rationales import worked
from data_convert.answers.rounding import Rounded
from data_convert.answers.wording import EN, WORDINGS, ZH
from data_convert.typed.check import check
from data_convert.typed.solver import digits, question_text, solution, value
from eval_accuracy.judges.math import judge
from eval_accuracy.judges.verdict import Verdict

STEPS, SHORT = AnswersConfig(rationale="steps"), AnswersConfig(rationale="short")


def record(question: str, identity: str = "7") -> Record:
    return Record(identity, "math", question, solution(recognise(question)), "corpus.json:8", {"type": "?"})


def hundredths(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low * 100, high * 100).map(lambda units: f"{Decimal(units).scaleb(-2):.2f}")


def whole(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(str)


TEN_THOUSAND = hundredths(-10_000, 10_000)
# The operands of the contest's corpus, to the edges of their ranges and a little beyond.
OPERANDS: dict[str, st.SearchStrategy[Any]] = {
    "add": st.tuples(TEN_THOUSAND, TEN_THOUSAND),
    "sub": st.tuples(TEN_THOUSAND, TEN_THOUSAND),
    "mul": st.tuples(TEN_THOUSAND, TEN_THOUSAND),
    "div": st.tuples(TEN_THOUSAND, TEN_THOUSAND.filter(lambda text: Decimal(text) != 0)),
    "power": st.tuples(hundredths(-1000, 1000).filter(lambda text: Decimal(text) != 0), whole(0, 5)),
    "sqrt": st.tuples(hundredths(0, 10_000)),
    "fraction": st.tuples(whole(1, 99), whole(1, 99)),
    "mean": st.lists(whole(-10, 100), min_size=1, max_size=10).map(tuple),
    "equation": st.tuples(whole(-100, 100).filter(lambda text: text != "0"), whole(-100, 100)),
    "function": st.tuples(hundredths(-10, 10).filter(lambda text: Decimal(text) != 0), whole(1, 100), whole(0, 99)),
    "area": st.tuples(whole(1, 100), whole(1, 100)),
    "mass": st.tuples(whole(1, 100), whole(1, 10)),
    "discount": st.tuples(whole(1, 100), whole(1, 100)),
    "sales": st.tuples(whole(1, 100), whole(-100, 100)),
}
QUESTIONS = st.one_of([st.builds(MathQuestion, st.just(kind), operands) for kind, operands in OPERANDS.items()])


def too_coarse(decimals: int | None, verdict: Verdict) -> bool:
    """Tell whether an answer is rounded to what the rule `rounded` calls none: a whole number, zero, 4.8E-2."""
    return decimals == 0 or not verdict.span.strip("-0.") or (decimals == 1 and "E" in verdict.span)


@settings(max_examples=1000)
@given(QUESTIONS, st.sampled_from(["short", "steps"]), st.sampled_from(["zh", "en"]), st.none() | st.integers(0, 6))
def test_every_step_is_true_and_the_judge_reads_the_answer(
    asked: MathQuestion, level: Any, language: Any, decimals: int | None
) -> None:
    question = question_text(asked)
    made = rewrite(record(question), AnswersConfig(rationale=level, language=language, decimals=decimals), 1)
    *lines, final = made.answer.split("\n")
    exact = Fraction(value(asked))
    x = exact if asked.type == "equation" else Fraction(asked.operands[0])
    assert check_rationale(lines, WORDINGS[language], abs(x) if asked.type == "function" else x, exact) >= len(lines)

    assert final.startswith(WORDINGS[language].final.removesuffix("{value}"))
    verdict = judge(question, made.answer, digits(asked) if asked.type == "fraction" else solution(asked))
    done = made.meta["rewritten"]
    as_in_corpus = done["exact"] and (asked.type == "fraction" or Fraction(digits(asked)) == exact)
    assert not verdict.reason
    assert too_coarse(decimals, verdict) or verdict.rules["exact" if as_in_corpus else "rounded"], (
        made.answer,
        verdict,
    )
    shown = final.rsplit(" ", 1)[-1].rsplit("：", 1)[-1]
    if not done["exact"] and "E" not in shown:
        assert len(shown.partition(".")[2]) == done["decimals"]
    assert "-0" not in shown.split(".")[0] or shown.startswith("-0.")


@pytest.mark.parametrize("kind", TEMPLATE_TYPES)
def test_every_type_has_operands_here(kind: str) -> None:
    assert kind in OPERANDS


GOLDEN = [
    (
        "计算 -1991.60 - 757.41 等于多少？",
        STEPS,
        """先定符号：-1991.60 - 757.41 = -(1991.60 + 757.41)
1991 + 757 = 2748，0.60 + 0.41 = 1.01，2748 + 1.01 = 2749.01
答案：-2749.01""",
    ),
    (
        "计算 9690.26 - -8922.32 等于多少？",
        SHORT,
        """先定符号：9690.26 - -8922.32 = 9690.26 + 8922.32
9690.26 + 8922.32 = 18612.58
答案：18612.58""",
    ),
    (
        "计算 3963.85 * -5055.68 等于多少？",
        STEPS,
        """先定符号：3963.85 * -5055.68 = -(3963.85 * 5055.68)
按数位拆开：5055.68 = 5000 + 50 + 5 + 0.6 + 0.08
3963.85 * 5000 = 19819250
3963.85 * 50 = 198192.5，19819250 + 198192.5 = 20017442.5
3963.85 * 5 = 19819.25，20017442.5 + 19819.25 = 20037261.75
3963.85 * 0.6 = 2378.31，20037261.75 + 2378.31 = 20039640.06
3963.85 * 0.08 = 317.108，20039640.06 + 317.108 = 20039957.1680
答案：-20039957.1680""",
    ),
    (
        "计算 -7631.08 / -110.67 等于多少？",
        STEPS,
        """先定符号：-7631.08 / -110.67 = 7631.08 / 110.67
除数化为整数：7631.08 / 110.67 = 763108 / 11067
11067 * 60 = 664020，763108 - 664020 = 99088
11067 * 8 = 88536，99088 - 88536 = 10552
11067 * 0.9 = 9960.3，10552 - 9960.3 = 591.7
11067 * 0.05 = 553.35，591.7 - 553.35 = 38.35
11067 * 0.003 = 33.201，38.35 - 33.201 = 5.149
11067 * 0.0004 = 4.4268，5.149 - 4.4268 = 0.7222
11067 * 0.00006 = 0.66402，0.7222 - 0.66402 = 0.05818
合计：60 + 8 + 0.9 + 0.05 + 0.003 + 0.0004 + 0.00006 = 68.95346 ≈ 68.9535
答案：68.9535""",
    ),
    (
        "计算 6145.00 的平方根？",
        AnswersConfig(rationale="steps", decimals=2, language="en"),
        """78^2 = 6084 < 6145 < 6241 = 79^2
6145 - 6084 = 61
(2 * 78 + 0.3) * 0.3 = 46.89, 61 - 46.89 = 14.11
(2 * 78.3 + 0.09) * 0.09 = 14.1021, 14.11 - 14.1021 = 0.0079
Total: 78 + 0.3 + 0.09 = 78.390 ≈ 78.39
Answer: 78.39""",
    ),
    (
        "解方程 -8x + 5 = 0",
        STEPS,
        """移项：-8x = -5
两边除以系数：x = -5 / -8 = 5 / 8
8 * 0.6 = 4.8，5 - 4.8 = 0.2
8 * 0.02 = 0.16，0.2 - 0.16 = 0.04
8 * 0.005 = 0.04，0.04 - 0.04 = 0
合计：0.6 + 0.02 + 0.005 = 0.625
答案：0.625""",
    ),
    (
        "计算 -711.31 的 3 次方？",
        AnswersConfig(rationale="short", final="\\boxed{{value}}"),
        """负数的奇次方为负：(-711.31)^3 = -(711.31^3)
711.31^2 = 711.31 * 711.31 = 505961.9161
711.31^3 = 505961.9161 * 711.31 = 359895770.541091
\\boxed{-359895770.541091}""",
    ),
    (
        "将分数 4/10 进行简化。",
        AnswersConfig(rationale="steps", language="en"),
        """10 = 4 * 2 + 2
4 = 2 * 2 + 0
Greatest common divisor: gcd(4,10) = 2
Reduce: 4/10 = (4 / 2)/(10 / 2) = 2/5
Answer: 2/5""",
    ),
]


@pytest.mark.parametrize(("question", "config", "answer"), GOLDEN)
def test_how_a_rationale_reads(question: str, config: AnswersConfig, answer: str) -> None:
    assert rewrite(record(question), config, 1).answer == answer


def test_a_root_whose_rounding_is_undecided_says_that_it_is_rounded() -> None:
    # 78.3900503… to two decimals is not 78.39 exactly, so the answer is marked as rounded.
    made = rewrite(record("计算 6145.00 的平方根？"), AnswersConfig(rationale="steps", decimals=2), 1)
    assert made.meta["rewritten"]["exact"] is False
    assert "78.390 ≈ 78.39" in made.answer


@pytest.mark.parametrize(
    ("question", "decimals", "answer"),
    [
        ("计算 3008.48 / 3439.46 等于多少？", 4, "3008.48 / 3439.46 ≈ 0.8747"),
        ("计算 1.00 / 8.00 等于多少？", 4, "1.00 / 8.00 = 0.125"),
        ("计算 1.00 / 8.00 等于多少？", 2, "1.00 / 8.00 ≈ 0.13"),
        ("计算 -1.00 / 8.00 等于多少？", 2, "-1.00 / 8.00 ≈ -0.13"),
        ("计算 0.01 / 9000.00 等于多少？", 2, "0.01 / 9000.00 ≈ 1.11E-6"),
        ("计算 3963.85 * -5055.68 等于多少？", 4, "3963.85 * -5055.68 = -20039957.1680"),
        ("计算 3963.85 * -5055.68 等于多少？", 2, "3963.85 * -5055.68 ≈ -20039957.17"),
        ("求以下数据的平均值：[86, 21, 18]", 2, "平均值约为 41.67"),
        ("求以下数据的平均值：[9, 50, 57, 94]", 2, "平均值为 52.5"),
        ("解方程 -5x + 0 = 0", 2, "方程的解为：0"),
        ("解方程 -81x + -45 = 0", 2, "方程的解约为：-0.56"),
        ("当 x = 4.03 时，求函数 y = 57x^54 的值", 4, "函数的值约为：2.7692E+34"),
        ("商品原价为 51 元，打折后的价格为 28 元，请计算打折的折扣比例。", 1, "≈ 45.1"),
        ("商品原价为 25 元，打折后的价格为 11 元，请计算打折的折扣比例。", 1, "56"),
        ("去年销售额为 12 万元，今年销售额增加了 77%，请计算今年的销售额。", 2, "21.24"),
        ("将分数 4/10 进行简化。", 2, "最简化的形式为：2/5"),
    ],
)
def test_rounding_without_rationale(question: str, decimals: int, answer: str) -> None:
    before = record(question)
    made = rewrite(before, AnswersConfig(decimals=decimals), 1)
    assert made.answer == answer
    assert judge(question, answer, before.answer).rules["rounded"]


def test_rounding_and_rationales_go_by_type() -> None:
    config = AnswersConfig(rationale={"mul": "steps"}, decimals={"div": 2})
    mul, div, add = (rewrite(record(f"计算 3.50 {sign} 1.50 等于多少？"), config, 1).answer for sign in ("*", "/", "+"))
    assert mul.endswith("\n答案：5.2500")
    assert div == "3.50 / 1.50 ≈ 2.33"
    assert add == "3.50 + 1.50 = 5.00"


def test_a_plus_sign_of_an_operand_is_dropped() -> None:
    made = rewrite(record("计算 +3.50 * -1.50 等于多少？"), SHORT, 1)
    assert (
        made.answer
        == "先定符号：3.50 * -1.50 = -(3.50 * 1.50)\n3.5 * 1.5 = 3.5 * (1 + 0.5) = 3.5 + 1.75 = 5.2500\n答案：-5.2500"
    )


def test_what_was_done_stands_in_the_record() -> None:
    made = rewrite(record("解方程 -81x + -45 = 0"), STEPS, 1)
    assert made.meta == {
        "type": "equation",
        "operands": ["-81", "-45"],
        "rewritten": {"rationale": "steps", "decimals": 4, "exact": False},
    }
    assert (made.id, made.question, made.source) == ("7", "解方程 -81x + -45 = 0", "corpus.json:8")


def test_a_wrong_solution_is_corrected_and_said_to_be() -> None:
    wrong = dataclasses.replace(record("计算 3.00 * 4.00 等于多少？"), answer="3.00 * 4.00 = 13.0000")
    made = rewrite(wrong, SHORT, 1)
    assert made.answer.endswith("答案：12.0000")
    assert made.meta["rewritten"]["corrected"] is True


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How many?", "There are $\\boxed{3000}$."),
        ("小明有 3 个苹果，又买了 4 个，一共几个？", "7"),
    ],
)
def test_free_form_problems_are_left_as_they_are(question: str, answer: str) -> None:
    before = Record("1", "math", question, answer)
    assert rewrite(before, STEPS, 1) is before


@pytest.mark.parametrize("question", ["解方程 0x + 5 = 0", f"计算 {'9' * 30}.5 * 3 等于多少？", "计算 2 的 99 次方？"])
def test_what_cannot_be_worked_keeps_its_answer_and_says_why(question: str) -> None:
    before = Record("1", "math", question, "无解")
    made = rewrite(before, STEPS, 1)
    assert (made.question, made.answer) == (before.question, "无解")
    assert question[:20] in made.meta["rewritten"]["skipped"]


def test_nothing_changes_by_default(shared_data: Path) -> None:
    lines = (shared_data / "contest/math_sample.jsonl").read_text(encoding="utf-8").splitlines()
    for number, row in enumerate(map(json.loads, lines)):
        before = Record(str(number), "math", row["problem"], row["solution"])
        assert rewrite(before, AnswersConfig(), 1) is before


def test_the_whole_contest_sample_gets_rationales_that_the_judge_calls_right(shared_data: Path) -> None:
    lines = (shared_data / "contest/math_sample.jsonl").read_text(encoding="utf-8").splitlines()
    explained = 0
    for number, row in enumerate(map(json.loads, lines)):
        made = rewrite(Record(str(number), "math", row["problem"], row["solution"]), STEPS, 1)
        if "rewritten" in made.meta:
            explained += 1
            assert "skipped" not in made.meta["rewritten"]
            assert judge(row["problem"], made.answer, row["solution"]).rules["rounded"], made
    assert explained == 977


def test_a_generator_that_errs_is_a_defect_and_nothing_is_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*arguments: Any) -> tuple[list[str], Rounded]:
        lines, result = worked(*arguments)
        return lines, Rounded(result.text[:-1] + str((int(result.text[-1]) + 1) % 10), result.exact)

    monkeypatch.setattr(rewriting, "worked", wrong)
    for question in ("计算 3.50 * 1.37 等于多少？", "计算 1.00 / 7.00 等于多少？"):
        with pytest.raises(KitError, match="generated answer"):
            rewrite(record(question), STEPS, 1)


@pytest.mark.parametrize(
    "line",
    [
        "3 * 4 = 13",
        "3 / 7 ≈ 0.42",
        "3 / 7 = 0.43",
        "3 / 7 ≈ 0.430",
        "78^2 = 6084 < 6000",
        "求和：3 + 4 = 8",
        "结论：3 + 4 = 7",
        "3 + 4 = 7 对",
        "286 / 6",
        "gcd(4,10) = 4",
        "x^2：3 * 3 = 9",
    ],
)
def test_the_evaluator_of_these_tests_finds_what_is_untrue(line: str) -> None:
    with pytest.raises(Untrue):
        check_rationale([line], ZH, Fraction(2), Fraction(3))


def test_the_evaluator_reads_expressions() -> None:
    assert evaluate("-(2 * 3 + 0.5)^2 / 4", Fraction(0)) == Fraction(-169, 16)
    assert evaluate("-81x + -45", Fraction(-5, 9)) == 0
    assert check_rationale(["Total: 2 + 0.5 = 2.5 ≈ 3, 1 < 2"], EN, Fraction(0), Fraction(3)) == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"rationale": {"mull": "steps"}},
        {"rationale": "all"},
        {"decimals": {"dvi": 2}},
        {"decimals": -1},
        {"decimals": {"div": 29}},
        {"final": "the value"},
        {"final": "in 2 steps: {value}"},
        {"final": "so {value}"},
        {"paraphrase": 1.5},
        {"permute_options": 24},
        {"unknown": 1},
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AnswersConfig(**settings)


@pytest.mark.parametrize(
    "final", ["The final answer is {value}", "\\boxed{{value}}", "final, {value}", "答案是{value}"]
)
@pytest.mark.parametrize("question", ["解方程 -81x + -45 = 0", "计算 3963.85 * -5055.68 等于多少？"])
def test_the_final_answer_is_found_however_it_is_marked(final: str, question: str) -> None:
    made = rewrite(Record("1", "math", question, "?"), AnswersConfig(rationale="steps", final=final), seed=1)
    before, after = final.split("{value}")
    last = made.answer.splitlines()[-1]
    assert last.startswith(before)
    assert last.endswith(after)
    assert check(question, made.answer).verdict in ("right", "equal", "rounded")
