"""How a figure is shown: rounded to what it is worth, in one place for every form of the report and for its checker.

Accuracy of 300 questions is sure to some per cent: two decimals say enough, and are what the contest publishes. Ratios
differ between teams in the seventh decimal, so they keep five figures that count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.terminal import visible

NONE = "–"


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return float(value)


def _percent(value: Any) -> str:
    return f"{100 * _number(value):.2f} %"


def _points(value: Any) -> str:
    return f"{_number(value):.2f}"


def _score(value: Any) -> str:
    return f"{_number(value):.4f}"


def _ratio(value: Any) -> str:
    return f"{100 * _number(value):.5g} %"


def _count(value: Any) -> str:
    _number(value)
    return f"{value:,}"


def _chance(value: Any) -> str:
    """Return a probability that was estimated from resampled questions: more than whole per cents it is not worth."""
    return f"{100 * _number(value):.0f} %"


def _size(value: Any) -> str:
    size = _number(value)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return (
                f"{value:,} bytes" if unit == "bytes" else f"{size:.3g} {unit}" if size < 1000 else f"{size:.0f} {unit}"
            )
        size /= 1000
    raise AssertionError


def _span(one: Callable[[Any], str]) -> Callable[[Any], str]:
    def span(value: Any) -> str:
        low, high = value
        return f"{one(low).removesuffix(' %')} – {one(high)}"

    return span


def _full(value: Any) -> str:
    """Return a setting as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return ", ".join(_full(item) for item in value) or NONE
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_full(item)}" for key, item in value.items()) or NONE
    if value is None or value == "":
        return NONE
    return repr(value) if isinstance(value, (int, float)) else str(value)


KINDS: dict[str, Callable[[Any], str]] = {
    "full": _full,
    "percent": _percent,
    "percents": _span(_percent),
    "points": _points,
    "spread": _span(_points),
    "score": _score,
    "ratio": _ratio,
    "count": _count,
    "chance": _chance,
    "size": _size,
    "yes": lambda value: {True: "yes", False: "no"}[value],
    "是": lambda value: {True: "是", False: "否"}[value],
    "hash": lambda value: str(value)[:16],
}


def shown(value: Any, kind: str) -> str:
    """Return a value as a line of text that people read.

    Args:
        value: a JSON value.
        kind: a key of `KINDS`; a value that is not of it is shown as it is.
    """
    if value is None:
        return NONE
    try:
        text = KINDS[kind](value)
    except (KeyError, TypeError, ValueError, OverflowError):
        text = _full(value)
    return visible(text)
