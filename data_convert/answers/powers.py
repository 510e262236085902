"""Rationales of powers: by multiplying again and again, and by squaring where that would be too long."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, Inexact

from core.errors import InputError
from core.tasks.math import MathQuestion
from data_convert.answers.rounding import EXACT, Rounded, plain, rounded
from data_convert.answers.working import Working
from data_convert.typed.solver import question_text, value

# Factors that are multiplied one after the other; the exponent that squaring still reaches has so many binary digits.
_MOST_FACTORS, _MOST_SQUARINGS = 5, 10
# Digits of the intermediate results of a long power: a few more than its value is rounded to.
_SPARE_DIGITS = 4


def is_whole(exponent: str) -> bool:
    """Tell whether an exponent is a whole number from 0 to 1023."""
    return exponent.isdigit() and int(exponent).bit_length() <= _MOST_SQUARINGS


def is_short(asked: MathQuestion) -> bool:
    """Tell whether the power in a question of type "power" or "function" is multiplied out factor by factor."""
    return not is_whole(asked.operands[-1]) or int(asked.operands[-1]) <= _MOST_FACTORS


def unsigned(number: str) -> str:
    """Return an operand without its minus sign."""
    return number.removeprefix("-")


def is_negative(number: str) -> bool:
    """Tell whether an operand is less than zero; -0.00 is not."""
    return number.startswith("-") and any(character in "123456789" for character in number)


def power(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    """Multiply out a power; InputError where the exponent is too large for that."""
    if not is_short(asked):
        raise InputError(f"{question_text(asked)[:80]!r} has an exponent too large to multiply out")
    base, exponent = asked.operands[0], int(asked.operands[1])
    negative = _sign_first(work, base, exponent)
    return work.rounding(_multiplied(work, base, exponent), decimals).signed(negative)


def function(work: Working, asked: MathQuestion, decimals: int | None) -> Rounded:
    """Compute y = c * x^n: small powers exactly, others by squaring with a few digits more than are wanted."""
    x, factor, exponent = asked.operands[0], Decimal(asked.operands[1]), int(asked.operands[2])
    negative = _sign_first(work, x, exponent) != (factor < 0)
    if not is_short(asked):
        return _long_function(work, asked, decimals or 0).signed(negative)
    total = work.distributed(abs(factor), _multiplied(work, x, exponent))
    return work.rounding(total, decimals).signed(negative)


def _sign_first(work: Working, base: str, exponent: int) -> bool:
    """Write the sign of a power of a negative number, and return whether it is negative."""
    odd = exponent % 2 == 1
    if base.startswith("-") and exponent:
        label = work.wording.odd if odd else work.wording.even
        work.write(f"({base})^{exponent} = {'-' if odd else ''}({unsigned(base)}^{exponent})", label=label)
    return is_negative(base) and odd


def _multiplied(work: Working, base: str, exponent: int) -> Decimal:
    """Write the power of a number, without its sign, as products."""
    if exponent == 0:
        work.write(f"{f'({base})' if base.startswith('-') else base}^0 = 1", label=work.wording.zero_power)
        return Decimal(1)
    number = unsigned(base)
    if exponent == 1:
        work.write(f"{number}^1 = {number}")
    return work.power(Decimal(number), exponent)


def _long_function(work: Working, asked: MathQuestion, decimals: int) -> Rounded:
    exact = value(asked)
    wanted = rounded(-exact if exact < 0 else exact, decimals)
    x, factor, exponent = (unsigned(text) for text in asked.operands)
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
