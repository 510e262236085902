"""Names for things of a kind, each imported only when asked for: one place to add a method, a judge, a format.

A kind is a package, and an entry is a module (or a package) in it that assigns the kind's constant: `core/methods/`
holds `lora.py` with `METHOD = …`, so there is a tuning method "lora". Modules without the constant are no entries, and
nothing is imported to list names. Small entries may share one module as a mapping: `pipeline/steps.py` has `STEPS`.

KIT_PLUGINS names folders (with `:` between them) that are laid out like the kit: `MINE/core/methods/mine.py` is the
method "mine", `MINE/configs/contests/mine.yaml` the contest "mine".
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import InputError, unknown
from core.places import ROOT, plugin_folders


class Registry:
    """The entries of one kind.

    Args:
        kind: what an entry is called in messages, such as "tuning method".
        place: dotted name of the package of the entries, or of the module that has a mapping of them.
        constant: what an entry's module assigns, or the mapping's name.
        former: names that entries had before, which are still read.
    """

    def __init__(self, kind: str, place: str, constant: str, former: Mapping[str, str] | None = None) -> None:
        self.kind, self.place, self.constant = kind, place, constant
        self._former = dict(former or {})
        self._path = Path(*place.split("."))
        self._is_mapping = (ROOT / self._path.with_suffix(".py")).is_file()

    def names(self) -> list[str]:
        """Return the names of all entries: a mapping's in its order, modules by name, those of the kit first."""
        if self._is_mapping:
            return list(self._mapping())
        return list(self.files())

    def get(self, name: str, *classes: type) -> Any:
        """Import and return an entry.

        Args:
            name: of the entry.
            classes: what the entry has to be an object of, any of them; none: whatever its module assigns is taken.

        Raises:
            InputError: there is none of this name (the nearest one is named), or it is of another class.
        """
        name = self.checked(name)
        if self._is_mapping:
            entry = self._mapping()[name]
        else:
            extended(self.place)
            entry = getattr(importlib.import_module(f"{self.place}.{name}"), self.constant)
        if classes and not isinstance(entry, classes):
            wanted = " or ".join(one.__name__ for one in classes)
            raise InputError(f"{self.kind} {name!r}: its {self.constant} must be a {wanted}, not {entry!r}")
        return entry

    def checked(self, name: str) -> str:
        """Return an entry's present name without importing it; InputError as `get`."""
        name = self._former.get(name, name)
        known = self.names()
        if name not in known:
            raise InputError(unknown(self.kind, name, known))
        return name

    def _mapping(self) -> Mapping[str, Any]:
        mapping: Mapping[str, Any] = getattr(importlib.import_module(self.place), self.constant)
        return mapping

    def files(self) -> dict[str, Path]:
        """Return name -> file of the entries that are modules, without importing them.

        Raises:
            InputError: a plug-in has the name of another entry, and would never be read.
        """
        assigns = re.compile(rf"^{self.constant}\b.*=", re.MULTILINE)
        found: dict[str, Path] = {}
        for root in (ROOT, *plugin_folders()):
            folder = root / self._path
            for file in sorted([*folder.glob("*.py"), *folder.glob("*/__init__.py")]):
                name = file.parent.name if file.name == "__init__.py" else file.stem
                if file == folder / "__init__.py" or not assigns.search(file.read_text("utf-8", "replace")):
                    continue
                if name in found:
                    raise InputError(f"{file}: {found[name]} is a {self.kind} {name!r} already; rename the plug-in")
                found[name] = file
        return found


def extended(package: str) -> None:
    """Let a package also hold the modules that stand at its place in the plug-in folders."""
    path, part = importlib.import_module(package).__path__, Path(*package.split("."))
    path.extend(str(folder / part) for folder in plugin_folders() if str(folder / part) not in path)


METHODS = Registry("tuning method", "core.methods", "METHOD")
FAMILIES = Registry("model family", "core.models", "FAMILY")
TASKS = Registry("task", "core.tasks", "TASK")
VERSIONS = Registry("MindFormers version", "backend.versions", "VERSION")
FORMATS = Registry("corpus format", "data_convert.readers.formats", "FORMAT")
ENGINES = Registry("engine", "inference", "ENGINE", former={"mindspore": "cpu"})
JUDGES = Registry("judge", "eval_accuracy.judges", "JUDGE")
EQUALITY_RULES = Registry("equality rule", "eval_accuracy.judges.equality", "RULES")
LINT = Registry("group of checks", "finetune.lint.groups", "CHECKS")
STEPS = Registry("step", "pipeline.steps", "STEPS")
ALL = (METHODS, FAMILIES, TASKS, VERSIONS, FORMATS, ENGINES, JUDGES, EQUALITY_RULES, LINT, STEPS)
