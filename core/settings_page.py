"""The page of all settings, made from the schema: names, types, defaults, and what the docstrings say of them."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from core.methods import MethodConfig, method
from core.registry import METHODS
from core.schema import RunConfig

_HEAD = """# Settings

Made from the schema (`core/schema.py`, `core/methods/`) by `python -m pipeline settings --write`; a test holds it
current. Any of these can stand in a contest's YAML, and on the command line as `key=value`: `train.epochs=2`,
`data.form=null`, `'data.quotas={mul: 6000}'`. `model`, `machine`, `method` and the prompts are files of `configs/`,
chosen by name (`model=llama3_8b`) and changed key by key (`model.max_length=4096`). What the meaning calls None is
written `null`. `python -m pipeline validate practice_math key=value …` checks settings without starting anything.
"""
_ENTRY = re.compile(r"^ {4}(?P<names>[a-z_0-9]+(?:, [a-z_0-9]+)*): (?P<text>.+)$")
_WORDS = {str: "text", int: "whole number", float: "number", bool: "true / false", type(None): "null"}
_SIGNS = {"gt": "> ", "ge": "≥ ", "lt": "< ", "le": "≤ "}


@dataclass
class Group:
    """Settings that stand together on the page.

    Attributes:
        model: their class.
        keys: the dotted keys that lead to such a group, each with its last dot; "" is the contest itself.
        kind: of a tuning method's own settings, the method; else empty.
    """

    model: type[BaseModel]
    keys: list[str] = field(default_factory=list)
    kind: str = ""

    @property
    def title(self) -> str:
        """What stands above its table."""
        keys = ", ".join(f"`{key.rstrip('.')}`" for key in self.keys if key)
        return f"{keys} of type `{self.kind}`" if self.kind else keys or "The contest"

    def settings(self) -> dict[str, FieldInfo]:
        """Return name -> field of the settings that the table shows; those of all methods stand in one of their own."""
        hidden = MethodConfig.model_fields if self.kind else {}
        found = self.model.model_fields.items()
        shown = {name: field for name, field in found if _inner(field) is None or _is_list(field)}
        return {name: field for name, field in shown.items() if name not in hidden}


def settings_page() -> str:
    """Return the page as Markdown: a section for each group of settings, a row for each of them."""
    return _HEAD + "".join(_section(group) for group in groups())


def groups() -> list[Group]:
    """Return all groups of settings, the outer ones first; places of the same class share one."""
    found: dict[type[BaseModel], Group] = {}
    for model, key in _models(RunConfig, ""):
        found.setdefault(model, Group(model)).keys.append(key)
        if model is MethodConfig:
            for name in METHODS.names():
                own = method(name).settings
                found[own] = Group(own, [key], name)
    return [group for group in found.values() if group.settings()]


def _models(model: type[BaseModel], key: str) -> Iterator[tuple[type[BaseModel], str]]:
    yield model, key
    for name, setting in model.model_fields.items():
        inner = _inner(setting)
        if inner is not None:
            listed = "[]" if _is_list(setting) else ""
            yield from _models(inner, f"{key}{name}{listed}.")


def _inner(setting: FieldInfo) -> type[BaseModel] | None:
    candidates = (setting.annotation, *get_args(setting.annotation))
    return next((one for one in candidates if inspect.isclass(one) and issubclass(one, BaseModel)), None)


def _is_list(setting: FieldInfo) -> bool:
    return get_origin(setting.annotation) is tuple


def _section(group: Group) -> str:
    said = meanings(group.model)
    rows = [
        f"| `{group.keys[0]}{name}` | {_type(setting)} | {_default(setting)} | {_escaped(said.get(name, ''))} |"
        for name, setting in group.settings().items()
    ]
    summary = _escaped(" ".join((inspect.getdoc(group.model) or "").partition("Attributes:")[0].split()))
    head = ["| setting | type | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"\n## {group.title}\n", summary, "", *head, *rows, ""])


def meanings(model: type[BaseModel]) -> dict[str, str]:
    """Return setting -> what the docstring of its group says of it under "Attributes:"; nothing where it is silent.

    An entry may speak of several settings, and go on in lines that are indented further:

        batch_size, epochs: how much …
            … is trained at a time.
    """
    found: dict[str, str] = {}
    for base in model.__bases__:
        # What a group has from another is explained there.
        found |= meanings(base) if issubclass(base, BaseModel) and base is not BaseModel else {}
    _, _, listed = inspect.cleandoc(model.__doc__ or "").partition("Attributes:\n")
    names: list[str] = []
    for line in listed.splitlines():
        if match := _ENTRY.match(line):
            names = match["names"].split(", ")
            found.update(dict.fromkeys(names, match["text"]))
        else:
            found.update({name: f"{found[name]} {line.strip()}" for name in names if line.strip()})
    return found


def _type(setting: FieldInfo) -> str:
    limits = [
        f"{sign}{getattr(limit, name):g}"
        for limit in setting.metadata
        for name, sign in _SIGNS.items()
        if getattr(limit, name, None) is not None
    ]
    return _escaped(", ".join([_word(setting.annotation), *limits]))


def _word(annotation: Any) -> str:
    """Say a type as YAML has it: `int | None` is "whole number or null"."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _word(parts[0])
    if origin in (Union, types.UnionType):
        return " or ".join(map(_word, parts))
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return "groups of their own"
    if origin is Literal:
        return " / ".join(map(str, parts))
    if origin is tuple:
        return f"list of {_word(parts[0])}" if ... in parts else f"list: {', '.join(map(_word, parts))}"
    if origin is dict:
        return f"mapping of {_word(parts[0])} to {_word(parts[1])}"
    return _WORDS[annotation]


def _default(setting: FieldInfo) -> str:
    if setting.is_required():
        return "required"
    value: Any = setting.get_default(call_default_factory=True)
    if isinstance(value, tuple):
        value = list(value)
    shown = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000).removesuffix("...\n")
    return f"`{_escaped(shown.strip())}`"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")
