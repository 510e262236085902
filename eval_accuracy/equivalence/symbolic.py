r"""The same value in another form, by sympy: `6 + x` and `x + 6`, `\{1, 0\}` and `\{0, 1\}`, `\frac{\sqrt{2}}{2}`.

Nothing here is approximate: what cannot be shown to be equal is not equal. Formulas are read by latex2sympy2-extended.
"""

from __future__ import annotations

import re
from typing import Any

# Longer formulas, large powers and factorials are not asked about.
_LONGEST = 200
# What the library reads as something else than it is: subscripts (the base of a number), times of day, words, dots.
# "101_2" -> "_"
# r"\text{Monday}" -> r"\text"
_MISREAD = re.compile(
    r"_|[0-9]\s?:\s?[0-9]|\\(?:text|mbox|mathrm|ldots|cdots|dots|equiv|pmod|bmod|mod|vec|angle|overline|bar|hat"
    r"|dot)|…|(?<![\\A-Za-z])[A-Za-z]{3,}"
)
# "2^{10000}" -> "^{10000"
# "500!" -> "500!"
_LARGE = re.compile(r"\^\s?\{?\s?-?[0-9]{4,}|[0-9]{3,}\s?!|\^[^^]{0,40}\^[^^]{0,40}\^|!\s?!")
# r"\sqrt{x}y" -> r"\sqrt"
_COMMAND = re.compile(r"\\[A-Za-z]+")
# "3x" -> "x"
_LETTER = re.compile("[A-Za-z]")


def may_be_same(left: str, right: str) -> bool:
    """Tell, at no cost, whether it is worth asking whether two formulas are the same."""
    if left == right or not left or not right or max(len(left), len(right)) > _LONGEST:
        return False
    if any(_MISREAD.search(text) or _LARGE.search(text) for text in (left, right)):
        return False
    return _letters(left) == _letters(right)


def _letters(text: str) -> frozenset[str]:
    return frozenset(_LETTER.findall(_COMMAND.sub(" ", text))) - {"e", "i"}


def is_same(left: str, right: str) -> bool:
    """Tell whether two LaTeX formulas are shown to have the same value; False too where one cannot be read."""
    from latex2sympy2_extended import latex2sympy

    try:
        return _same(latex2sympy(left), latex2sympy(right))
    except Exception:
        # Whatever the library raises on a formula that a model wrote, the two were not shown to be the same.
        return False


def _same(left: Any, right: Any) -> bool:
    import sympy

    if isinstance(left, sympy.MatrixBase) or isinstance(right, sympy.MatrixBase):
        if (
            not (isinstance(left, sympy.MatrixBase) and isinstance(right, sympy.MatrixBase))
            or left.shape != right.shape
        ):
            return False
        return all(_same(one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, sympy.FiniteSet) and isinstance(right, sympy.FiniteSet):
        return _same_elements(list(left.args), list(right.args))
    if isinstance(left, sympy.Interval) and isinstance(right, sympy.Interval):
        flags = (left.left_open, left.right_open) == (right.left_open, right.right_open)
        return bool(flags and _same(left.start, right.start) and _same(left.end, right.end))
    if isinstance(left, sympy.Union) and isinstance(right, sympy.Union):
        return _same_elements(list(left.args), list(right.args))
    if isinstance(left, sympy.Tuple | tuple) and isinstance(right, sympy.Tuple | tuple):
        return len(left) == len(right) and all(map(_same, left, right))
    if isinstance(left, sympy.core.relational.Relational) and isinstance(right, sympy.core.relational.Relational):
        return _same_relation(left, right)
    if isinstance(left, sympy.Expr) and isinstance(right, sympy.Expr):
        return _same_value(left, right)
    return False


def _same_elements(left: list[Any], right: list[Any]) -> bool:
    """Compare without regard to order."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for one in left:
        at = next((at for at, other in enumerate(rest) if _same(one, other)), None)
        if at is None:
            return False
        del rest[at]
    return True


def _same_relation(left: Any, right: Any) -> bool:
    """Compare `x > 3` and `3 < x`; sides may be multiplied by one positive number."""
    import sympy

    one, other = left.canonical, right.canonical
    if one.rel_op != other.rel_op:
        return False
    if _same(one.lhs, other.lhs) and _same(one.rhs, other.rhs):
        return True
    if one.lhs.is_Symbol or other.lhs.is_Symbol:
        # `x = -2` is a solution, `2x + 4 = 0` the equation that it solves.
        return False
    ratio = sympy.simplify((one.lhs - one.rhs) / (other.lhs - other.rhs))
    return bool(ratio.is_number and (ratio.is_positive or (one.rel_op == "==" and ratio.is_nonzero)))


def _same_value(left: Any, right: Any) -> bool:
    import sympy

    left, right = (
        side.xreplace({part: sympy.Rational(str(part)) for part in side.atoms(sympy.Float)}) for side in (left, right)
    )
    if left == right:
        return True
    if any(side.has(sympy.zoo, sympy.nan) for side in (left, right)):
        return False
    if left.free_symbols != right.free_symbols:
        return False
    return bool(sympy.simplify(left - right) == 0)
