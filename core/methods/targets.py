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
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from core.errors import InputError

# Names of layers are short (`wq`, `feed_forward`); a longer one is none, and matches nothing.
LONGEST_NAME = 32
# Of a layer with the way to it: model.layers.0.feed_forward.w1.
LONGEST_PATH = 128
_LONGEST = 500
T = TypeVar("T")
_MOST_WAYS = 100_000
# Python's own parser of expressions; it had another name before 3.11.
_sre: Any = importlib.import_module("re._parser" if sys.version_info >= (3, 11) else "sre_parse")


@lru_cache(maxsize=256)
def layer_expression(text: str, longest: int = LONGEST_NAME) -> re.Pattern[str]:
    """Return the expression of a text that will be matched with names of at most `longest` letters.

    Raises:
        InputError: it is none, or one that could be tried in too many ways.
    """
    shown = text if len(text) <= _LONGEST else f"{text[:60]}…"
    try:
        if len(text) > _LONGEST:
            raise OverflowError(f"more than {_LONGEST} characters")
        ways = _ways(_sre.parse(text), longest)
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


def path_matches(pattern: str, path: str) -> bool:
    r"""Tell whether a pattern is a layer's whole name, or its end behind a dot, as PEFT's rank_pattern has them.

    Args:
        pattern: a regular expression, or names as they are: "wq", "layers.0.attention.wq", "layers\.[01]\..*".
        path: name of a layer, such as "model.layers.0.attention.wq".

    Raises:
        InputError: as `layer_expression`.
    """
    expression = layer_expression(pattern, LONGEST_PATH)
    if len(path) > LONGEST_PATH:
        return False
    ends = [at + 1 for at, letter in enumerate(path) if letter == "."]
    return any(expression.fullmatch(path, at) for at in (0, *ends))


def first_match(patterns: Mapping[str, T], path: str, otherwise: T) -> T:
    """Return the value of the first pattern that matches a layer's name; `otherwise` where none does."""
    return next((value for pattern, value in patterns.items() if path_matches(pattern, path)), otherwise)


def _ways(parsed: Iterable[tuple[Any, Any]], longest: int) -> int:
    """Return at least the number of ways in which a part of an expression can be tried at one place of a name."""
    ways = 1
    for operation, argument in parsed:
        ways = min(ways * _ways_of(str(operation), argument, longest), _MOST_WAYS + 1)
    return ways


def _ways_of(operation: str, argument: Any, longest: int) -> int:
    if operation == "BRANCH":
        return sum(_ways(one, longest) for one in argument[1])
    if operation == "SUBPATTERN":
        return _ways(argument[-1], longest)
    if operation in ("ASSERT", "ASSERT_NOT"):
        return 1 + _ways(argument[1], longest)
    if operation == "ATOMIC_GROUP":
        return _ways(argument, longest)
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        least, most, repeated = argument
        inner, times = _ways(repeated, longest), min(int(most), longest)
        if inner == 1 or int(most) <= 1:
            return times - min(int(least), times) + inner
        return min(int(inner ** min(times + 1, 64)), _MOST_WAYS + 1)
    # One character, or a place. What refers back to a group has no use here.
    return 1 if operation in _PLAIN else _MOST_WAYS + 1


_PLAIN = ("LITERAL", "NOT_LITERAL", "ANY", "IN", "AT", "RANGE", "CATEGORY")
