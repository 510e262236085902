"""Settings that another program reads: a MindFormers YAML, with the values that PyYAML's `safe_load` would give it.

The kit's own settings are read by `core.yaml_text`, which differs from YAML 1.1. Here it is kept to: 1e-5 is a text (a
number has a point: 1.e-5), `yes` is true, the last of two equal keys counts. Anchors and aliases, which these files are
full of, are taken within the bounds of `core.untrusted`: what an alias stands for counts as if it were written there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.nodes import MappingNode, ScalarNode

from core.errors import InputError
from core.untrusted import SETTINGS, BoundedLoader, Bounds, check_size
from core.yaml_slips import Slip, said_of

_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "float", "bool", "null", "seq", "map")}


@dataclass(frozen=True)
class Foreign:
    """What a file of another program says.

    Attributes:
        settings: plain data: mappings with keys of text, lists, texts, finite numbers, true, false, None.
        repeated: (key, line) of each key that stands again in its mapping; only the last one counts.
    """

    settings: dict[str, Any]
    repeated: list[tuple[str, int]] = field(default_factory=list)


class _Loader(BoundedLoader):
    """PyYAML's safe loader, aliases within bounds, which notes the keys that stand twice."""

    def __init__(self, text: str, bounds: Bounds) -> None:
        super().__init__(text, bounds, aliases=True)
        self.repeated: list[tuple[str, int]] = []

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose a node of plain data: other tags have no place in settings."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) not in (None, "!", *_PLAIN_TAGS):
            raise Slip(f"the tag {event.tag!r} is not read; write the value itself", event.start_mark)
        return super().compose_node(parent, index)

    def compose_mapping_node(self, anchor: Any) -> MappingNode:
        """Compose a mapping and note its repeated keys."""
        node: MappingNode = super().compose_mapping_node(anchor)
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, ScalarNode):
                raise Slip("a key must be a word, not a list or mapping", key.start_mark)
            if key.value in seen and key.value != "<<":
                self.repeated.append((key.value, key.start_mark.line + 1))
            seen.add(key.value)
        return node

    def number(self, node: ScalarNode) -> Any:
        kind = node.tag.rpartition(":")[2]
        make: Any = self.construct_yaml_int if kind == "int" else self.construct_yaml_float
        return self.fitting(make(node), node)


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.number)


def read_foreign(text: str, where: str, bounds: Bounds = SETTINGS) -> Foreign:
    """Return the settings of a YAML text as PyYAML's `safe_load` would.

    Args:
        text: the YAML.
        where: its file, for messages.
        bounds: what it may take.

    Raises:
        InputError: it is none, holds no mapping or takes too much; says in which line and column.
    """
    check_size(len(text), bounds, where)
    loader = _Loader(text, bounds)
    try:
        value = _plain(loader.get_single_data())
    except Slip as slip:
        raise InputError(f"{where}: {said_of(slip, text)}") from slip
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, OverflowError) as error:
        raise InputError(f"{where}: not YAML: {said_of(error, text)}") from error
    finally:
        loader.dispose()
    if not isinstance(value, dict):
        raise InputError(f"{where}: a mapping of settings is expected{' (it is empty)' * (value is None)}")
    return Foreign(value, loader.repeated)


def _plain(value: Any) -> Any:
    """Return a value as plain data: dates as text, keys as text; aliases are written out."""
    if isinstance(value, dict):
        return {_key(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(key).lower() if isinstance(key, bool) else str(key)
