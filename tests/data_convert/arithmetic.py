"""An evaluator of worked steps, written apart from the generators: it finds every untrue statement of a rationale."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from decimal import Decimal
from fractions import Fraction

from data_convert.answers.wording import Wording

_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?(?:E[+-]\d+)?)|(gcd)|([-+*/^()√x,]))")


class Untrue(AssertionError):
    """A step that is not true, or cannot be read."""


def check_rationale(lines: list[str], wording: Wording, x: Fraction, value: Fraction) -> int:
    """Evaluate every statement of every line; return how many there were.

    Args:
        lines: the rationale without its last line.
        wording: of its labels.
        x: what the letter x stands for.
        value: of the question; an expression that stands alone must have it.
    """
    labels = {getattr(wording, field.name) for field in fields(wording) if field.name not in ("exact", "rounded")}
    count = 0
    for line in lines:
        head, colon, rest = line.partition(wording.colon)
        if not colon:
            rest, head = head, ""
        power = re.fullmatch(r"x\^(\d+)", head)
        if head and not power and head not in labels:
            raise Untrue(f"unknown label {head!r}")
        for statement in rest.split(wording.join):
            last = _check_statement(statement, x, value)
            count += 1
            # Of a long power the intermediate results are rounded again and again.
            if power and abs(last / x ** int(power[1]) - 1) > Fraction(1, 100):
                raise Untrue(line)
    return count


def _check_statement(statement: str, x: Fraction, value: Fraction) -> Fraction:
    terms = re.split(r"[=≈<>]", statement)
    signs = re.findall(r"[=≈<>]", statement)
    values = [evaluate(term, x) for term in terms]
    if not signs and values[0] != value:
        raise Untrue(statement)
    for left, right, sign, text in zip(values, values[1:], signs, terms[1:], strict=False):
        true = {"=": left == right, "<": left < right, ">": left > right}
        if not (_is_rounding(left, text.strip()) if sign == "≈" else true[sign]):
            raise Untrue(statement)
    return values[-1]


def _is_rounding(exact: Fraction, text: str) -> bool:
    """Tell whether a number's text is an exact value rounded half-up to the digits it shows."""
    shown = Decimal(text)
    unit = Fraction(10) ** int(shown.as_tuple().exponent)
    return (
        abs(Fraction(shown)) == math.floor(abs(exact) / unit + Fraction(1, 2)) * unit and exact * Fraction(shown) >= 0
    )


def evaluate(text: str, x: Fraction) -> Fraction:
    """Return the exact value of an expression (a root to 60 digits); Untrue where it cannot be read whole."""
    tokens: list[str] = []
    at, text = 0, text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Untrue(f"{text!r} at {at}")
        tokens.append(match[0].strip())
        at = match.end()
    parser = _Parser(tokens, x)
    result = parser.sum()
    if parser.tokens:
        raise Untrue(text)
    return result


class _Parser:
    def __init__(self, tokens: list[str], x: Fraction) -> None:
        self.tokens = tokens[::-1]
        self.x = x

    def next_is(self, *wanted: str) -> bool:
        return bool(self.tokens) and self.tokens[-1] in wanted

    def take(self) -> str:
        if not self.tokens:
            raise Untrue("an expression ends too early")
        return self.tokens.pop()

    def sum(self) -> Fraction:
        total = self.product()
        while self.next_is("+", "-"):
            total = total + self.product() if self.take() == "+" else total - self.product()
        return total

    def product(self) -> Fraction:
        total = self.signed()
        while self.next_is("*", "/"):
            total = total * self.signed() if self.take() == "*" else total / self.signed()
        return total

    def signed(self) -> Fraction:
        if self.next_is("-"):
            self.take()
            return -self.signed()
        return self.power()

    def power(self) -> Fraction:
        base = self.atom()
        if self.next_is("^"):
            self.take()
            return base ** int(self.atom())
        return base

    def atom(self) -> Fraction:
        token = self.take()
        if token == "(":
            inside = self.sum()
            if self.take() != ")":
                raise Untrue("a bracket does not close")
            return inside
        if token == "√":
            return _root(self.atom())
        if token == "gcd":
            return self.divisor()
        if token == "x":
            return self.x
        number = Fraction(token)
        if self.next_is("x"):
            self.take()
            return number * self.x
        return number

    def divisor(self) -> Fraction:
        tokens = [self.take() for _ in range(5)]
        if (tokens[0], tokens[2], tokens[4]) != ("(", ",", ")"):
            raise Untrue("gcd(a,b) is expected")
        return Fraction(math.gcd(int(tokens[1]), int(tokens[3])))


def _root(square: Fraction) -> Fraction:
    return Fraction(math.isqrt(square.numerator * 10**120 // square.denominator), 10**60)
