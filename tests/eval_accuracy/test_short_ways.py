"""What is read by a short way (a form read before, an equation, the end of a text) is what the whole text says."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.made_answers import SETS
from benchmarks.made_answers.groups import GROUPS
from core.tasks.math import FREE_TYPES, recognise
from eval_accuracy.extraction.echo import own_text
from eval_accuracy.extraction.reader import Trace, read_answer

# Texts around numbers (`@`) as they are written, and as they must not be taken for a form.
TEXTS = [
    "方程的解为：@",
    "面积为 @ 平方厘米",
    "@ 克",
    "@",
    "-@ 。",
    "答案是第@种",
    "结果约为 @，精确到 0.01",
    "误差不超过 @",
    "保留@位小数",
    "第@步的结果",
    "\\boxed{@}",
    "答案：$@$",
    "x = @ cm^2",
    "一百二十三，@",
    "the answer is @ percent",
    "possibly @",
    "答案：@%",
    "@ + @ = @",
    "(@ + @) * @ = @",
    "(2) @ = @",
    "√@ = @",
    "2. @ = @",
    "@ 页",
    "负@",
    "答案@：7",
    "the answer is @, or @",
    "@的平方根是@",
    "最简化的形式为：@/@",
    "函数的值为：@E+@",
    "答案：@e-@ cm",
    "@/@ 折",
]
BEFORE = [
    "",
    "@ + @ = @\n",
    "检验：@ = @\n",
    "答案一：@\n答案二：@\n",
    "<answer>@</answer>\n",
    "最终答案\n",
    "等等，不对。\n",
    "我不知道\n",
    "假设 x = @，\n",
    "To check, estimate: @ + @\n",
    "因为 @，所以 @。\n\n",
    "The answer is @.\n",
]
BEHIND = ["", "\n", "。", "\n\n希望对你有帮助！", "\n检验：@ + @ = @", " ", "\n答案是 @", "，或者 @", "\n(@ cm)"]


def _filled(text: str, rng: random.Random) -> str:
    parts = text.split("@")
    return "".join(part + _number(rng) for part in parts[:-1]) + parts[-1]


def _number(rng: random.Random) -> str:
    digits = rng.choice((f"{rng.randint(0, 12)}", f"{rng.randint(0, 99999)}", f"{rng.random():.{rng.randint(1, 17)}f}"))
    return rng.choice(("", "", "-")) + rng.choice((digits, digits, "100", "0.01", "0.5", "1000"))


def _is_same_both_ways(text: str, question: str, kind: str = "add", words: bool = False) -> None:
    fractions = kind in FREE_TYPES
    whole = read_answer(text, question, kind, fractions, words, Trace())
    short = read_answer(text, question, kind, fractions, words)
    assert short == whole, (text, question)
    if short and whole and short.number and whole.number:  # 1.0 is not written as 1 is
        assert str(dataclasses.astuple(short)) == str(dataclasses.astuple(whole))


@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("before", BEFORE)
def test_texts_of_a_form_are_read_as_they_are_without_it(before: str, behind: str) -> None:
    rng = random.Random(before + behind)
    for text in TEXTS:
        for _ in range(2):
            question = _filled("计算 @ + @ 等于多少？", rng)
            _is_same_both_ways(_filled(before + text + behind, rng), question, rng.choice(("add", "area", "other")))


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("group", ["contest", "natural", "free"])
def test_made_answers_are_read_the_same_both_ways(group: str, name: str) -> None:
    for made in GROUPS[group].draw(100, name, "short ways"):
        kind = recognise(made.question).type
        _is_same_both_ways(made.reference, "", kind, words=kind in FREE_TYPES)
        _is_same_both_ways(own_text(made.text, made.question, made.prompt).text, made.question, kind)


@settings(max_examples=100, deadline=None)
@given(
    before=st.text(alphabet="答案是为： \n所以x=-.$（）,，。k或不第", max_size=12),
    behind=st.text(alphabet="。元%个\n 步,，)）$k+是答案", max_size=6),
    numbers=st.lists(
        st.from_regex(r"-?[0-9]{1,7}(\.[0-9]{1,9})?(/[0-9]{1,3}|e-?[0-9])?", fullmatch=True), min_size=3, max_size=3
    ),
)
def test_any_words_are_read_the_same_around_any_number(before: str, behind: str, numbers: list[str]) -> None:
    for number in numbers:
        _is_same_both_ways(before + number + behind, "当 x = 3 时，求函数 y = 12.5x ^ 2 的值")
