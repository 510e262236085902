"""Regular expressions that choose layers, matched within a bound. Pure.

An adapter comes from strangers, and so does its expression: `(a+)+$` takes longer than the world has been there on a
name of sixty letters. Before one is matched, the ways are counted in which it could be tried on a name, and one with
too many of them is refused:

    .*wq|.*wv            33 + 33: `.*` may take 0 to 32 characters
    .*layers.*(wq|wv)    33 · 33 · 2
    (a+)+                33 to the power of 32: refused
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from core.errors import InputError

# Names of layers are short (`wq`, `feed_forward`); a longer one is none, and matches nothing.
LONGEST_NAME = 32
_LONGEST = 500
_MOST_WAYS = 100_000
# Python's own parser of expressions; it had another name before 3.11.
_sre: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")


@lru_cache(maxsize=256)
def layer_expression(text: str) -> re.Pattern[str]:
    """Return the expression of a text.

    Raises:
        InputError: it is none, or one that could be tried in too many ways.
    """
    shown = text if len(text) <= _LONGEST else f"{text[:60]}…"
    try:
        if len(text) > _LONGEST:
            raise OverflowError(f"more than {_LONGEST} characters")
        ways = _ways(_sre.parse(text))
        expression = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(
            f"target modules {shown!r}: is not a regular expression ({error}); an example: '.*wq|.*wv'"
        ) from error
    if ways > _MOST_WAYS:
        raise InputError(
            f"target modules {shown!r}: could be tried in too many ways to be matched in bounded time; name the "
            "layers, as in '.*wq|.*wv' or '.*(wq|wv)'"
        )
    return expression


def chooses(text: str, name: str) -> bool:
    """Tell whether an expression matches the beginning of a layer's own name; InputError as `layer_expression`."""
    expression = layer_expression(text)
    return len(name) <= LONGEST_NAME and expression.match(name) is not None


def _ways(parsed: Iterable[tuple[Any, Any]]) -> int:
    """Return at least the number of ways in which a part of an expression can be tried at one place of a name."""
    ways = 1
    for operation, argument in parsed:
        ways = min(ways * _ways_of(str(operation), argument), _MOST_WAYS + 1)
    return ways


def _ways_of(operation: str, argument: Any) -> int:
    if operation == "BRANCH":
        return sum(map(_ways, argument[1]))
    if operation == "SUBPATTERN":
        return _ways(argument[-1])
    if operation in ("ASSERT", "ASSERT_NOT"):
        return 1 + _ways(argument[1])
    if operation == "ATOMIC_GROUP":
        return _ways(argument)
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, repeated = argument
        inner, times = _ways(repeated), min(int(most), LONGEST_NAME)
        if inner == 1 or int(most) <= 1:
            return times - min(int(least), times) + inner
        return min(int(inner ** min(times + 1, 64)), _MOST_WAYS + 1)
    # One character, or a place. What refers back to a group has no use here.
    return 1 if operation in _PLAIN else _MOST_WAYS + 1


_PLAIN = ("LITERAL", "NOT_LITERAL", "ANY", "IN", "AT", "RANGE", "CATEGORY")
