"""Names and titles of what there is to choose from; nothing heavy is imported for them."""

from __future__ import annotations

import ast
from pathlib import Path

from core import registry
from core.config import CONFIGS, names
from core.errors import InputError
from core.files import read_text
from core.places import plugin_folders
from core.registry import Registry
from core.steps import step_named
from core.yaml_text import read_yaml

# What is a YAML file each, by folder of configs/; and what is code.
_SETTINGS = ("contests", "models", "machines", "methods", "prompts")
_CODE: dict[str, Registry] = {
    "methods": registry.METHODS,
    "families": registry.FAMILIES,
    "tasks": registry.TASKS,
    "formats": registry.FORMATS,
    "engines": registry.ENGINES,
    "judges": registry.JUDGES,
    "versions": registry.VERSIONS,
    "checks": registry.LINT,
}
KINDS = (*_SETTINGS, *(kind for kind in _CODE if kind not in _SETTINGS), "steps")


def listing(kind: str) -> list[dict[str, str]]:
    """Return "name" and "title" of every entry of a kind, one of `KINDS`.

    Methods are the settings that a contest names; behind them stand the methods that these may be of.
    """
    if kind == "steps":
        return [_entry(name, step_named(name).help) for name in registry.STEPS.names()]
    entries = [_entry(name, _title(kind, name)) for name in names(kind)] if kind in _SETTINGS else []
    if kind in _CODE:
        words = "type: " if entries else ""
        entries += [_entry(name, words + _first_line(file)) for name, file in _CODE[kind].files().items()]
    return entries


def _entry(name: str, title: str) -> dict[str, str]:
    return {"name": name, "title": title}


def _title(kind: str, name: str) -> str:
    """Return a YAML file's `title`, else its first comment, else nothing."""
    folders = (CONFIGS, *(plugin / "configs" for plugin in plugin_folders()))
    text = read_text(next(file for folder in folders if (file := folder / kind / f"{name}.yaml").is_file()))
    try:
        value = read_yaml(text, kind)
    except InputError:
        return "(not YAML)"
    if isinstance(value, dict) and isinstance(value.get("title"), str):
        return str(value["title"])
    return text.partition("\n")[0].removeprefix("#").strip() if text.startswith("#") else ""


def _first_line(file: Path) -> str:
    """Return the first line of a module's docstring, without running the module."""
    try:
        said = ast.get_docstring(ast.parse(read_text(file)))
    except SyntaxError as error:
        return f"(not Python: line {error.lineno})"
    return said.partition("\n")[0] if said else ""
