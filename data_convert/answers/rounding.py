"""The rounding policy: exact values to a number of decimals, half-up, rounded once."""

from __future__ import annotations

import decimal
from decimal import Context, Decimal
from fractions import Fraction
from typing import NamedTuple

# Products and sums of operands must come out exact; a result that would not fit raises instead of being rounded.
EXACT = Context(prec=2000, traps=[decimal.Inexact, decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow])
# Whole numbers with more digits than this, and values that would round to zero, are written as 2.7692E+34.
_LONGEST_WHOLE = 16
# With an exponent three significant digits are left at least: with fewer, rule `rounded` calls a value wrong.
_LEAST_WITH_EXPONENT = 2


class Rounded(NamedTuple):
    """A value as it is written; `exact` is False where digits were rounded away."""

    text: str
    exact: bool

    def signed(self, negative: bool) -> Rounded:
        """Return the value with a minus sign before it, where `negative`; zero has no sign."""
        return Rounded("-" + self.text, self.exact) if negative and self.text.strip("0.") else self

    @property
    def sign(self) -> str:
        """The sign that may stand between a term and this value: "=" or "≈"."""
        return "=" if self.exact else "≈"


def rounded(value: Fraction | Decimal, decimals: int) -> Rounded:
    """Round half-up (away from zero) to so many decimals.

    An exact value keeps only the digits it needs, a rounded one all its decimals. A value of 10^16 or more, or one
    that would round to zero, is written with an exponent and so many decimals of its first factor, two at
    least where any: 2.7692E+34, and 4.79E-2 with one decimal.
    """
    top, bottom = value.as_integer_ratio()
    return rounded_ratio(abs(top), bottom, decimals).signed(top < 0)


def rounded_ratio(top: int, bottom: int, decimals: int) -> Rounded:
    """Round top / bottom, of whole numbers that are not negative, as `rounded` does."""
    units, rest = divmod(top * 10**decimals, bottom)
    if not rest and units < 10 ** (_LONGEST_WHOLE + decimals):
        return Rounded(scaled(units, decimals), True)
    units += 2 * rest >= bottom
    if 0 < units < 10 ** (_LONGEST_WHOLE + decimals):
        return Rounded(scaled(units, decimals, keep=True), False)
    return _with_exponent(top, bottom, exponent_decimals(decimals))


def exponent_decimals(decimals: int) -> int:
    """Return the decimals of the first factor of a value that is written with an exponent."""
    return max(decimals, _LEAST_WITH_EXPONENT) if decimals else 0


def _with_exponent(top: int, bottom: int, decimals: int) -> Rounded:
    exponent = Decimal(top).adjusted() - Decimal(bottom).adjusted()
    if top * 10 ** max(0, -exponent) < bottom * 10 ** max(0, exponent):
        exponent -= 1
    shift = decimals - exponent
    units, rest = divmod(top * 10 ** max(0, shift), bottom * 10 ** max(0, -shift))
    units += 2 * rest >= bottom * 10 ** max(0, -shift)
    if units == 10 ** (decimals + 1):
        units, exponent = units // 10, exponent + 1
    return Rounded(f"{scaled(units, decimals, keep=bool(rest))}E{exponent:+d}", not rest)


def scaled(units: int, decimals: int, keep: bool = False) -> str:
    """Write units of 10^-decimals without exponent, zeros at the end of the decimals dropped unless `keep`."""
    if units < 0:
        return "-" + scaled(-units, decimals, keep)
    if not decimals:
        return str(units)
    text = str(units).zfill(decimals + 1)
    whole, part = text[:-decimals], text[-decimals:]
    if not keep:
        part = part.rstrip("0")
    return f"{whole}.{part}" if part else whole


def plain(number: Decimal) -> str:
    """Write a number without exponent, zeros at the end of the decimals, or the sign of zero."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
