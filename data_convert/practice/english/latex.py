r"""Numbers and polynomials as LaTeX writes them, and the problem they make up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Problem:
    r"""A free-form problem.

    Attributes:
        problem: the question.
        solution: the worked solution; it holds `\boxed{answer}`, and text may follow the box.
        answer: what stands in the box, as LaTeX.
    """

    problem: str
    solution: str
    answer: str


def boxed(answer: str) -> str:
    r"""Return `\boxed{answer}`."""
    return rf"\boxed{{{answer}}}"


def tex(number: int | Fraction) -> str:
    r"""Return a number as LaTeX, a fraction in lowest terms with its sign before `\frac`."""
    value = Fraction(number)
    if value.denominator == 1:
        return str(value.numerator)
    sign = "-" if value < 0 else ""
    return sign + frac(abs(value.numerator), value.denominator)


def frac(top: int | str, bottom: int | str) -> str:
    r"""Return `\frac{top}{bottom}` as it stands, not reduced."""
    return rf"\frac{{{top}}}{{{bottom}}}"


def sqrt(inside: int | str) -> str:
    r"""Return `\sqrt{inside}` as it stands."""
    return rf"\sqrt{{{inside}}}"


def square_part(number: int) -> tuple[int, int]:
    """Split a positive number into (a, b) with number = a²b and b free of squares."""
    outside, inside, divisor = 1, number, 2
    while divisor * divisor <= inside:
        while inside % (divisor * divisor) == 0:
            inside //= divisor * divisor
            outside *= divisor
        divisor += 1
    return outside, inside


def radical(number: int) -> str:
    """Return the square root of a positive number in simplest radical form."""
    outside, inside = square_part(number)
    if inside == 1:
        return str(outside)
    return f"{outside if outside > 1 else ''}{sqrt(inside)}"


def polynomial(*coefficients: int) -> str:
    """Return a polynomial in x; coefficients from the highest power down, at least one of them not zero."""
    powers = range(len(coefficients) - 1, -1, -1)
    symbols = ["" if power == 0 else "x" if power == 1 else f"x^{power}" for power in powers]
    return _sum(coefficients, symbols)


def linear(a: int, b: int) -> str:
    """Return ax + by without a zero term; a and b are not both zero."""
    return _sum((a, b), ("x", "y"))


def in_brackets(number: int) -> str:
    """Return a number, a negative one in brackets, as it stands after an operator."""
    return f"({number})" if number < 0 else str(number)


def _sum(coefficients: Sequence[int], symbols: Sequence[str]) -> str:
    text = ""
    for coefficient, symbol in zip(coefficients, symbols, strict=True):
        if coefficient:
            signs = ("-", "") if not text else (" - ", " + ")
            size = str(abs(coefficient)) if abs(coefficient) > 1 or not symbol else ""
            text += signs[coefficient > 0] + size + symbol
    return text
