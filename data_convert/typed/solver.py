"""The exact solver of the stage-1 corpus: question and solution texts to the last digit, and exact values.

The corpus was computed with Python's numbers: `decimal` in its default context of 28 digits (the four operations,
powers, roots, functions) and float64 (equations, means, discounts, sales). The order of the operations below is the
corpus' own; another order gives other last digits of a float.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import Context, Decimal
from fractions import Fraction

from core.errors import InputError
from core.tasks.math import MathQuestion

_CORPUS = Context(prec=28, traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow])
# Irrational values: enough to tell any rounding of 28 digits from its neighbours.
_FINE = Context(prec=60, traps=[decimal.InvalidOperation, decimal.Overflow])
# An exact power with more digits than this is no answer to any question of such a contest, and costs time.
_MOST_DIGITS = 20_000
_QUESTIONS = {
    "add": "计算 {} + {} 等于多少？",
    "sub": "计算 {} - {} 等于多少？",
    "mul": "计算 {} * {} 等于多少？",
    "div": "计算 {} / {} 等于多少？",
    "power": "计算 {} 的 {} 次方？",
    "sqrt": "计算 {} 的平方根？",
    "fraction": "将分数 {}/{} 进行简化。",
    "equation": "解方程 {}x + {} = 0",
    "function": "当 x = {} 时，求函数 y = {}x^{} 的值",
    "area": "一个长方形的长为 {} 厘米，宽为 {} 厘米，请计算其面积。",
    "mass": "某物体的密度为 {} 克/立方厘米，体积为 {} 立方厘米，请计算该物体的质量。",
    "discount": "商品原价为 {} 元，打折后的价格为 {} 元，请计算打折的折扣比例。",
    "sales": "去年销售额为 {} 万元，今年销售额增加了 {}%，请计算今年的销售额。",
}

_SOLUTIONS = {
    "add": "{} + {} = {value}",
    "sub": "{} - {} = {value}",
    "mul": "{} * {} = {value}",
    "div": "{} / {} = {value}",
    "power": "{}^{} = {value}",
    "sqrt": "√{} = {value}",
    "fraction": "最简化的形式为：{value}",
    "mean": "平均值为 {value}",
    "equation": "方程的解为：{value}",
    "function": "函数的值为：{value}",
    "area": "面积为 {value} 平方厘米",
    "mass": "{value} 克",
    "discount": "{value}",
    "sales": "{value}",
}


def question_text(question: MathQuestion) -> str:
    """Return the corpus' question with these operands: the inverse of `core.tasks.math.recognise`.

    Raises:
        InputError: the type has no template ("english", "other").
    """
    if question.type == "mean":
        return f"求以下数据的平均值：[{', '.join(question.operands)}]"
    template = _QUESTIONS.get(question.type)
    if template is None:
        raise _no_template(question)
    return template.format(*question.operands)


def solution(question: MathQuestion) -> str:
    """Return the corpus' solution text, to the last digit; InputError as of `digits`."""
    return worded(question, digits(question))


def worded(question: MathQuestion, number: str) -> str:
    """Return the corpus' solution text with `number` as its value."""
    return _SOLUTIONS[question.type].format(*question.operands, value=number)


def digits(question: MathQuestion) -> str:
    """Return the number of the corpus' solution, to the last digit (p/q of type "fraction").

    Raises:
        InputError: the type has no template, or the question has no solution (division by zero, root of a negative
            number, an equation without x, a result beyond all bounds).
    """
    solve = _DIGITS.get(question.type)
    if solve is None:
        raise _no_template(question)
    try:
        return solve(*question.operands)
    except (ArithmeticError, ValueError) as error:
        raise _no_solution(question) from error


def value(question: MathQuestion) -> Fraction | Decimal:
    """Return the exact value that a question asks for; one that is irrational as a Decimal of 60 digits.

    Raises:
        InputError: as of `solution`, and where the exact value of a power has more than 20,000 digits.
    """
    evaluate = _VALUES.get(question.type)
    if evaluate is None:
        raise _no_template(question)
    try:
        return evaluate(*question.operands)
    except (ArithmeticError, ValueError) as error:
        raise _no_solution(question) from error


def _no_template(question: MathQuestion) -> InputError:
    return InputError(f"a question of type {question.type!r} has no template of the corpus, and no solver")


def _no_solution(question: MathQuestion) -> InputError:
    shown = question_text(question)
    return InputError(f"{shown[:80]!r} has no solution that can be computed: leave out or correct the record")


# --- the corpus' digits -----------------------------------------------------------------------------------------------


def _decimal(operation: Callable[..., Decimal]) -> Callable[..., str]:
    def solve(*operands: str) -> str:
        return str(operation(*map(Decimal, operands)))

    return solve


def _fraction(top: str, bottom: str) -> str:
    reduced = Fraction(int(top), int(bottom))
    return f"{reduced.numerator}/{reduced.denominator}"


def _mean(*data: str) -> str:
    return _float(sum(map(_number, data)) / len(data))


def _equation(a: str, b: str) -> str:
    return _float(-_number(b) / _number(a))


def _function(x: Decimal, coefficient: Decimal, exponent: Decimal) -> Decimal:
    return _CORPUS.multiply(coefficient, _CORPUS.power(x, exponent))


def _discount(price: str, reduced: str) -> str:
    before, after = _number(price), _number(reduced)
    return _float((before - after) / before * 100)


def _sales(last_year: str, percent: str) -> str:
    before = _number(last_year)
    return _float(before + before * _number(percent) / 100)


def _number(text: str) -> int | float:
    """Read an operand as the corpus' generator held it: whole numbers as int, whose division rounds only once."""
    return float(text) if "." in text else int(text)


def _float(number: float) -> str:
    if not math.isfinite(number):
        raise OverflowError("beyond float64")
    return repr(float(number))


_DIGITS: dict[str, Callable[..., str]] = {
    "add": _decimal(_CORPUS.add),
    "sub": _decimal(_CORPUS.subtract),
    "mul": _decimal(_CORPUS.multiply),
    "div": _decimal(_CORPUS.divide),
    "power": _decimal(_CORPUS.power),
    "sqrt": _decimal(_CORPUS.sqrt),
    "fraction": _fraction,
    "mean": _mean,
    "equation": _equation,
    "function": _decimal(_function),
    "area": _decimal(_CORPUS.multiply),
    "mass": _decimal(_CORPUS.multiply),
    "discount": _discount,
    "sales": _sales,
}

# --- exact values -----------------------------------------------------------------------------------------------------


def _ratio(number: str) -> Fraction:
    # Three times as fast as to let Fraction read the text itself.
    return Fraction(Decimal(number))


def _exact_power(base: str, exponent: str) -> Fraction | Decimal:
    number, power = _ratio(base), _ratio(exponent)
    if power.denominator != 1:
        return _FINE.power(Decimal(base), Decimal(exponent))
    if abs(power.numerator) * len(base) > _MOST_DIGITS:
        raise OverflowError("too many digits")
    if number == 0 and power == 0:
        raise ZeroDivisionError("0^0")
    return number**power.numerator


def _exact_function(x: str, coefficient: str, exponent: str) -> Fraction | Decimal:
    power = _exact_power(x, exponent)
    if isinstance(power, Decimal):
        return _FINE.multiply(power, Decimal(coefficient))
    return power * _ratio(coefficient)


def _exact_sqrt(number: str) -> Fraction | Decimal:
    square = _ratio(number)
    if square < 0:
        raise ValueError("a negative number has no root")
    top, bottom = math.isqrt(square.numerator), math.isqrt(square.denominator)
    if top * top == square.numerator and bottom * bottom == square.denominator:
        return Fraction(top, bottom)
    return _FINE.sqrt(Decimal(number))


_VALUES: dict[str, Callable[..., Fraction | Decimal]] = {
    "add": lambda left, right: _ratio(left) + _ratio(right),
    "sub": lambda left, right: _ratio(left) - _ratio(right),
    "mul": lambda left, right: _ratio(left) * _ratio(right),
    "div": lambda left, right: _ratio(left) / _ratio(right),
    "power": _exact_power,
    "sqrt": _exact_sqrt,
    "fraction": lambda top, bottom: Fraction(int(top), int(bottom)),
    "mean": lambda *data: sum(map(_ratio, data), Fraction(0)) / len(data),
    "equation": lambda a, b: -_ratio(b) / _ratio(a),
    "function": _exact_function,
    "area": lambda length, width: _ratio(length) * _ratio(width),
    "mass": lambda density, volume: _ratio(density) * _ratio(volume),
    "discount": lambda price, reduced: (_ratio(price) - _ratio(reduced)) / _ratio(price) * 100,
    "sales": lambda last_year, percent: _ratio(last_year) * (100 + _ratio(percent)) / 100,
}
