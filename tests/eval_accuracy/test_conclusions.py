"""Conclusions in words that were once overlooked, each right where it is right and wrong where another value stands."""

from __future__ import annotations

import pytest

from eval_accuracy.judges.math import judge

ADD = ("计算 3.5 + 4.25 等于多少？", "3.5 + 4.25 = 7.75")
ROOT = ("计算 12.25 的平方根？", "√12.25 = 3.5")
AREA = ("一个长方形的长为 57 厘米，宽为 84 厘米，请计算其面积。", "面积为 4788 平方厘米")
TIMES = ("What is 12.5 times 8.5?", "12.5 * 8.5 = 106.25")


# The pair, texts around `@`, the right value, wrong ones.
@pytest.mark.parametrize(
    ("pair", "text", "right"),
    [
        # what is done, and what comes of it
        (ADD, "先有 9.5 这个数。\n把两个数代入就有 3.5 + 4.25 = @。", "7.75"),
        (ADD, "第二行得到 9.5。\n将它们相加可得 3.5 + 4.25 = @", "7.75"),
        (ADD, "得到 9.5，再整理。\n\n可知和 = @", "7.75"),
        (ADD, "最后可知和是 @，因为前面得到了 9.5。", "7.75"),
        # an estimate before
        (TIMES, "An estimate gives 96; the precise answer is @.", "106.25"),
        (TIMES, "A rough estimate is 96, its true value is @.", "106.25"),
        # verbs
        (TIMES, "It all comes down to $@$.", "106.25"),
        (TIMES, "So the whole thing comes down to @. Have a nice day!", "106.25"),
        # remarks on what stood in between, and in another unit
        (TIMES, "The product is @. Here 99.5 was a value along the way.", "106.25"),
        (ADD, "所以和为 @。其中 9.5 是过程量。", "7.75"),
        (AREA, "The area is @ cm², equal to 47.88 square decimetres.", "4788"),
        # equations over two lines
        (ROOT, "解：原式 = √12.25\n　　= @", "3.5"),
        (ADD, "原式 = 3.5 + 4.25\n= @", "7.75"),
        # a label right behind which the number stands
        (ROOT, "答：平方根：@", "3.5"),
        (ROOT, "Answer: 平方根：@。", "3.5"),
        # a line that begins as a task does
        (ADD, "先看 9.5。\n计算表明，和为 @。", "7.75"),
        (ADD, "分 2 步。\n计算下来，和是 @", "7.75"),
    ],
)
def test_a_conclusion_counts_in_both_directions(pair: tuple[str, str], text: str, right: str) -> None:
    assert judge(pair[0], text.replace("@", right), pair[1]).rules["exact"]
    for wrong in (f"-{right}", f"1{right}", "0.25"):
        assert not any(judge(pair[0], text.replace("@", wrong), pair[1]).rules.values()), wrong


@pytest.mark.parametrize("text", ["现在计算 7.75 =", "Now we compute 7.75 =", "An estimate gives 7.75."])
def test_what_is_not_finished_is_no_answer(text: str) -> None:
    assert not judge(ADD[0], text, ADD[1]).rules["exact"]
