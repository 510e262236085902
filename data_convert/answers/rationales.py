"""Rationales of the kit's own design: how each type of math question is worked, step by step."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from math import gcd

from core.errors import InputError
from core.math_types import MathQuestion
from data_convert.answers.rounding import EXACT, Rounded, plain, rounded
from data_convert.answers.wording import Wording
from data_convert.answers.working import Working
from data_convert.typed.solver import question_text, value

# Where no rounding was asked for, a number without end is worked to so many decimals.
ENDLESS_DECIMALS = 4
ENDLESS = frozenset({"div", "sqrt", "mean", "equation", "discount"})
# Beyond these a worked solution is longer than any sequence a contest trains on.
_LONGEST_OPERAND, _MOST_NUMBERS, _MOST_FACTORS, _MOST_SQUARINGS = 12, 20, 5, 10
# Digits of the intermediate results of a long power: a few more than its value is rounded to.
_SPARE_DIGITS = 4


def decimals_for(asked: MathQuestion, decimals: int | None) -> int | None:
    """Return the decimals a rationale ends with: those asked for, or those that keep an endless number short.

    Args:
        asked: the question.
        decimals: the rounding policy for its type; None: as exact as can be.
    """
    if decimals is None and (asked.type in ENDLESS or (asked.type == "function" and not _is_short(asked))):
        return ENDLESS_DECIMALS
    return decimals


def worked(asked: MathQuestion, wording: Wording, detailed: bool, decimals: int | None) -> tuple[list[str], Rounded]:
    """Return the worked lines of a templated question, and the result they arrive at.

    Args:
        asked: the question; it must have a solution.
        wording: the language of the labels.
        detailed: every step, or only the key equations.
        decimals: as `decimals_for` returns them; None: the result is exact. Fractions are not rounded.

    Raises:
        InputError: the operands are beyond what can be worked on paper.
    """
    fits = len(asked.operands) <= _MOST_NUMBERS and all(len(text) <= _LONGEST_OPERAND for text in asked.operands)
    if not fits or (asked.type in ("power", "function") and not _is_whole(asked.operands[-1])):
        raise InputError(f"{question_text(asked)[:80]!r} has operands too long to work on paper")
    work = Working(wording, detailed)
    result = _WORKERS[asked.type](work, asked, decimals)
    return work.lines, result


def _is_whole(exponent: str) -> bool:
    return exponent.isdigit() and int(exponent).bit_length() <= _MOST_SQUARINGS


def _is_short(asked: MathQuestion) -> bool:
    return int(asked.operands[-1]) <= _MOST_FACTORS if _is_whole(asked.operands[-1]) else True


def _unsigned(text: str) -> str:
    return text.lstrip("+-")


def _is_negative(text: str) -> bool:
    return text.startswith("-") and any(character in "123456789" for character in text)


def _arithmetic(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    """Add or subtract: signs first, then whole numbers and decimals apart."""
    left, right = asked.operands
    first, second = _unsigned(left), _unsigned(right)
    first_negative = _is_negative(left)
    second_negative = _is_negative(right) != (asked.type == "sub")
    adds = first_negative == second_negative
    swapped = not adds and Decimal(first) < Decimal(second)
    if swapped:
        first, second = second, first
    negative = (second_negative if swapped else first_negative) if not adds else first_negative
    plain_form = f"{first} {'+' if adds else '-'} {second}"
    original = f"{left} {'+' if asked.type == 'add' else '-'} {right}"
    shown = f"-({plain_form})" if negative else plain_form
    if shown != original:
        work.write(f"{original} = {shown}", label=work.wording.sign)
    return work.rounding(_add(work, Decimal(first), Decimal(second), adds), decimals).signed(negative)


def _add(work: Working, left: Decimal, right: Decimal, adds: bool) -> Decimal:
    """Write one addition or subtraction of numbers that are not negative."""
    sign, operation = ("+", EXACT.add) if adds else ("-", EXACT.subtract)
    total = operation(left, right)
    wholes = Decimal(int(left)), Decimal(int(right))
    rests = EXACT.subtract(left, wholes[0]), EXACT.subtract(right, wholes[1])
    if not work.detailed or not all(wholes) or not all(rests):
        work.write(f"{left} {sign} {right} = {total}")
        return total
    whole, rest = operation(*wholes), operation(*rests)
    joined = f"{whole} {'-' if rest < 0 else '+'} {abs(rest)} = {total}"
    work.write(f"{wholes[0]} {sign} {wholes[1]} = {whole}", f"{rests[0]} {sign} {rests[1]} = {rest}", joined)
    return total


def _signs(work: Working, asked: MathQuestion, operator: str) -> tuple[Decimal, Decimal, bool]:
    """Write the sign of a product or quotient first; return the unsigned operands and the sign."""
    left, right = asked.operands
    negative = _is_negative(left) != _is_negative(right)
    first, second = _unsigned(left), _unsigned(right)
    if (first, second) != (left, right):
        inner = f"{first} {operator} {second}"
        shown = f"-({inner})" if negative else inner
        work.write(f"{left} {operator} {right} = {shown}", label=work.wording.sign)
    return Decimal(first), Decimal(second), negative


def _mul(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    first, second, negative = _signs(work, asked, "*")
    return work.rounding(work.product(first, second), decimals).signed(negative)


def _div(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    first, second, negative = _signs(work, asked, "/")
    return work.quotient(first, second, decimals or 0).signed(negative)


def _power(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    base, exponent = asked.operands[0], int(asked.operands[1])
    shown = f"({base})" if base.startswith("-") else base
    if exponent > _MOST_FACTORS:
        raise InputError(f"{question_text(asked)[:80]!r} has an exponent too large to multiply out")
    if exponent < 2:
        number = Decimal(base) if exponent else Decimal(1)
        work.write(f"{shown}^{exponent} = {plain(number)}", label="" if exponent else work.wording.zero_power)
        return work.rounding(number, decimals)
    negative = _is_negative(base) and exponent % 2 == 1
    if base.startswith("-"):
        unsigned = f"{_unsigned(base)}^{exponent}"
        label = work.wording.odd if exponent % 2 else work.wording.even
        work.write(f"{shown}^{exponent} = {'-' if exponent % 2 else ''}({unsigned})", label=label)
    return work.rounding(work.power(Decimal(_unsigned(base)), exponent), decimals).signed(negative)


def _sqrt(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    return work.root(Decimal(asked.operands[0]), decimals or 0)


def _fraction(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    """Reduce by the greatest common divisor, found by Euclid's algorithm."""
    top, bottom = (abs(int(text)) for text in asked.operands)
    negative = _is_negative(asked.operands[0]) != _is_negative(asked.operands[1])
    divisor = gcd(top, bottom)
    if work.detailed:
        larger, smaller = max(top, bottom), min(top, bottom)
        while smaller:
            work.write(f"{larger} = {smaller} * {larger // smaller} + {larger % smaller}")
            larger, smaller = smaller, larger % smaller
    work.write(f"gcd({top},{bottom}) = {divisor}", label=work.wording.divisor)
    result = f"{top // divisor}/{bottom // divisor}"
    work.write(f"{top}/{bottom} = ({top} / {divisor})/({bottom} / {divisor}) = {result}", label=work.wording.reduce)
    return Rounded(result, True).signed(negative)


def _mean(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    total = work.sum([Decimal(text) for text in asked.operands])
    count = Decimal(len(asked.operands))
    shown = f"-({plain(-total)} / {count})" if total < 0 else f"{plain(total)} / {count}"
    if work.detailed:
        work.write(f"{plain(total)} / {count}" + (f" = {shown}" if total < 0 else ""), label=work.wording.mean)
    return work.quotient(abs(total), count, decimals or 0).signed(total < 0)


def _equation(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    """Solve ax + b = 0: the constant to the other side, then a division."""
    a, b = Decimal(asked.operands[0]), Decimal(asked.operands[1])
    right = -b if b else Decimal(0)
    negative = bool(right) and (right < 0) != (a < 0)
    work.write(f"{plain(a)}x = {plain(right)}", label=work.wording.move)
    inner = f"{plain(abs(right))} / {plain(abs(a))}"
    shown = f"-({inner})" if negative else inner
    original = f"{plain(right)} / {plain(a)}"
    work.write(f"x = {original}" + (f" = {shown}" if shown != original else ""), label=work.wording.divide)
    return work.quotient(abs(right), abs(a), decimals or 0).signed(negative)


def _discount(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    price, reduced = map(Decimal, asked.operands)
    saved = EXACT.subtract(price, reduced)
    hundredfold = EXACT.multiply(saved, Decimal(100))
    negative = bool(saved) and (saved < 0) != (price < 0)
    work.write(f"{plain(price)} - {plain(reduced)} = {plain(saved)}", label=work.wording.saved)
    ratio = f"{plain(saved)} / {plain(price)} * 100 = {plain(hundredfold)} / {plain(price)}"
    if negative or price < 0:
        inner = f"{plain(abs(hundredfold))} / {plain(abs(price))}"
        ratio += f" = -({inner})" if negative else f" = {inner}"
    work.write(ratio, label=work.wording.share)
    return work.quotient(abs(hundredfold), abs(price), decimals or 0).signed(negative)


def _sales(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    before, percent = map(Decimal, asked.operands)
    hundredfold = _signed_product(work, before, percent)
    increase = EXACT.scaleb(hundredfold, -2)
    work.write(f"{plain(hundredfold)} / 100 = {plain(increase)}", label=work.wording.increase)
    now = EXACT.add(before, increase)
    work.write(f"{plain(before)} + {plain(increase)} = {plain(now)}", label=work.wording.now)
    return work.rounding(now, decimals)


def _signed_product(work: Working, left: Decimal, right: Decimal) -> Decimal:
    """Multiply in one line, after a line for the sign where a factor has one."""
    negative = (left < 0) != (right < 0)
    if left < 0 or right < 0:
        inner = f"{plain(abs(left))} * {plain(abs(right))}"
        shown = f"-({inner})" if negative else inner
        work.write(f"{plain(left)} * {plain(right)} = {shown}", label=work.wording.sign)
    total = work.distributed(abs(left), abs(right))
    return EXACT.minus(total) if negative else total


def _product(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    total = _signed_product(work, *map(Decimal, asked.operands))
    return work.rounding(abs(total), decimals).signed(total < 0)


def _function(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    """Compute y = c * x^n: small powers exactly, others by squaring with a few digits more than are wanted."""
    x, factor, exponent = Decimal(asked.operands[0]), Decimal(asked.operands[1]), int(asked.operands[2])
    negative = (factor < 0) != (x < 0 and exponent % 2 == 1)
    if x < 0 and exponent:
        label = work.wording.odd if exponent % 2 else work.wording.even
        sign = "-" if exponent % 2 else ""
        work.write(f"({plain(x)})^{exponent} = {sign}({plain(abs(x))}^{exponent})", label=label)
    if not _is_short(asked):
        return _long_function(work, asked, decimals or 0).signed(negative)
    power = work.power(abs(x), exponent) if exponent else Decimal(1)
    if not exponent:
        work.write(f"({plain(x)})^0 = 1", label=work.wording.zero_power)
    total = work.distributed(abs(factor), power)
    return work.rounding(total, decimals).signed(negative)


def _long_function(work: Working, asked: MathQuestion, decimals: int) -> Rounded:
    exact = value(asked)
    wanted = rounded(-exact if exact < 0 else exact, decimals)
    x, factor, exponent = (_unsigned(text) for text in asked.operands)
    if not work.detailed or not exact:
        work.write(f"{factor} * {x}^{exponent} {wanted.sign} {wanted.text}")
        return wanted
    needed = EXACT.prec if wanted.exact else len(Decimal(wanted.text).as_tuple().digits) + _SPARE_DIGITS
    start = len(work.lines)
    while _by_squaring(work, asked, wanted, decimals, Context(prec=needed, rounding=ROUND_HALF_UP)) != wanted.text:
        # The errors of the steps reached the last digit: do it again with more of them.
        needed += 2
        del work.lines[start:]
    return wanted


def _by_squaring(work: Working, asked: MathQuestion, wanted: Rounded, decimals: int, context: Context) -> str:
    base, factor, exponent = abs(Decimal(asked.operands[0])), abs(Decimal(asked.operands[1])), int(asked.operands[2])
    square, reached, power = base, Decimal(1), 0
    for bit in range(exponent.bit_length()):
        if bit:
            square = _times(work, context, square, square, f"x^{1 << bit}")
        if exponent >> bit & 1:
            power += 1 << bit
            reached = square if power == 1 << bit else _times(work, context, reached, square, f"x^{power}")
    found = rounded(EXACT.multiply(factor, reached), decimals)
    work.write(f"{plain(factor)} * {_short(reached)} {wanted.sign} {found.text}")
    return found.text


def _times(work: Working, context: Context, left: Decimal, right: Decimal, name: str) -> Decimal:
    context.clear_flags()
    product = context.multiply(left, right)
    sign = "≈" if context.flags[Inexact] else "="
    work.write(f"{_short(left)} * {_short(right)} {sign} {_short(product)}", label=name)
    return product


def _short(number: Decimal) -> str:
    """Write a number without exponent where it is short and no zero would stand for a digit that is not known."""
    short = -6 <= number.adjusted() < 9 and int(number.as_tuple().exponent) <= 0
    return plain(number) if short else f"{number:E}"


_WORKERS: dict[str, Callable[[Working, MathQuestion, int | None], Rounded]] = {
    "add": _arithmetic,
    "sub": _arithmetic,
    "mul": _mul,
    "div": _div,
    "power": _power,
    "sqrt": _sqrt,
    "fraction": _fraction,
    "mean": _mean,
    "equation": _equation,
    "function": _function,
    "area": _product,
    "mass": _product,
    "discount": _discount,
    "sales": _sales,
}
