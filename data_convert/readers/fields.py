"""Fields of a JSON object, checked."""

from __future__ import annotations

from typing import Any

from data_convert.readers.bad import Fault

_KINDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}


def kind_of(value: Any) -> str:
    """Return what a JSON value is, in words."""
    return _KINDS.get(type(value), "null")


def text_field(row: Any, name: str) -> str:
    """Return a field's text; Fault where `row` is no object, or the field is missing, no text, blank or holds a NUL."""
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str):
        given = isinstance(row, dict) and name in row
        raise Fault(f"field {name!r} is {f'{kind_of(value)}, not text' if given else 'missing'}")
    if not value or value.isspace():
        raise Fault(f"field {name!r} is empty")
    if "\0" in value:
        raise Fault(f"field {name!r} holds a NUL character")
    return value
