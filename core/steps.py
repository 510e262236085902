"""What a step of a run is, and what follows for the others when one of them is repeated.

The steps themselves stand in `pipeline/steps.py`; core reaches them through `core.registry.STEPS`. An example with
those of a contest: score needs train and accuracy and uses retention, submission uses what there is. Repeating
retention makes score and submission stale, and accuracy not; in a contest without retention score needs accuracy alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import unknown
from core.registry import STEPS

if TYPE_CHECKING:
    from core.run_folder import RunFolder
    from core.schema import RunConfig


@dataclass(frozen=True)
class Source:
    """A file or folder from outside a run: `files` are those of it that are read, empty where it is not there."""

    path: Path
    files: tuple[Path, ...]


def _no_sources(config: RunConfig) -> Mapping[str, Source]:
    return {}


def _no_room(config: RunConfig) -> Mapping[str, int]:
    return {}


@dataclass(frozen=True)
class Step:
    """One step of a run.

    Attributes:
        name: as contests write it under `steps`.
        help: what it does, in one line.
        command: returns its command line without the Python, paths relative to the kit; made when the step begins.
        needs: steps whose results it reads; a contest that has this step has them before it.
        uses: steps whose results it reads where the contest has them; they then stand before it.
        makes: what it writes, as patterns of paths in the run folder.
        sources: the files from outside the run that it reads, by setting: where one changes, it is not done any more.
        inherits: settings of files that decide it too, but come to it through a step that it reads: where one changed
            since that step, it refuses to go on with what was made from the old file.
        checks: called with the configuration before anything starts; each raises InputError for what is wrong.
        room: returns the bytes that it writes, by what they are for; asked before something costly is done.
        listens: its workers talk over a port; one that is set (`machine.master_port`) must be free when the job begins.
        usual: belongs to a contest that names no steps.
        costly: what it made is not thrown away because a source changed, unless that is forced; its command takes
            --anew-if-changed for that.
        repeats: it may be done again though it is done, and then does no more than what is missing.
        overwrites: it replaces all that it made before; what another step made is removed before it is done anew.
        is_done: said of a run in which it is done, and what --force does.
        evaluated: what it saves may be evaluated while it goes on (`train.evaluate`).
        beside: returns the command that evaluates one checkpoint meanwhile, beside the base, and prints the result as
            JSON; its arguments are the checkpoint's name and how many questions are asked (None: all). None: this step
            evaluates nothing, or only in its turn.
    """

    name: str
    help: str
    command: Callable[[RunFolder, RunConfig], list[str]]
    needs: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    sources: Callable[[RunConfig], Mapping[str, Source]] = _no_sources
    inherits: tuple[str, ...] = ()
    checks: tuple[Callable[[RunConfig], object], ...] = ()
    room: Callable[[RunConfig], Mapping[str, int]] = _no_room
    listens: bool = False
    usual: bool = True
    costly: bool = False
    repeats: bool = False
    overwrites: bool = False
    is_done: str = "has this step done; --force does it again"
    evaluated: bool = False
    beside: Callable[[RunFolder, RunConfig, str, int | None], list[str]] | None = None

    @property
    def reads(self) -> tuple[str, ...]:
        """The steps whose results it reads: those it needs and those it uses."""
        return self.needs + self.uses

    @property
    def has_sources(self) -> bool:
        """Whether files from outside the run decide it."""
        return self.sources is not _no_sources


def step_named(name: str) -> Step:
    """Return a step; InputError that names the nearest one where there is none of this name."""
    step: Step = STEPS.get(name, Step)
    return step


def usual_steps() -> tuple[str, ...]:
    """Return the steps of a contest that names none."""
    return tuple(name for name in STEPS.names() if step_named(name).usual)


def order_faults(names: Sequence[str]) -> list[str]:
    """Return what is wrong with the steps of a contest, one clause each: unknown, twice, or before what it needs."""
    known = STEPS.names()
    if not names:
        return [f"no step is named; there are: {', '.join(known)}"]
    faults = []
    for name in dict.fromkeys(names):
        if name not in known:
            faults.append(unknown("step", name, known))
            continue
        if names.count(name) > 1:
            faults.append(f"step {name!r} is named {names.count(name)} times")
        before, step = names[: names.index(name)], step_named(name)
        faults += [
            f"step {name!r} needs {need!r}, which " + ("comes after it" if need in names else "is missing before it")
            for need in step.reads
            if need not in before and (need in step.needs or need in names)
        ]
    return faults


def all_needs(name: str, present: Iterable[str]) -> list[str]:
    """Return the steps that a step reads, and those that they read, in the registry's order.

    Args:
        name: the step.
        present: only these steps count; what goes through another one does not.
    """
    present = set(present)
    found: set[str] = set()
    todo = [name]
    while todo:
        fresh = (set(step_named(todo.pop()).reads) & present) - found
        found |= fresh
        todo += fresh
    return [each for each in STEPS.names() if each in found]


def dependents(name: str, present: Iterable[str]) -> list[str]:
    """Return the steps that read what a step makes, directly or through others (`present` as of `all_needs`)."""
    present = set(present) | {name}
    return [each for each in STEPS.names() if each in present and name in all_needs(each, present)]
