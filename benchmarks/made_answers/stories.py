"""Word problems and how models conclude them: the value in the middle of a sentence, with other numbers around it.

@a and @b are numbers of the question, @s and @d and @p their sum, difference and product, @v the announced value, @j
another number. A story is (question, which of s, d, p is asked for, what is said before, conclusions); the conclusions
of the sets share no wording.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.made_answers import Made, stories_five, stories_four, stories_three
from benchmarks.made_answers.numerals import chinese, english


@dataclass(frozen=True)
class Story:
    """A word problem."""

    language: str
    question: str
    asked: str
    before: tuple[str, ...]
    conclusions: tuple[str, ...]


ONE = (
    Story(
        "en",
        "Maria had @a apples and gave @b away. How many are left?",
        "d",
        ("She starts with @a apples and gives @b away. ", "@a - @b = @d. ", ""),
        ("So Maria has @v apples left.", "Maria has @v apples left.", "The answer is @v apples.", "There are @v left."),
    ),
    Story(
        "en",
        "A box holds @a pencils. How many pencils are in @b boxes?",
        "p",
        ("Each box holds @a pencils. ", "@a * @b = @p. ", ""),
        (
            "In total there are @v pencils.",
            "So there are @v pencils in @b boxes.",
            "The total is @v pencils, altogether.",
        ),
    ),
    Story(
        "zh",
        "小明有 @a 本书，又买了 @b 本，一共有多少本？",
        "s",
        ("原来有 @a 本，又买了 @b 本。", "@a + @b = @s，", ""),
        ("所以小明一共有 @v 本书。", "一共有 @v 本。", "答：小明一共有@v本书。"),
    ),
    Story(
        "zh",
        "一支笔 @a 元，买 @b 支要多少元？",
        "p",
        ("每支 @a 元，", "@a × @b = @p（元）。", ""),
        ("所以要 @v 元。", "答：要@v元。", "一共需要 @v 元钱。"),
    ),
)
TWO = (
    Story(
        "en",
        "Tom ran @a metres on Monday and @b metres on Tuesday. How far did he run on both days?",
        "s",
        ("Monday adds @a metres, Tuesday @b. ", "Both days count: @a + @b makes @s. ", ""),
        (
            "Over the 2 days Tom covered @v metres.",
            "That makes a distance of @v metres for Monday and Tuesday.",
            "Tom ran @v m in 2 days, which is more than the @a m of Monday alone.",
            "He ran @v metres in all, @j metres of which were uphill.",
            "His total distance over both days comes to @v metres.",
            "Tom's distance: @v metres",
        ),
    ),
    Story(
        "en",
        "A ticket costs $@a. What do @b tickets cost?",
        "p",
        ("Every ticket is $@a. ", "Multiply: $@a times @b tickets. ", ""),
        (
            "The @b tickets will set you back $@v.",
            "You would have to pay $@v for all @b of them.",
            "All @b tickets together cost **$@v**.",
            "It costs \\$@v to buy @b tickets.",
            "That's $@v, not counting the fee of $@j.",
            "@v dollars is what @b tickets cost.",
        ),
    ),
    Story(
        "en",
        "Of @a seats in the hall, @b are taken. How many are free?",
        "d",
        ("There are @a seats, and people sit on @b of them. ", "Take @b from @a. ", ""),
        (
            "This leaves @v seats free out of @a.",
            "Thus @v of the @a seats are still free.",
            "@v seats remain.",
            "We are left with @v free seats, so 2 more families can come.",
            "The number of free seats is therefore @v.",
        ),
    ),
    Story(
        "zh",
        "果园里有 @a 棵梨树，砍掉 @b 棵，还剩多少棵？",
        "d",
        ("梨树本来有 @a 棵，", "从 @a 棵里减去 @b 棵，", ""),
        (
            "果园里还剩下 @v 棵梨树。",
            "剩余的梨树为 @v 棵，比原来少了 @b 棵。",
            "砍完之后还有@v棵梨树。",
            "这样就只剩 @v 棵了，第 2 年再补种。",
            "还剩的棵数：@v",
        ),
    ),
    Story(
        "zh",
        "一辆车每小时行 @a 千米，@b 小时行多少千米？",
        "p",
        ("速度是每小时 @a 千米，", "路程等于速度乘时间：@a × @b。", ""),
        (
            "@b 小时能行 @v 千米。",
            "因此这辆车 @b 小时行驶的路程为 @v 千米。",
            "汽车共行驶了@v千米。",
            "路程是 @v km，够往返 2 次了。",
            "总共走了 @v 千米，平均每小时 @a 千米。",
        ),
    ),
    Story(
        "zh",
        "上午卖出 @a 瓶水，下午卖出 @b 瓶，全天卖出多少瓶？",
        "s",
        ("上午 @a 瓶，下午 @b 瓶，", "把两次的数量加在一起，", ""),
        (
            "全天卖出了 @v 瓶水。",
            "这一天总共卖掉 @v 瓶，其中上午 @a 瓶。",
            "全天的销量是 @v 瓶。",
            "合计 @v 瓶（上午 @a 瓶、下午 @b 瓶）。",
        ),
    ),
)
THREE = tuple(Story(*told) for told in stories_three.STORIES)
FOUR = tuple(Story(*told) for told in stories_four.STORIES)
FIVE = tuple(Story(*told) for told in stories_five.STORIES)
_SETS = {"one": ONE, "two": TWO, "three": THREE, "four": FOUR, "five": FIVE}
_MARK = re.compile("@([absdpvj])")
# "$@v": beside a sign, a number is not written in words.
_BESIDE_SIGN = re.compile(r"[$¥￥€={]\s*@v|@v k?m ")


def answers(count: int, name: str, seed: str) -> Iterator[Made]:
    """Yield `count` concluded stories of set `name`; the same for the same seed."""
    rng = random.Random(f"stories:{name}:{seed}")
    for _ in range(count):
        yield _made(rng, rng.choice(_SETS[name]))


def _made(rng: random.Random, story: Story) -> Made:
    b = rng.randint(3, 40)
    a = b + rng.randint(2, 200)
    numbers = {"a": a, "b": b, "s": a + b, "d": a - b, "p": a * b, "j": rng.randint(2, 60)}
    gold = numbers[story.asked]
    right = rng.random() < 0.55
    value = gold if right else _near(rng, gold)
    numbers["v"] = value

    def fill(text: str) -> str:
        marks = {name: str(number) for name, number in numbers.items()}
        if "@v" in text:
            in_words = not _BESIDE_SIGN.search(text)
            marks["v"] = _spelled(rng, value, story.language if in_words else "")
        return _MARK.sub(lambda match: marks[match[1]], text)

    solution = f"{numbers['a']} and {numbers['b']} give {gold}.\n#### {gold}"
    text = fill(rng.choice(story.before)) + fill(rng.choice(story.conclusions))
    return Made("story conclusion", f"{story.language}/{story.asked}", fill(story.question), solution, text, right)


def _near(rng: random.Random, gold: int) -> int:
    return rng.choice([number for number in (gold + 1, gold - 1, gold + 10, gold * 10, gold + 100) if number > 1])


def _spelled(rng: random.Random, value: int, language: str) -> str:
    way = rng.random()
    if way < 0.7:
        return str(value)
    if way < 0.85 or not language:
        return f"{value:,}"
    return chinese(str(value)) if language == "zh" else english(value)
