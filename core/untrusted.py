"""The one way in for JSON and YAML that somebody else wrote: nothing else in the kit parses them.

A few bytes can stand for gigabytes (`[[],[],…]`, YAML aliases of aliases), for a stack that overflows (50,000 opening
brackets), or for a value that fails far from here: an integer of 5,000 digits, 1e999, half of a surrogate pair. So a
text is measured before it is parsed, and what its values may be is what everything behind can hold: integers of 64
bits, finite floats, text that UTF-8 can write.

    {"a": [1, 2, {}]}   6 values (commas, brackets, one more), 3 deep
    a: [1, 2]           5 nodes of YAML, the key among them; an alias (*a) is refused
    [&a [1, 2], *a]     where aliases are allowed (`core.foreign_yaml`), 7: what *a stands for counts again
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from core.errors import InputError


@dataclass(frozen=True)
class Bounds:
    """What a document may take.

    Attributes:
        size: characters (of bytes: bytes).
        values: texts, numbers, lists and mappings together, aliases written out; a value takes 200 bytes at the most.
        depth: how deep lists and mappings stand within each other.
    """

    size: int
    values: int
    depth: int = 100


# The index of a model of many experts has some megabytes; the settings of a run have 6,000 characters.
JSON_FILE = Bounds(64 << 20, 1_000_000)
JSON_LINE = Bounds(16 << 20, 1_000_000)
SETTINGS = Bounds(256 << 10, 20_000)

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)  # the last one may be cut off
_BRACKET = re.compile(r"[][{}]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_NAME_BYTE = re.compile("[\udc80-\udcff]")
_LEAST, _MOST = -(1 << 63), (1 << 64) - 1
_LONGEST_NUMBER = 1000  # Python makes no integer of more than 4,300 digits
_NUMBERS = {"tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
_TOO_LARGE = "a number that does not fit into 64 bits"


class _Refused(ValueError):
    """A value that is JSON or YAML, and that the kit does not take."""


def load_json(
    text: str | bytes,
    where: str,
    bounds: Bounds = JSON_FILE,
    *,
    pairs: Callable[[list[tuple[str, Any]]], Any] | None = None,
    any_number: bool = False,
    surrogates: bool = False,
    file_names: bool = False,
) -> Any:
    """Return the value of a JSON text.

    Args:
        text: the text, or its bytes in UTF-8.
        where: begins the message, such as a path and a line.
        bounds: what it may take.
        pairs: makes an object of its (key, value) pairs, repeated keys still among them; what it raises passes.
        any_number: let NaN, Infinity and integers beyond 64 bits pass, for a reader that checks each number itself;
            Python writes NaN of a loss, though it is not JSON.
        surrogates: let halves of surrogate pairs pass; whoever asks for that replaces them.
        file_names: let those pass that stand for bytes of a file's name that is not UTF-8 (U+DC80 to U+DCFF), as
            `core.files` writes them.

    Raises:
        InputError: malformed (line and column), beyond the bounds, or a value that the kit does not take.
    """
    check_size(len(text), bounds, where)
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{where}: not UTF-8 text (byte {error.start})") from error
    measure_json(text, bounds, where)
    decoder = json.JSONDecoder(
        object_pairs_hook=pairs,
        parse_int=lambda digits: _integer(digits, any_number),
        parse_float=lambda digits: _real(digits, any_number),
        parse_constant=None if any_number else _constant,
    )
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        said = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise InputError(f"{where}: malformed JSON ({said})") from error
    except RecursionError as error:
        raise InputError(f"{where}: malformed JSON (nested too deeply)") from error
    except _Refused as error:
        raise InputError(f"{where}: {error}") from error
    if not surrogates and (_SURROGATE.search(text) or not text.isascii()):
        shown = _written(value, text)
        if not is_text(_NAME_BYTE.sub("", shown) if file_names else shown):
            raise InputError(f"{where}: half of a surrogate pair (\\ud800 to \\udfff), which no text holds")
    return value


def repeated(keys: Sequence[str]) -> str | None:
    """Return the first of the keys that stand twice, in linear time; None where each stands once."""
    counts = Counter(keys)
    return next((key for key in keys if counts[key] > 1), None)


def is_text(value: Any) -> bool:
    """Tell whether a value is a text that UTF-8 can write: one without halves of surrogate pairs."""
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def encodable(text: str) -> str:
    """Return a text with U+FFFD for each half of a surrogate pair."""
    return text if is_text(text) else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def check_size(size: int, bounds: Bounds, where: str) -> None:
    """Raise InputError, which names `where`, for a text of more characters than are read."""
    if size > bounds.size:
        raise InputError(f"{where}: {size} characters, at most {bounds.size} are read")


def measure_json(text: str, bounds: Bounds, where: str) -> None:
    """Raise InputError for a text that would take too much, before anything is made of it."""
    brackets = text.count("[") + text.count("{")
    if brackets <= bounds.depth and brackets + text.count(",") < bounds.values:
        return
    bare = _STRING.sub("", text)  # brackets and commas in texts count for nothing
    if bare.count("[") + bare.count("{") + bare.count(",") >= bounds.values:
        raise InputError(f"{where}: more than {bounds.values} values")
    depth = 0
    for bracket in _BRACKET.findall(bare):
        depth += 1 if bracket in "[{" else -1
        if depth > bounds.depth:
            raise InputError(f"{where}: malformed JSON (nested too deeply: more than {bounds.depth} levels)")


def _written(value: Any, text: str) -> str:
    return json.dumps(value, ensure_ascii=False) if _SURROGATE.search(text) else text


def _integer(digits: str, any_number: bool) -> int:
    if len(digits) <= _LONGEST_NUMBER:
        value = int(digits)
        if any_number or _LEAST <= value <= _MOST:
            return value
    raise _Refused(_TOO_LARGE)


def _real(digits: str, any_number: bool) -> float:
    value = float(digits) if len(digits) <= _LONGEST_NUMBER else math.inf
    if math.isinf(value) and not any_number:
        raise _Refused(_TOO_LARGE)
    return value


def _constant(name: str) -> None:
    raise _Refused(f"{name} is no JSON number")


class AliasFound(ValueError):
    """A YAML text that refers to parts of itself: a few of them stand for billions of values."""


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader within bounds, on which `core.yaml_text` builds the kit's own.

    Args:
        text: the document.
        bounds: what it may take.
        aliases: take aliases, each counted as if what it stands for were written there; else they are refused.
    """

    def __init__(self, text: str, bounds: Bounds, *, aliases: bool = False) -> None:
        super().__init__(text)
        self._bounds, self._aliases = bounds, aliases
        self._nodes = self._depth = self._deepest = 0
        # Of each node that is whole: its nodes and levels. One that an alias within it stands for is not whole yet.
        self._sizes: dict[int, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Compose a node as the safe loader does, and stop where a bound is reached."""
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]
        mark: Any = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, mark, parent, index)
        before, deepest = self._nodes, self._deepest
        self._depth += 1
        self._deepest = self._depth
        self._count(1, 0, mark)
        node = super().compose_node(parent, index)
        if self._aliases:
            self._sizes[id(node)] = (self._nodes - before, self._deepest - self._depth + 1)
        self._depth -= 1
        self._deepest = max(deepest, self._deepest)
        return node

    def _alias(self, event: Any, mark: Any, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if not self._aliases:
            raise AliasFound(f"has YAML aliases (*name in line {mark.line + 1}): write the values out")
        node = self.anchors.get(event.anchor)
        if node is not None:
            if id(node) not in self._sizes:
                said = f"the alias *{event.anchor} stands within what it stands for"
                raise yaml.composer.ComposerError(None, None, said, mark)
            self._count(*self._sizes[id(node)], mark)
        return super().compose_node(parent, index)

    def _count(self, nodes: int, levels: int, mark: Any) -> None:
        """Count nodes that stand so many levels below the present one; YAMLError where a bound is passed."""
        self._nodes += nodes
        self._deepest = max(self._deepest, self._depth + levels)
        if self._nodes > self._bounds.values:
            raise yaml.composer.ComposerError(None, None, f"more than {self._bounds.values} values", mark)
        if self._deepest > self._bounds.depth:
            said = f"nested too deeply: more than {self._bounds.depth} levels"
            raise yaml.composer.ComposerError(None, None, said, mark)

    def construct_scalar(self, node: Any) -> Any:
        """Return a scalar's text; one that UTF-8 cannot write, or a number of no sensible length, is refused."""
        value = super().construct_scalar(node)
        if isinstance(value, str) and not is_text(value):
            said = "half of a surrogate pair, which no text holds"
            raise yaml.constructor.ConstructorError(None, None, said, node.start_mark)
        if node.tag in _NUMBERS and len(value) > _LONGEST_NUMBER:
            raise yaml.constructor.ConstructorError(None, None, _TOO_LARGE, node.start_mark)
        return value

    def fitting(self, value: int | float, node: Any) -> int | float:
        """Return the number that a node is; YAMLError where it is not finite, or no whole number of 64 bits."""
        if not (math.isfinite(value) if isinstance(value, float) else _LEAST <= value <= _MOST):
            said = _TOO_LARGE if isinstance(value, int) else f"{node.value} is not a finite number"
            raise yaml.constructor.ConstructorError(None, None, said, node.start_mark)
        return value
