"""Which steps of a run are done: what events.jsonl says of them, and what a step does around its work.

A step is done when the last event about it is "step done" and its sources are still what they were then. It is "stale"
when a step that it reads was repeated; what it made then is removed before it is done anew, so that nothing of two
trainings lies side by side.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InputError, KitError
from core.files import read_jsonl, remove_folder, sha256_file, sha256_text
from core.inside import check_links
from core.processes import told_to_children
from core.progress import say
from core.registry import STEPS
from core.sources import Watched, stamp_of
from core.steps import Source, Step, all_needs, dependents, step_named

if TYPE_CHECKING:
    from core.run_folder import RunFolder

MAIN_JOB = "main job"
# Tells the commands that a step starts which step of which run is noted already.
_NOTED = "KIT_STEP_HELD"
# Of what a step made, files up to this size are compared by content, larger ones by size and time.
_SMALL = 1 << 20


class StepNotes:
    """The steps of one run. Creating the object touches nothing."""

    def __init__(self, run: RunFolder) -> None:
        self._run = run
        self._hashes = run.hashes

    def last(self) -> dict[str, dict[str, Any]]:
        """Return the last event about each step."""
        file = self._run.events
        rows = read_events(file, whole_lines=True) if file.is_file() else ()
        return {row["step"]: row for row in rows if "step" in row}

    def finished(self, name: str) -> bool:
        """Tell whether the last thing that happened to a step was that it was done."""
        return bool(self.last().get(name, {}).get("event") == "step done")

    def redo(self, name: str) -> None:
        """Note that a step, those that read what it made, and the main job are not done any more."""
        self._stale(name, itself=True)

    def _stale(self, name: str, itself: bool) -> None:
        last = self.last()
        names = [each for each in dependents(name, last) if each != name and last[each]["event"] != "step stale"]
        if itself and self.finished(name):
            names = [name, *names]
        for each in [*names, *([MAIN_JOB] if names and self.finished(MAIN_JOB) else [])]:
            self._run.event("step stale", step=each)

    def changed(self, name: str) -> list[str]:
        """Return "PATH (setting)" of each source that is another than when a step was done; nothing if it is not done.

        A source that is no longer there is no change: what was made from it is in the run.
        """
        noted = self.last().get(name, {})
        return self._differing(name, noted) if noted.get("event") == "step done" else []

    def _differing(self, name: str, noted: dict[str, Any], among: Sequence[str] | None = None) -> list[str]:
        """Hold the present sources of a step against what an event notes of them; only the settings `among`."""
        hashes = noted.get("sources") or {}
        wanted = [setting for setting in hashes if among is None or setting in among]
        if not wanted:
            return []
        sources = step_named(name).sources(self._run.config())
        there = {setting: sources[setting] for setting in wanted if setting in sources and sources[setting].files}
        return [
            f"{source.path} ({setting})"
            for setting, source in there.items()
            if self._hashes.of_source(source) != hashes[setting]
        ]

    def check_sources(self, names: Sequence[str], force: bool) -> None:
        """See to it that no step of these is done from a source that has changed since: it is not done any more then.

        Raises:
            InputError: something costly (trained adapters) would have to be made again, and that is not forced.
        """
        changed = {name: found for name in names if (found := self.changed(name))}
        last = self.last()
        undone = {each for name in changed for each in (name, *dependents(name, last))}
        undone = {each for each in undone if last[each]["event"] == "step done"}
        if not force and any(step_named(each).costly for each in undone):
            files = "; ".join(f"{', '.join(found)} since step {name!r}" for name, found in changed.items())
            again = ", ".join(name for name in STEPS.names() if name in undone)
            raise InputError(
                f"{self._run.path}: changed under the same name after training: {files}. Restore what was there "
                f"before, or give --force to redo: {again}"
            )
        for name, found in changed.items():
            say(f"— {name}: {', '.join(found)} has changed since it was done; it is done again")
            self.redo(name)

    @contextmanager
    def step(self, name: str, force: bool = False) -> Iterator[None]:
        """Do a step: the work goes into the `with` block, this notes that it was started, and done or failed.

        Inside a step that is noted already (a command that the main job or another one started for it) it does nothing.

        Args:
            name: the step.
            force: do it though it is done, or though that undoes what is costly.

        Raises:
            InputError: it is done; a source that it reads changed since, or while it ran; another process holds it.
        """
        if self._is_noted(name):
            yield
            return
        with (
            self._run.locked(),
            told_to_children(_NOTED, self._label(name)),
            self._noted(step_named(name), force),
        ):
            yield

    def in_part(self, name: str) -> AbstractContextManager[None]:
        """Let commands that a `with` block starts do a part of a step, of which nothing is noted."""
        return told_to_children(_NOTED, self._label(name))

    def _label(self, name: str) -> str:
        return f"{name} of {self._run.path.resolve()}"

    def _is_noted(self, name: str) -> bool:
        """Tell whether a step of the run is noted by this process, or by the one that started it."""
        return os.environ.get(_NOTED) == self._label(name)

    @contextmanager
    def _noted(self, step: Step, force: bool) -> Iterator[None]:
        check_links(self._run.path, places_of(step))
        self._check_needs(step)
        self.check_sources([step.name], force)
        made = self._begin(step, force)
        sources = Watched(self._sources(step), self._hashes)
        self._run.event("step started", step=step.name)
        started = time.monotonic()
        try:
            yield
            if moved := sources.changed():
                raise InputError(f"{', '.join(moved)} was changed while step {step.name!r} read it; run it again")
        except BaseException as error:
            self._run.event("step failed", step=step.name, exit_code=_exit_code(error))
            raise
        if made is not None and made != self.fingerprint(step):
            self._stale(step.name, itself=False)
        noted = {"sources": sources.sha256} if sources.sha256 else {}
        self._run.event("step done", step=step.name, seconds=round(time.monotonic() - started, 1), **noted)

    def _begin(self, step: Step, force: bool) -> str | None:
        """Note what beginning a step undoes.

        Returns:
            Where it is done and only looks whether that still holds, the fingerprint of what it made: what was made
            from it is undone in the end, and only if the outcome is another. Else None.
        """
        last = self.last().get(step.name, {}).get("event")
        if last == "step done" and not force:
            if not step.repeats:
                raise InputError(f"{self._run.path} {step.is_done} and redoes all that was made from it")
            return self.fingerprint(step)
        if last == "step stale" and not step.overwrites:
            self._remove(step)
        self.redo(step.name)
        return None

    def _check_needs(self, step: Step) -> None:
        """Stop where a step that this one reads is done from a source that decides both and has changed since."""
        last = self.last()
        settings = [*self._sources(step), *step.inherits]
        for name in all_needs(step.name, last):
            if last[name]["event"] == "step done" and (found := self._differing(name, last[name], settings)):
                raise InputError(
                    f"{self._run.path}: {', '.join(found)} has changed since step {name!r}, and {step.name} would "
                    f"use what was made before: redo {name} first, or restore what was there"
                )

    def _sources(self, step: Step) -> dict[str, Source]:
        # A step without sources needs no configuration, and so none that can be read.
        return dict(step.sources(self._run.config())) if step.has_sources else {}

    @contextmanager
    def partly(self, name: str) -> Iterator[None]:
        """Change by hand a part of what a step makes: where something is another afterwards, the step is not done."""
        step = step_named(name)
        check_links(self._run.path, places_of(step))
        made = self.fingerprint(step)
        try:
            yield
        finally:
            if made != self.fingerprint(step) and not self._is_noted(name):
                self.redo(name)
                self._run.event("step changed by hand", step=name)

    def fingerprint(self, step: Step) -> str:
        """Return a hash of what a step made: names, small files' contents, large files' sizes and times."""
        files = sorted(file for pattern in step.makes for file in self._run.path.glob(pattern) if file.is_file())
        lines = []
        for file in files:
            stamp = stamp_of(file)
            content = sha256_file(file) if stamp and stamp[0] <= _SMALL else stamp
            lines.append(f"{os.fsencode(file.relative_to(self._run.path))!r} {content}")
        return sha256_text("\n".join(lines))

    def _remove(self, step: Step) -> None:
        """Remove what a step made when what it reads was another."""
        for path in [path for pattern in step.makes for path in self._run.path.glob(pattern)]:
            remove_folder(path)


def places_of(step: Step) -> list[str]:
    """Return the files and folders at the top of a run that a step writes to, with those that evaluations keep."""
    return sorted({*(pattern.partition("/")[0] for pattern in step.makes), "eval", "predictions"})


def read_events(file: Path, whole_lines: bool = False) -> Iterator[dict[str, Any]]:
    """Yield the rows of an events.jsonl; InputError (file and line) for one that is no event of a run."""
    for number, row in read_jsonl(file, whole_lines):
        texts = (row.get("event"), row.get("step", "")) if isinstance(row, dict) else ()
        if not texts or not all(isinstance(text, str) for text in texts) or not _names_hashes(row.get("sources")):
            raise InputError(f"{file}:{number}: not an event of a run; remove the line")
        yield row


def _names_hashes(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and all(isinstance(text, str) for text in value.values()))


def _exit_code(error: BaseException) -> int:
    if isinstance(error, KitError):
        return error.exit_code
    return 130 if isinstance(error, KeyboardInterrupt) else 1
