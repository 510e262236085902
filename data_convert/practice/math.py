"""Practice math: the question and answer templates of the contest's corpus with operands a small model can handle.

The templates and the share of each type are those of the stage-1 corpus; only the operands are smaller, so that
a model of a million parameters can learn the arithmetic itself.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from core.text.records import Record
from data_convert.practice import Generator


@dataclass(frozen=True)
class Problem:
    """One math problem: the contest's question and answer texts, the bare expression that solves it, its value."""

    type: str
    question: str
    answer: str
    expression: str
    value: str


def _arithmetic(kind: str, sign: str, left: int, right: int, value: int) -> Problem:
    expression = f"{left} {sign} {right}"
    return Problem(kind, f"计算 {expression} 等于多少？", f"{expression} = {value}", expression, str(value))


def _add(rng: random.Random) -> Problem:
    left, right = rng.randrange(50), rng.randrange(50)
    return _arithmetic("add", "+", left, right, left + right)


def _sub(rng: random.Random) -> Problem:
    left, right = rng.randrange(50), rng.randrange(50)
    return _arithmetic("sub", "-", left, right, left - right)


def _factors(rng: random.Random) -> tuple[int, int]:
    factors = [rng.randrange(2, 16), rng.randrange(2, 10)]
    rng.shuffle(factors)
    return factors[0], factors[1]


def _mul(rng: random.Random) -> Problem:
    left, right = _factors(rng)
    return _arithmetic("mul", "*", left, right, left * right)


def _div(rng: random.Random) -> Problem:
    quotient, divisor = _factors(rng)
    return _arithmetic("div", "/", quotient * divisor, divisor, quotient)


def _power(rng: random.Random) -> Problem:
    base, exponent = rng.choice([(rng.randrange(-20, 21), 2), (rng.randrange(2, 10), 3), (rng.randrange(2, 40), 1)])
    expression, value = f"{base}^{exponent}", base**exponent
    return Problem("power", f"计算 {base} 的 {exponent} 次方？", f"{expression} = {value}", expression, str(value))


def _sqrt(rng: random.Random) -> Problem:
    root = rng.randrange(2, 41)
    expression = f"√{root * root}"
    return Problem("sqrt", f"计算 {root * root} 的平方根？", f"{expression} = {root}", expression, str(root))


def _equation(rng: random.Random) -> Problem:
    a, x = rng.choice([-1, 1]) * rng.randrange(2, 13), rng.randrange(-9, 10)
    b, value = -a * x, str(float(x))
    return Problem("equation", f"解方程 {a}x + {b} = 0", f"方程的解为：{value}", f"{-b} / {a}", value)


def _function(rng: random.Random) -> Problem:
    x, coefficient, exponent = rng.randrange(2, 8), rng.randrange(3, 13), rng.randrange(1, 4)
    question = f"当 x = {x} 时，求函数 y = {coefficient}x^{exponent} 的值"
    value = str(coefficient * x**exponent)
    return Problem("function", question, f"函数的值为：{value}", f"{coefficient} * {x}^{exponent}", value)


def _mean(rng: random.Random) -> Problem:
    numbers = [rng.randrange(1, 30) for _ in range(rng.randrange(3, 5))]
    inside = ", ".join(str(number) for number in numbers)
    total = " + ".join(str(number) for number in numbers)
    value = str(sum(numbers) / len(numbers))
    return Problem("mean", f"求以下数据的平均值：[{inside}]", f"平均值为 {value}", f"({total}) / {len(numbers)}", value)


def _area(rng: random.Random) -> Problem:
    length, width = _factors(rng)
    question = f"一个长方形的长为 {length} 厘米，宽为 {width} 厘米，请计算其面积。"
    value = str(length * width)
    return Problem("area", question, f"面积为 {value} 平方厘米", f"{length} * {width}", value)


def _mass(rng: random.Random) -> Problem:
    density, volume = _factors(rng)
    question = f"某物体的密度为 {density} 克/立方厘米，体积为 {volume} 立方厘米，请计算该物体的质量。"
    value = str(density * volume)
    return Problem("mass", question, f"{value} 克", f"{density} * {volume}", value)


def _discount(rng: random.Random) -> Problem:
    price = rng.choice([10, 20, 25, 50])
    reduced = rng.randrange(1, price)
    question = f"商品原价为 {price} 元，打折后的价格为 {reduced} 元，请计算打折的折扣比例。"
    value = str((price - reduced) / price * 100)
    return Problem("discount", question, value, f"({price} - {reduced}) / {price} * 100", value)


def _sales(rng: random.Random) -> Problem:
    before, percent = rng.randrange(1, 20) * 10, rng.randrange(1, 10) * 10
    question = f"去年销售额为 {before} 万元，今年销售额增加了 {percent}%，请计算今年的销售额。"
    value = str(before * (100 + percent) // 100)
    return Problem("sales", question, value, f"{before} * (100 + {percent}) / 100", value)


# Shares of the de-duplicated stage-1 corpus, in tenths of a percent; English problems are left out.
_TYPES: dict[Callable[[random.Random], Problem], int] = {
    _add: 164,
    _sub: 163,
    _mul: 164,
    _div: 164,
    _sqrt: 71,
    _power: 71,
    _equation: 73,
    _function: 37,
    _mean: 36,
    _area: 16,
    _discount: 12,
    _sales: 12,
    _mass: 4,
}


def problems(rng: random.Random) -> Iterator[Problem]:
    """Yield practice problems without end, the types in the contest's proportions; duplicates occur."""
    makers, weights = list(_TYPES), list(_TYPES.values())
    while True:
        yield rng.choices(makers, weights)[0](rng)


def records(count: int, seed: int, exclude: frozenset[str] = frozenset()) -> list[Record]:
    """Make `count` records with distinct questions, none of them in `exclude`.

    Args:
        count: number of records; the types hold some 8,000 distinct questions in all.
        seed: the same seed gives the same records.
        exclude: question texts that must not occur (those of the other side of a split).
    """
    made: list[Record] = []
    seen = set(exclude)
    for problem in problems(random.Random(seed)):
        if len(made) == count:
            break
        if problem.question in seen:
            continue
        seen.add(problem.question)
        number = len(made)
        meta = {"type": problem.type}
        made.append(
            Record(f"math-{seed}-{number}", "math", problem.question, problem.answer, f"practice:{number}", meta)
        )
    return made


class MathGenerator(Generator):
    """Train and test questions differ because those that are tested are left out."""

    def test_records(self, count: int, seed: int) -> list[Record]:
        """See `Generator`."""
        return records(count, seed)

    def train_records(self, count: int, seed: int, test: Sequence[Record]) -> list[Record]:
        """See `Generator`."""
        return records(count, seed, exclude=frozenset(record.question for record in test))


GENERATOR = MathGenerator()
