r"""Repeating decimals: 0.\overline{3}, 0.\dot{3}, 0.1(6), 0.3循环, and 0.333… where all its decimals repeat."""

from __future__ import annotations

import math
import re
from decimal import Decimal

# What may follow the digits of a number that goes on for ever. A bracket without decimals before it is a product.
REPEATS = (
    r"(?:(?=[\\(（ 循.…⋯\u0304\u0305\u0307])(?:\\(?:overline|dot|bar)\s?\{?(?P<block>[0-9]{1,9})\}?"
    r"|(?:(?<=\.)|(?<=\.[0-9])|(?<=\.[0-9]{2}))\((?P<bracket>[0-9]{1,9})\)"
    r"|(?P<loop>[\u0304\u0305\u0307]|\s?[(（]?循环)|(?P<dots>\.{2,6}|[…⋯]{1,2})))?"
)
# A number that is merely cut off repeats by chance: all its decimals must be the block, but for one or two before it.
# "142857142857" -> {"block": "142857"}
_ALL = re.compile(r"(?P<before>)(?P<block>[0-9]{1,6}?)(?P=block)+")
# "1666" -> {"before": "1", "block": "6"}
_MOST = re.compile(r"(?P<before>[0-9]{1,2}?)(?P<block>[0-9]{1,6}?)(?P=block){2,}")


def as_fraction(digits: str, match: re.Match[str]) -> tuple[Decimal, Decimal] | None:
    """Return numerator and denominator, in lowest terms and without sign, of a repeating decimal.

    Args:
        digits: the number without separators of its thousands.
        match: of a pattern in which `REPEATS` follows the digits.

    Returns:
        None where the digits have no decimals, or do not repeat.
    """
    block = match["block"] or match["bracket"]
    if not (block or match["loop"] or match["dots"]):
        return None
    whole, point, before = digits.partition(".")
    if not point:
        return None
    if not block:
        repeated = _ALL.fullmatch(before) or _MOST.fullmatch(before)
        if repeated:
            before, block = repeated["before"], repeated["block"]
        elif match["loop"] and before:
            before, block = before[:-1], before[-1]
        else:
            return None
    top = int(whole + before + block) - int((whole + before) or "0")
    bottom = (10 ** len(block) - 1) * 10 ** len(before)
    shared = math.gcd(top, bottom)
    return Decimal(top // shared), Decimal(bottom // shared)
