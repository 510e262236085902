"""Fields of a JSON object, checked."""

from __future__ import annotations

from typing import Any

from data_convert.readers.bad import Fault


def text_field(row: Any, name: str) -> str:
    """Return a field's text; Fault where `row` is no object, or the field is missing, no text, blank or holds a NUL."""
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str):
        raise Fault(f"field {name!r} is missing or not text")
    if not value or value.isspace():
        raise Fault(f"field {name!r} is empty")
    if "\0" in value:
        raise Fault(f"field {name!r} holds a NUL character")
    return value
