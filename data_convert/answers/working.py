"""Arithmetic worked by hand: the lines by which products, quotients, roots and powers come about.

Every line is made of statements that are true as they stand: chains of expressions joined by "=" or "≈", where "≈"
before a number says that it is what stands before it, rounded half-up to the digits shown. Products and quotients
are built from parts with one digit each (60, 8, 0.9 …), so that no step multiplies by more than one digit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from data_convert.answers.rounding import EXACT, Rounded, exponent_decimals, plain, rounded, rounded_ratio, scaled
from data_convert.answers.wording import Wording

# Decimals of a root that are looked at to find its first digit; operands have fewer.
_FINE = 30


def parts(number: Decimal) -> list[Decimal]:
    """Return the place values of a number that is not negative: 50.6 is 50 and 0.6."""
    _, digits, exponent = number.as_tuple()
    last = len(digits) - 1 + int(exponent)
    return [Decimal((0, (digit,), last - place)) for place, digit in enumerate(digits) if digit]


def places(number: Decimal) -> int:
    """Return the decimals that a number needs."""
    return max(0, -int(EXACT.normalize(number).as_tuple().exponent))


class Working:
    """The lines of one rationale, as they are written.

    Attributes:
        detailed: whether every step is shown, or only the key equations.
        lines: what was written so far.
    """

    def __init__(self, wording: Wording, detailed: bool) -> None:
        self.wording = wording
        self.detailed = detailed
        self.lines: list[str] = []

    def write(self, *statements: str, label: str = "") -> None:
        """Write one line of statements, after a label."""
        head = label + self.wording.colon if label else ""
        self.lines.append(head + self.wording.join.join(statements))

    def rounding(self, number: Decimal, decimals: int | None) -> Rounded:
        """Return a number rounded, or as it is where `decimals` is None; what was rounded is added to the last line."""
        if decimals is None:
            return Rounded(plain(number), True)
        result = rounded(number, decimals)
        if not result.exact and self.lines:
            self.lines[-1] += f" ≈ {result.text}"
        return result

    def product(self, left: Decimal, right: Decimal) -> Decimal:
        """Multiply two numbers that are not negative: one line for each digit of the factor with fewer of them."""
        kept, split = _by_digits(left, right)
        addends = parts(split)
        if not self.detailed or len(addends) < 2:
            return self.distributed(left, right, spread=True)
        total = EXACT.multiply(left, right)
        self.write(f"{plain(split)} = {' + '.join(map(plain, addends))}", label=self.wording.split)
        factor, reached = plain(kept), Decimal(0)
        for number, addend in enumerate(addends):
            product = EXACT.multiply(kept, addend)
            line = [f"{factor} * {plain(addend)} = {plain(product)}"]
            before, reached = reached, EXACT.add(reached, product)
            if number:
                after = f"{total:f}" if reached == total else plain(reached)
                line.append(f"{plain(before)} + {plain(product)} = {after}")
            self.write(*line)
        return total

    def distributed(self, left: Decimal, right: Decimal, head: str = "", spread: bool = False) -> Decimal:
        """Multiply two numbers that are not negative in one line.

        Args:
            left: a factor.
            right: a factor.
            head: what the product is equal to, such as 7.1^3; the product itself where there is none.
            spread: distribute over the digits of one factor, even where not every step is shown.
        """
        total = EXACT.multiply(left, right)
        kept, split = _by_digits(left, right)
        addends = parts(split)
        product = f"{plain(left)} * {plain(right)}"
        chain = [head or product]
        if (self.detailed or spread) and len(addends) > 1:
            chain.append(f"{plain(kept)} * ({' + '.join(map(plain, addends))})")
            chain.append(" + ".join(plain(EXACT.multiply(kept, addend)) for addend in addends))
        elif head:
            chain.append(product)
        self.write(" = ".join([*chain, f"{total:f}"]))
        return total

    def power(self, base: Decimal, exponent: int) -> Decimal:
        """Raise a number that is not negative to a power from 2 on, by multiplying again and again."""
        reached = base
        for number in range(2, exponent + 1):
            reached = self.distributed(reached, base, head=f"{plain(base)}^{number}")
        return reached

    def sum(self, numbers: Sequence[Decimal]) -> Decimal:
        """Add numbers one after the other, in one line."""
        total, steps = numbers[0], []
        for number in numbers[1:]:
            before, total = total, EXACT.add(total, number)
            steps.append(f"{plain(before)} + {plain(number)} = {plain(total)}")
        if not self.detailed:
            steps = [f"{' + '.join(map(plain, numbers))} = {plain(total)}"]
        if steps:
            self.write(*steps, label=self.wording.sum)
        return total

    def quotient(self, top: Decimal, bottom: Decimal, decimals: int) -> Rounded:
        """Divide two numbers that are not negative by quotient parts, one digit each, and round half-up.

        One digit more than wanted is computed: it decides the rounding.
        """
        shift = places(bottom)
        if shift:
            before = f"{plain(top)} / {plain(bottom)}"
            top, bottom = EXACT.scaleb(top, shift), EXACT.scaleb(bottom, shift)
            self.write(f"{before} = {plain(top)} / {plain(bottom)}", label=self.wording.whole)
        divisor, unit = int(bottom), places(top)
        whole = int(EXACT.scaleb(top, unit))
        if not self.detailed or not whole or divisor == 1:
            result = rounded_ratio(whole, divisor * 10**unit, decimals)
            self.write(f"{plain(top)} / {divisor} {result.sign} {result.text}")
            return result
        guard = _guard(whole, divisor * 10**unit, decimals)
        if guard > unit:
            unit, whole = guard, whole * 10 ** (guard - unit)
        scale, found = 10 ** (unit - guard), []
        left = scaled(whole, unit)
        for part in _parts(whole // (divisor * scale)):
            whole -= divisor * part * scale
            shown, taken, before = scaled(part, guard), scaled(divisor * part * scale, unit), left
            left = scaled(whole, unit)
            self.write(f"{divisor} * {shown} = {taken}", f"{before} - {taken} = {left}")
            found.append(part)
            if not whole:
                break
        return self._total(found, whole != 0, guard, decimals)

    def root(self, square: Decimal, decimals: int) -> Rounded:
        """Extract a square root digit by digit, and round half-up; `square` is not negative.

        With s the root so far and d its next part, (2s + d)d is what the rest of the square loses.
        """
        whole = math.isqrt(int(square))
        low, high = whole * whole, (whole + 1) ** 2
        if low == square:
            self.write(f"{whole}^2 = {plain(square)}")
            return rounded_ratio(whole, 1, decimals)
        self.write(f"{whole}^2 = {low} < {plain(square)} < {high} = {whole + 1}^2")
        guard = _guard(math.isqrt(int(EXACT.scaleb(square, 2 * _FINE))), 10**_FINE, decimals)
        unit = max(2 * guard, places(square))
        rest = int(EXACT.scaleb(square, unit)) - low * 10**unit
        left = scaled(rest, unit)
        if self.detailed and low:
            self.write(f"{plain(square)} - {low} = {left}")
        scale, reached = 10 ** (unit - 2 * guard), whole * 10**guard
        found = [reached] if whole else []
        for part in _parts(math.isqrt(int(EXACT.scaleb(square, 2 * guard))) - reached):
            lost = (2 * reached + part) * part * scale
            rest -= lost
            if self.detailed:
                shown, taken, before = scaled(part, guard), scaled(lost, unit), left
                left = scaled(rest, unit)
                step = f"(2 * {scaled(reached, guard)} + {shown}) * {shown} = {taken}"
                self.write(step, f"{before} - {taken} = {left}")
            found.append(part)
            reached += part
            if not rest:
                break
        if self.detailed:
            return self._total(found, rest != 0, guard, decimals)
        result = _truncated(reached, rest != 0, guard, decimals)
        self.write(f"√{plain(square)} {result.sign} {result.text}")
        return result

    def _total(self, found: list[int], goes_on: bool, guard: int, decimals: int) -> Rounded:
        """Add the parts of a quotient or root, in units of 10^-guard, and round; `goes_on`: more digits follow."""
        units = sum(found)
        result = _truncated(units, goes_on, guard, decimals)
        chain = [" + ".join([scaled(part, guard) for part in found])]
        if len(found) > 1:
            chain.append(scaled(units, guard, keep=not result.exact))
        if not result.exact:
            chain[-1] += f" ≈ {result.text}"
        if len(found) > 1 or not result.exact:
            self.write(" = ".join(chain), label=self.wording.total)
        return result


def _by_digits(left: Decimal, right: Decimal) -> tuple[Decimal, Decimal]:
    """Return the factor to keep and the one to split: the one with fewer digits other than zero, else the second."""
    fewer = len(left.as_tuple().digits) - left.as_tuple().digits.count(0)
    more = len(right.as_tuple().digits) - right.as_tuple().digits.count(0)
    return (right, left) if fewer < more else (left, right)


def _guard(top: int, bottom: int, decimals: int) -> int:
    """Return how many decimals of top / bottom to compute: one more than wanted, after the zeros of a tiny value."""
    guard = decimals + 1
    if 2 * top * 10**decimals < bottom:
        digits = exponent_decimals(decimals)
        guard = digits + 1
        while top * 10 ** (guard - digits - 1) < bottom:
            guard += 1
    return guard


def _parts(units: int) -> list[int]:
    """Return the place values of a whole number: 508 is 500 and 8."""
    text = str(units)
    last = len(text) - 1
    return [int(digit) * 10 ** (last - place) for place, digit in enumerate(text) if digit != "0"]


def _truncated(units: int, goes_on: bool, guard: int, decimals: int) -> Rounded:
    """Round a value of which the units of 10^-guard are known, and whether anything follows them."""
    # What follows is less than one unit: any digit in its place rounds the same way, as guard > decimals.
    return rounded_ratio(10 * units + goes_on, 10 ** (guard + 1), decimals)
