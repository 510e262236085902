"""YAML as people write it: settings read from text, and slips named with their line, column and mend.

The one reader of all YAML that is the kit's own. It differs from YAML 1.1 where nobody means what that says: 1e-4 is a
number, 007 is seven, `yes`, `no`, dates and 12:30 are text (settings that are true or false take yes and no too), a key
stands once. A number remembers how it was written, so that a text setting such as a team's name gets just that.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode

from core.errors import InputError
from core.untrusted import SETTINGS, AliasFound, BoundedLoader, check_size
from core.yaml_slips import Slip, said_of

_TAG = "tag:yaml.org,2002:"
_COLON_SLIP = re.compile(r"^[\w.-]+(?:：|:(?!//)(?=\S))")


class WrittenInt(int):
    """A whole number whose text is as it was written: 007."""

    written: str

    def __str__(self) -> str:
        return self.written


class WrittenFloat(float):
    """A number whose text is as it was written: 1e3."""

    written: str

    def __str__(self) -> str:
        return self.written


class _Loader(BoundedLoader):
    """The loader within bounds, which also refuses what nobody means, by line."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def compose_node(self, parent: Any, index: Any) -> Node | None:
        """Compose a value that says by itself what it is: tags (!!int, !!python/…) have no place in settings."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) is not None:
            raise Slip("a value cannot begin with '!'; put it in quotes", event.start_mark)
        return super().compose_node(parent, index)

    def compose_mapping_node(self, anchor: Any) -> MappingNode:
        """Compose a mapping whose keys are words, each of which stands once."""
        node: MappingNode = super().compose_mapping_node(anchor)
        seen: dict[tuple[str, str], Node] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise Slip("a key must be a word, not a list or mapping", key.start_mark)
            if first := seen.get((key.tag, key.value)):
                lines = f"(lines {first.start_mark.line + 1} and {key.start_mark.line + 1})"
                raise Slip(f"{key.value!r} stands twice {lines}; keep one of them", key.start_mark)
            seen[key.tag, key.value] = key
            _refuse_joined(node, key, value)
        return node

    def compose_scalar_node(self, anchor: Any) -> ScalarNode:
        """Compose a text that a file and a path can hold."""
        node: ScalarNode = super().compose_scalar_node(anchor)
        if found := re.search("[\0\ud800-\udfff]", node.value):
            raise Slip(f"the character U+{ord(found[0]):04X} cannot be part of a text here", node.start_mark)
        return node

    def whole_number(self, node: ScalarNode) -> Any:
        return _written(self.fitting(int(self.construct_scalar(node)), node), WrittenInt, node.value)

    def number(self, node: ScalarNode) -> Any:
        text = self.construct_scalar(node).lower().replace(".inf", "inf").replace(".nan", "nan")
        return _written(self.fitting(float(text), node), WrittenFloat, node.value)


def _written(value: Any, kind: type[Any], text: str) -> Any:
    """Return a number; where its own text differs from what was written, one that remembers that."""
    if str(value) == text:
        return value
    made = kind(value)
    made.written = text
    return made


_RESOLVED = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9][0-9_]*(?<!_)", list("-+0123456789")),
    "float": (
        r"[-+]?(?:[0-9][0-9_]*(?<!_)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+0123456789."),
    ),
    "merge": (r"<<", ["<"]),
}


class _Dumper(yaml.SafeDumper):
    """Quotes every text that the loader, or another YAML reader, would take for something else."""

    def number(self, data: WrittenInt | WrittenFloat) -> ScalarNode:
        kind = "int" if isinstance(data, int) else "float"
        return self.represent_scalar(f"{_TAG}{kind}", data.written)


for _name, (_pattern, _first) in _RESOLVED.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(f"{_TAG}{_name}", re.compile(f"^(?:{_pattern})$"), _first)
_Dumper.add_representer(WrittenInt, _Dumper.number)
_Dumper.add_representer(WrittenFloat, _Dumper.number)
_Loader.add_constructor(f"{_TAG}int", _Loader.whole_number)
_Loader.add_constructor(f"{_TAG}float", _Loader.number)


def _refuse_joined(node: MappingNode, key: ScalarNode, value: Node) -> None:
    """Raise Slip for `{mul:5}`, and for lines below a key of which the first is no key but should be."""
    if not isinstance(value, ScalarNode) or value.style is not None:
        return
    if node.flow_style and not value.value and key.style is None and (found := _COLON_SLIP.match(key.value)):
        raise Slip(_colon_said(found[0], "a blank must follow each colon, as in {mul: 5}"), key.start_mark)
    if value.start_mark.line > key.end_mark.line and (found := _COLON_SLIP.match(value.value)):
        raise Slip(_colon_said(found[0], "a blank must follow the colon"), value.start_mark)


def _colon_said(word: str, blank: str) -> str:
    if word.endswith("："):
        return f"{word!r} ends with a full-width colon; write {word[:-1] + ': '!r} with a blank behind it"
    return f"{word!r}: {blank}"


def _loaded(text: str, where: str) -> tuple[Node | None, Any]:
    """Return the root node of a YAML text and its value; YAMLError, RecursionError or ValueError where it is none.

    InputError where it is larger than any settings.
    """
    check_size(len(text), SETTINGS, where)
    loader = _Loader(text, SETTINGS)
    try:
        node = loader.get_single_node()
        return node, None if node is None else loader.construct_document(node)
    finally:
        loader.dispose()


def read_yaml(text: str, where: str) -> Any:
    """Return the value of a YAML text.

    Args:
        text: the YAML.
        where: its file, for messages.

    Raises:
        InputError: it is none; says in which line and column, and what to do where that is certain.
    """
    try:
        return _loaded(text, where)[1]
    except Slip as slip:
        raise InputError(f"{where}: {said_of(slip, text)}") from slip
    except AliasFound as error:
        raise InputError(f"{where}: {error}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: "\U00110000" is no character
        raise InputError(f"{where}: not YAML: {said_of(error, text)}") from error


def read_mapping(text: str, where: str) -> dict[str, Any]:
    """Return the settings of a YAML text, unchecked; InputError (see `read_yaml`) where it holds none."""
    value = read_yaml(text, where)
    if not isinstance(value, dict):
        found = _COLON_SLIP.match(value) if isinstance(value, str) else None
        reason = f" ({_colon_said(found[0], 'a blank must follow the colon')})" if found else ""
        raise InputError(f"{where}: a mapping of settings is expected{reason or (' (it is empty)' * (value is None))}")
    return value


def read_value(text: str) -> Any:
    """Return what stands behind `key=` on a command line: YAML where it is some, else the text as it is.

    Raises:
        InputError: a mapping whose colons lack their blank.
    """
    try:
        node, value = _loaded(text, "its value")
    except Slip as slip:
        raise InputError(slip.problem) from slip
    except (yaml.YAMLError, RecursionError, ValueError):
        return text  # such as a regular expression
    if node is None or (isinstance(node, ScalarNode) and node.style is None and node.value != text.strip()):
        return text.strip() or None  # `we #1`: comments and anchors have no place on a command line
    return value


def dump_yaml(value: Any, width: int = 120) -> str:
    """Return plain data as YAML text that `read_yaml` reads back, keys in their order, Chinese as it is."""
    return str(yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=width))
