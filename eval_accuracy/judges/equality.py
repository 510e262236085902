"""When two numbers are the same: the named rules of equality, and how two numbers differ."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal

from eval_accuracy.extraction.numbers import EXACT, Number

_ROUGH = Context(prec=20, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])
# A reference of 15 to 17 digits was computed in float64, where a difference of near numbers loses a few of them
# (1 - 0.96 is 0.040000000000000036); one of more with 28 digits, off by a unit of its last place. What is within this
# share of such a reference cannot be told from the true value.
_FLOAT_DIGITS, _DECIMAL_DIGITS = 15, 18
_FLOAT_SHARE, _DECIMAL_SHARE = Decimal("1e-14"), Decimal("1e-27")
# A computation of 28 digits whose digits ran out before the point is no whole number, whatever its last digit is.
_CONTEXT_DIGITS = 28
_LONGEST_GCD = 1000  # digits; no answer of the corpus comes near


def in_lowest_terms(fraction: tuple[Decimal, Decimal]) -> bool:
    """Tell whether numerator and denominator are whole numbers without a common divisor."""
    top, bottom = fraction
    if max(top.adjusted(), bottom.adjusted()) > _LONGEST_GCD:
        return False
    if top != top.to_integral_value() or bottom != bottom.to_integral_value():
        return False
    return math.gcd(int(top), int(bottom)) == 1


def is_whole_division(fraction: tuple[Decimal, Decimal]) -> bool:
    """Tell whether a fraction is a division that somebody has yet to carry out: 72/9, 7.2/0.9; 34/70 is a value."""
    top, bottom = fraction
    if top != top.to_integral_value() or bottom != bottom.to_integral_value():
        return True
    if max(top.adjusted(), bottom.adjusted()) > _LONGEST_GCD:
        return False
    return bottom != 1 and int(top) % int(bottom) == 0


def is_exact(found: Number, reference: Number) -> bool:
    """Compare by value: 58 and 58.0, 1/2 and 0.5, 0 and -0."""
    top, bottom = found.fraction or (found.value, Decimal(1))
    other_top, other_bottom = reference.fraction or (reference.value, Decimal(1))
    return bool(EXACT.multiply(top, other_bottom) == EXACT.multiply(other_top, bottom))


def is_rounded(found: Number, reference: Number) -> bool:
    """Compare with the reference rounded to the places the answer gives, at least one: see `_is_rounded_to`."""
    return _is_rounded_to(found, reference, 1)


def is_rounded_to_two(found: Number, reference: Number) -> bool:
    """Compare as `is_rounded` does, with two places at least."""
    return _is_rounded_to(found, reference, 2)


def _is_rounded_to(found: Number, reference: Number, places: int) -> bool:
    """Compare with the reference rounded to the places the answer gives, a tie either way.

    Rounding must leave something to recognise: a reference with decimals asks for `places` of them (fewer where it
    has no more itself), one beside an exponent, 万 or million for two significant digits more than `places` has.
    A fraction in lowest terms and a reference whose value is a whole number are not rounded, and zero is not the
    rounding of another number.

    An answer with more places than a reference, or a fraction, need only agree with it as far as it was computed
    (`_slack`); whether such a reference is a tie (57.49999999999999 for 57.5) is known no better.
    """
    if is_exact(found, reference):
        return True
    slack, distance = _slack(reference), _distance(found, reference)
    digits = len(reference.value.as_tuple().digits)
    if slack and distance <= slack and (digits >= _DECIMAL_DIGITS or found.decimals != reference.decimals):
        return True
    if found.fraction is not None or (reference.fraction is None and found.decimals >= reference.decimals):
        return False
    if reference.fraction is not None and not reference.repeats:
        return False
    whole = reference.decimals >= 0 and digits < _CONTEXT_DIGITS and not reference.value % 1
    if reference.fraction is None and whole:
        return False
    if found.significant:
        if found.significant < places + 2:
            return False
    elif found.decimals < (places if reference.repeats else min(places, reference.decimals)):
        return False
    half = Decimal((0, (5,), -found.decimals - 1))
    return found.value != 0 and distance <= EXACT.add(half, slack)


def _slack(reference: Number) -> Decimal:
    """Return how far a reference may be from the true value because it was computed in floating point."""
    digits = len(reference.value.as_tuple().digits)
    if reference.fraction is not None or digits < _FLOAT_DIGITS:
        return Decimal(0)
    return _share(reference, _FLOAT_SHARE if digits < _DECIMAL_DIGITS else _DECIMAL_SHARE)


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
    "rounded2": is_rounded_to_two,
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
