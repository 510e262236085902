"""When two numbers are the same: the named rules of equality, and how two numbers differ."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from eval_accuracy.extraction.numbers import EXACT, Number

_ROUGH = Context(prec=20, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
# From this many digits on a reference is the result of a float64 or 28-digit computation, off by a few units of its
# last place: what is within this share of it cannot be told from the true value.
_COMPUTED_DIGITS, _COMPUTED_SHARE = 15, Decimal("1e-14")
_LONGEST_GCD = 1000  # digits; no answer of the corpus comes near


def in_lowest_terms(fraction: tuple[Decimal, Decimal]) -> bool:
    """Tell whether numerator and denominator are whole numbers without a common divisor."""
    top, bottom = fraction
    if max(top.adjusted(), bottom.adjusted()) > _LONGEST_GCD:
        return False
    if top != top.to_integral_value() or bottom != bottom.to_integral_value():
        return False
    return math.gcd(int(top), int(bottom)) == 1


def is_exact(found: Number, reference: Number) -> bool:
    """Compare by value: 58 and 58.0, 1/2 and 0.5, 0 and -0."""
    top, bottom = found.fraction or (found.value, Decimal(1))
    other_top, other_bottom = reference.fraction or (reference.value, Decimal(1))
    return bool(EXACT.multiply(top, other_bottom) == EXACT.multiply(other_top, bottom))


def is_rounded(found: Number, reference: Number) -> bool:
    """Compare with the reference rounded to the places the answer gives, a tie either way.

    Zero is not the rounding of another number. A fraction, or an answer with more places than a reference that was
    itself computed in floating point (15 digits or more), need only agree with it to 14 digits; whether such a
    reference is a tie (57.49999999999999 for 57.5) is known no better.
    """
    if is_exact(found, reference):
        return True
    computed = reference.fraction is None and len(reference.value.as_tuple().digits) >= _COMPUTED_DIGITS
    slack = _share(reference, _COMPUTED_SHARE) if computed else Decimal(0)
    if found.fraction is not None or (reference.fraction is None and found.decimals > reference.decimals):
        return computed and _distance(found, reference) <= slack
    half = Decimal((0, (5,), -found.decimals - 1))
    return found.value != 0 and _distance(found, reference) <= EXACT.add(half, slack)


def is_close(found: Number, reference: Number) -> bool:
    """Allow a difference of 0.01."""
    return _distance(found, reference) <= Decimal("0.01")


def is_relatively_close(found: Number, reference: Number) -> bool:
    """Allow a difference of 0.0001 of the reference's own size."""
    return _distance(found, reference) <= _share(reference, Decimal("0.0001"))


# Named rules of equality, in the order in which they are shown.
RULES: dict[str, Callable[[Number, Number], bool]] = {
    "exact": is_exact,
    "rounded": is_rounded,
    "absolute": is_close,
    "relative": is_relatively_close,
}


def difference(found: Number, reference: Number) -> str:
    """Say how a number differs from another: "sign", "power of ten", "within 1 %", or "value"."""
    if not reference.value or not found.value:
        return "value"
    ratio = _ROUGH.divide(found.value, reference.value)
    if _near(ratio.copy_abs(), Decimal(1)):
        return "within 1 %" if ratio > 0 else "sign"
    power = ratio.copy_abs().adjusted()
    mantissa = _ROUGH.scaleb(ratio, -power)
    return "power of ten" if _near(mantissa, Decimal(1)) or _near(mantissa, Decimal(10)) else "value"


def _near(value: Decimal, wanted: Decimal) -> bool:
    return _ROUGH.subtract(value, wanted).copy_abs() <= _ROUGH.multiply(wanted, Decimal("0.01"))


def _distance(left: Number, right: Number) -> Decimal:
    return EXACT.subtract(left.value, right.value).copy_abs()


def _share(number: Number, share: Decimal) -> Decimal:
    return EXACT.multiply(number.value.copy_abs(), share)
