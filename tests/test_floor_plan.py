"""The floor plan of docs/design.md: which room may import which, where commands stand and MindSpore is imported."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from core.places import ROOT

_ROW = re.compile(r"^\| `(?P<room>\w+)` \| [^|]+ \|(?P<imports>[^|]*)\|$", re.MULTILINE)


def _allowed() -> dict[str, tuple[str, ...]]:
    """Return what each room may import besides itself: rooms, or a part of one where nothing else of it may be used."""
    plan = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    return {row["room"]: tuple(re.findall(r"`([\w.]+)`", row["imports"])) for row in _ROW.finditer(plan)}


ALLOWED = _allowed()
# Where MindSpore and MindFormers may be imported as a module is imported, and not only when something is computed.
HEAVY_AT_TOP = ("backend/", "inference/cpu/", "inference/ascend/")
HEAVY = {"mindspore", "mindformers"}


@cache
def modules() -> dict[str, Path]:
    """Return dotted name -> file of every module of the rooms."""
    files = [file for room in ALLOWED for file in sorted((ROOT / room).rglob("*.py"))]
    return {_dotted(file): file for file in files}


def _dotted(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(file: Path, top_only: bool = False) -> Iterator[tuple[int, str]]:
    """Yield (line, dotted name) of everything that a file imports; names that are modules as such."""
    nodes = _at_top(tree(file).body) if top_only else ast.walk(tree(file))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{file}: imports are absolute"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield node.lineno, full if full in modules() else node.module


def _at_top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a module is imported, but for those that only a type checker reads."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        yield node
        for name in ("body", "orelse", "finalbody"):
            if not isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                yield from _at_top(getattr(node, name, []))


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(f"{part}.")


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_the_floor_plan_allows(room: str) -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for dotted, file in modules().items()
        if within(dotted, room)
        for line, name in imported(file)
        if name.partition(".")[0] in ALLOWED and not any(within(name, part) for part in (room, *ALLOWED[room]))
    ]
    assert wrong == []


def test_mindspore_is_imported_at_the_top_only_where_something_is_computed() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{line} imports {name}"
        for file in modules().values()
        if not file.relative_to(ROOT).as_posix().startswith(HEAVY_AT_TOP)
        for line, name in imported(file, top_only=True)
        if name.partition(".")[0] in HEAVY
    ]
    assert wrong == []


def test_no_circle_between_files() -> None:
    """Follow the imports that run when a module is imported: none leads back to where it began."""
    arrows = {
        dotted: sorted({name for _, name in imported(file, top_only=True) if name in modules()} - {dotted})
        for dotted, file in modules().items()
    }
    state: dict[str, int] = {}  # 1: on the way that is being walked, 2: done

    def walk(name: str, way: tuple[str, ...]) -> None:
        state[name] = 1
        for other in arrows[name]:
            assert state.get(other) != 1, " -> ".join((*way[way.index(other) :], other)) if other in way else other
            if other not in state:
                walk(other, (*way, other))
        state[name] = 2

    for name in arrows:
        if name not in state:
            walk(name, (name,))


def test_every_folder_of_code_is_a_room_of_the_plan() -> None:
    apart = {"tests", "benchmarks"}
    folders = {file.relative_to(ROOT).parts[0] for file in ROOT.glob("*/*.py") if not file.parts[-2].startswith(".")}
    assert folders - apart == set(ALLOWED)


def commands() -> list[Path]:
    """Return the files that can be started: those with a `__main__` of their own, but for a room's door."""
    started = '\nif __name__ == "__main__":'
    found = [file for file in modules().values() if started in file.read_text(encoding="utf-8")]
    return [file for file in found if file.name != "__main__.py"]


def test_commands_stand_on_top_of_their_room_and_say_so_in_their_first_line() -> None:
    started_by_msrun = {"backend/worker.py", "inference/ascend/worker.py"}
    wrong = []
    for file in commands():
        relative = file.relative_to(ROOT)
        if relative.as_posix() in started_by_msrun:
            continue
        said = (ast.get_docstring(tree(file)) or "").splitlines()[0]
        if len(relative.parts) != 2 or not said.startswith("Command: "):
            wrong.append(f"{relative}: {said}")
    assert wrong == []


def test_only_commands_stand_on_top_of_a_room_that_has_commands() -> None:
    top = {file for file in commands() if len(file.relative_to(ROOT).parts) == 2}
    rooms = {file.parent for file in top} - {ROOT / "backend"}  # whose worker msrun starts, and no user
    others = [
        str(file.relative_to(ROOT))
        for file in modules().values()
        if file.parent in rooms
        and file not in top
        and file.name not in ("__init__.py", "__main__.py")
        # The one mapping that core.registry reads in a room with commands: its place is part of the floor plan.
        and file != ROOT / "pipeline" / "steps.py"
    ]
    assert others == []
