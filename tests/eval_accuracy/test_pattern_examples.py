r"""Each regular expression of judges and extraction has an example beside it, and the example is true.

An example is a comment line above the pattern, `# "a text" -> …`: what is found in the text, a tuple of the groups that
take part, or a mapping of the named ones.
"""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from core.places import ROOT

FOLDERS = (
    "eval_accuracy/judges",
    "eval_accuracy/extraction",
    "eval_accuracy/extraction/options",
    "eval_accuracy/equivalence",
    "core/tasks",
)
ASSIGNED = re.compile(r"^(\w+) = re\.compile\(")
EXAMPLE = re.compile(r"^# (r?(['\"]).*\2) -> (.+)$")


def patterns() -> list[tuple[Path, str, list[str]]]:
    """Return file, name and the comment lines above it of every pattern that a module compiles."""
    found = []
    for file in sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.py")):
        lines = file.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines):
            if match := ASSIGNED.match(line):
                first = number
                while lines[first - 1].startswith("# "):
                    first -= 1
                found.append((file, match[1], lines[first:number]))
    return found


PATTERNS = patterns()


def seen(match: re.Match[str], wanted: object) -> Any:
    """Return what a match found in the form of what is wanted of it."""
    if isinstance(wanted, tuple):
        return tuple(group for group in match.groups() if group is not None)
    if isinstance(wanted, dict):
        return {name: group for name, group in match.groupdict().items() if group}
    return match[0]


def test_the_patterns_are_found() -> None:
    assert len(PATTERNS) > 50


@pytest.mark.parametrize(
    ("file", "name", "comments"), PATTERNS, ids=[f"{file.stem} {name}" for file, name, _ in PATTERNS]
)
def test_a_pattern_has_an_example_that_is_true(file: Path, name: str, comments: list[str]) -> None:
    examples = [match for line in comments if (match := EXAMPLE.match(line))]
    assert examples, f"{file}: no example beside {name}"
    pattern = getattr(importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts)), name)
    for example in examples:
        text, wanted = ast.literal_eval(example[1]), ast.literal_eval(example[3])
        match = pattern.search(text)
        assert match is not None, example[0]
        assert seen(match, wanted) == wanted, example[0]


def test_no_pattern_is_compiled_where_no_example_can_stand() -> None:
    """Patterns stand at a module's top: none is compiled, or given as text to `re`, inside a function."""
    used = re.compile(r"^\s.*\bre\.(?:compile|match|search|fullmatch|split|sub|findall|finditer)\(")
    wrong = [
        f"{path.name}: {line.strip()}"
        for folder in FOLDERS
        for path in (ROOT / folder).glob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if used.match(line)
    ]
    assert wrong == []
