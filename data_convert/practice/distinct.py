"""Draws without repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from core.errors import InputError

T = TypeVar("T")
# So many draws in a row that give nothing new mean that (nearly) nothing new is left.
_MOST_REPEATS = 100_000


def distinct(draws: Iterator[T], text: Callable[[T], str]) -> Iterator[T]:
    """Yield the draws whose text has not come before; the texts are kept in memory.

    Raises:
        InputError: 100,000 draws in a row gave nothing new.
    """
    seen: set[str] = set()
    repeats = 0
    for item in draws:
        key = text(item)
        if key in seen:
            repeats += 1
            if repeats > _MOST_REPEATS:
                raise InputError(f"no more than {len(seen)} distinct questions of this kind; ask for fewer --records")
            continue
        repeats = 0
        seen.add(key)
        yield item
