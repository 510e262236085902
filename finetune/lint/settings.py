"""A YAML that anybody may have written, asked by dotted keys: what is not of the kind asked for is None."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

_MODEL = "model.model_config"


class Settings:
    """Plain data of a MindFormers YAML.

    Args:
        value: the mapping.
        name: what findings call it: "training" or "evaluation".
    """

    def __init__(self, value: Mapping[str, Any], name: str) -> None:
        self.value, self.name = value, name

    def where(self, key: str) -> str:
        """Return where a key stands, for a finding."""
        return f"{self.name}: {key}"

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of a dotted key, else the default."""
        found: Any = self.value
        for part in key.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return default
            found = found[part]
        return found

    def has(self, key: str) -> bool:
        """Tell whether a key stands there, with a value or none."""
        missing = object()
        return self.get(key, missing) is not missing

    def on(self, key: str) -> bool:
        """Tell whether a key is true."""
        return self.get(key) is True

    def number(self, key: str) -> float | None:
        """Return a finite number."""
        found = self.get(key)
        if isinstance(found, bool) or not isinstance(found, (int, float)):
            return None
        return float(found) if abs(found) < 1e300 and math.isfinite(found) else None

    def whole(self, key: str, default: int | None = None) -> int | None:
        """Return a whole number of at most 15 digits; the default where the key is absent."""
        found = self.get(key, default)
        return found if type(found) is int and abs(found) < 10**15 else None

    def text(self, key: str) -> str:
        """Return a text; empty where there is none."""
        found = self.get(key)
        return found if isinstance(found, str) else ""

    def group(self, key: str) -> Mapping[str, Any]:
        """Return a mapping; an empty one where there is none."""
        found = self.get(key)
        return found if isinstance(found, Mapping) else {}

    def model(self, key: str) -> str:
        """Return the dotted key of a setting of the model."""
        return f"{_MODEL}.{key}"

    @property
    def adapter(self) -> Mapping[str, Any]:
        """The group `pet_config`."""
        return self.group(f"{_MODEL}.pet_config")

    def callbacks(self) -> Iterator[Settings]:
        """Yield the callbacks."""
        found = self.get("callbacks")
        for number, one in enumerate(found if isinstance(found, list) else []):
            if isinstance(one, Mapping):
                yield Settings(one, f"{self.name}: callbacks[{number}]")

    def leaves(self, longest: int = 20_000) -> Iterator[tuple[str, Any]]:
        """Yield (dotted key, value) of everything that is no mapping; lists count as one value."""
        stack: list[tuple[str, Any]] = list(self.value.items())[::-1]
        while stack and longest:
            longest -= 1
            key, value = stack.pop()
            if isinstance(value, Mapping):
                stack.extend((f"{key}.{inner}", item) for inner, item in reversed(list(value.items())))
            else:
                yield str(key), value
