"""The page of all settings, made from the schema: names, types, defaults, and what the docstrings say of them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.schema import RunConfig

_HEAD = """# Settings

Made from `core/schema.py` by `python -m pipeline settings`; a test holds it current. Any of these can stand in a
contest's YAML, and on the command line as `key=value` (`train.epochs=2`). `model`, `machine`, `method` and the prompts
are files of `configs/`, chosen by name (`model=llama3_8b`) and changed key by key (`model.max_length=4096`).
"""
_ENTRY = re.compile(r"^ {4,8}(?P<names>[a-z_0-9]+(?:, [a-z_0-9]+)*): (?P<text>.+)$")


def settings_page() -> str:
    """Return the page as Markdown: a section for each group of settings, a row for each of them."""
    return _HEAD + "".join(_section(model, prefix) for model, prefix in _models(RunConfig, ""))


def _models(model: type[BaseModel], prefix: str) -> Iterator[tuple[type[BaseModel], str]]:
    """Yield each group of settings with the dotted key that leads to it, the outer ones first."""
    yield model, prefix
    for name, field in model.model_fields.items():
        inner = _inner(field)
        if inner is not None:
            yield from _models(inner, f"{prefix}{name}.")


def _inner(field: FieldInfo) -> type[BaseModel] | None:
    candidates = (field.annotation, *get_args(field.annotation))
    return next((one for one in candidates if inspect.isclass(one) and issubclass(one, BaseModel)), None)


def _section(model: type[BaseModel], prefix: str) -> str:
    rows = [
        f"| `{prefix}{name}` | {_type(field)} | {_default(field)} | {_escaped(meanings(model).get(name, ''))} |"
        for name, field in model.model_fields.items()
        if _inner(field) is None
    ]
    if not rows:
        return ""
    said = _escaped(" ".join((inspect.getdoc(model) or "").split("\n\n")[0].split()))
    title = f"`{prefix.rstrip('.')}`" if prefix else "The contest"
    head = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"\n## {title}\n", said, "", *head, *rows, ""])


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return setting -> what the docstring of its group says of it under "Attributes:"; nothing where it is silent.

    An entry may speak of several settings, and go on in lines that are indented further:

        batch_size, epochs: how much …
            … is trained at a time.
    """
    _, _, listed = (inspect.getdoc(model) or "").partition("Attributes:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in listed.splitlines():
        if match := _ENTRY.match(line):
            names = match["names"].split(", ")
            found.update(dict.fromkeys(names, match["text"]))
        else:
            found.update({name: f"{found[name]} {line.strip()}" for name in names if line.strip()})
    return found


def _type(field: FieldInfo) -> str:
    text = re.sub(r"<class '([\w.]+)'>", r"\1", str(field.annotation)).replace("typing.", "")
    text = re.sub(r"\b\w+(?:\.\w+)*\.(\w+)", r"\1", text)
    return _escaped(re.sub(r"Literal\[([^]]*)\]", lambda match: match[1].replace("'", "").replace(", ", " / "), text))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value: Any = field.get_default(call_default_factory=True)
    return "none" if value is None else f"`{_escaped(str(value))}`" if value not in ("", (), {}) else "empty"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
