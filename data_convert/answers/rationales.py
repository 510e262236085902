"""Rationales of the kit's own design: how each type of math question is worked, step by step."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import gcd

from core.errors import InputError
from core.tasks.math import MathQuestion
from data_convert.answers.powers import function, is_negative, is_short, is_whole, power, unsigned
from data_convert.answers.rounding import EXACT, Rounded, plain
from data_convert.answers.wording import Wording
from data_convert.answers.working import Working
from data_convert.typed.solver import question_text

# Where no rounding was asked for, a number without end is worked to so many decimals.
ENDLESS_DECIMALS = 4
ENDLESS = frozenset({"div", "sqrt", "mean", "equation", "discount"})
# Beyond these a worked solution is longer than any sequence a contest trains on.
_LONGEST_OPERAND, _MOST_NUMBERS = 12, 20


def decimals_for(asked: MathQuestion, decimals: int | None) -> int | None:
    """Return the decimals a rationale ends with: those asked for, or those that keep an endless number short.

    Args:
        asked: the question.
        decimals: the rounding policy for its type; None: as exact as can be.
    """
    if decimals is None and (asked.type in ENDLESS or (asked.type == "function" and not is_short(asked))):
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
    if not fits or (asked.type in ("power", "function") and not is_whole(asked.operands[-1])):
        raise InputError(f"{question_text(asked)[:80]!r} has operands too long to work out on paper")
    work = Working(wording, detailed)
    unmarked = tuple(text.removeprefix("+") for text in asked.operands)
    result = _WORKERS[asked.type](work, MathQuestion(asked.type, unmarked), decimals)
    return work.lines, result


def _with_sign(unsigned: str, negative: bool) -> str:
    return f"-({unsigned})" if negative else unsigned


def _arithmetic(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    """Add or subtract: signs first, then whole numbers and decimals apart."""
    left, right = asked.operands
    first, second = unsigned(left), unsigned(right)
    first_negative = is_negative(left)
    second_negative = is_negative(right) != (asked.type == "sub")
    adds = first_negative == second_negative
    swapped = not adds and Decimal(first) < Decimal(second)
    if swapped:
        first, second = second, first
    negative = (second_negative if swapped else first_negative) if not adds else first_negative
    original = f"{left} {'+' if asked.type == 'add' else '-'} {right}"
    shown = _with_sign(f"{first} {'+' if adds else '-'} {second}", negative)
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
    negative = is_negative(left) != is_negative(right)
    first, second = unsigned(left), unsigned(right)
    if (first, second) != (left, right):
        shown = _with_sign(f"{first} {operator} {second}", negative)
        work.write(f"{left} {operator} {right} = {shown}", label=work.wording.sign)
    return Decimal(first), Decimal(second), negative


def _mul(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    first, second, negative = _signs(work, asked, "*")
    return work.rounding(work.product(first, second), decimals).signed(negative)


def _div(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    first, second, negative = _signs(work, asked, "/")
    return work.quotient(first, second, decimals or 0).signed(negative)


def _sqrt(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    return work.root(Decimal(asked.operands[0]), decimals or 0)


def _fraction(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    """Reduce by the greatest common divisor, found by Euclid's algorithm."""
    top, bottom = (abs(int(text)) for text in asked.operands)
    negative = is_negative(asked.operands[0]) != is_negative(asked.operands[1])
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
    if work.detailed:
        signs = f" = -({plain(-total)} / {count})" if total < 0 else ""
        work.write(f"{plain(total)} / {count}{signs}", label=work.wording.mean)
    return work.quotient(abs(total), count, decimals or 0).signed(total < 0)


def _equation(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    """Solve ax + b = 0: the constant to the other side, then a division."""
    a, b = Decimal(asked.operands[0]), Decimal(asked.operands[1])
    right = -b if b else Decimal(0)
    negative = bool(right) and (right < 0) != (a < 0)
    work.write(f"{plain(a)}x = {plain(right)}", label=work.wording.move)
    original = f"{plain(right)} / {plain(a)}"
    shown = _with_sign(f"{plain(abs(right))} / {plain(abs(a))}", negative)
    work.write(f"x = {original}" + (f" = {shown}" if shown != original else ""), label=work.wording.divide)
    return work.quotient(abs(right), abs(a), decimals or 0).signed(negative)


def _discount(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    price, reduced = map(Decimal, asked.operands)
    saved = EXACT.subtract(price, reduced)
    hundredfold = EXACT.multiply(saved, Decimal(100))
    negative = bool(saved) and (saved < 0) != (price < 0)
    work.write(f"{plain(price)} - {plain(reduced)} = {plain(saved)}", label=work.wording.saved)
    ratio = f"{plain(hundredfold)} / {plain(price)}"
    shown = _with_sign(f"{plain(abs(hundredfold))} / {plain(abs(price))}", negative)
    signs = f" = {shown}" if shown != ratio else ""
    work.write(f"{plain(saved)} / {plain(price)} * 100 = {ratio}{signs}", label=work.wording.share)
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
        shown = _with_sign(f"{plain(abs(left))} * {plain(abs(right))}", negative)
        work.write(f"{plain(left)} * {plain(right)} = {shown}", label=work.wording.sign)
    total = work.distributed(abs(left), abs(right))
    return EXACT.minus(total) if negative else total


def _product(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    total = _signed_product(work, *map(Decimal, asked.operands))
    return work.rounding(abs(total), decimals).signed(total < 0)


_WORKERS: dict[str, Callable[[Working, MathQuestion, int | None], Rounded]] = {
    "add": _arithmetic,
    "sub": _arithmetic,
    "mul": _mul,
    "div": _div,
    "power": power,
    "sqrt": _sqrt,
    "fraction": _fraction,
    "mean": _mean,
    "equation": _equation,
    "function": function,
    "area": _product,
    "mass": _product,
    "discount": _discount,
    "sales": _sales,
}
