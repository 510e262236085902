"""The run folder `logs/<run>/`: where everything of one run lies, and which of its steps are done."""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timezone
from importlib import metadata
from itertools import count
from pathlib import Path
from typing import Any

from core import __version__, machine, places
from core.config import dump, load_run, settings_in
from core.errors import InputError, KitError
from core.files import (
    append_jsonl,
    make_folder,
    read_text,
    remove_file,
    remove_folder,
    write_json,
    write_link,
    write_text,
)
from core.inside import open_lock
from core.machine import note_machine
from core.places import ROOT, need_utf8
from core.processes import told_to_children
from core.schema import RunConfig
from core.sources import Hashes
from core.step_notes import StepNotes

LOGS = places.LOGS
# Tells the commands that a process starts which run it holds for them.
_HELD = "KIT_RUN_HELD"
_PACKAGES = ("mindspore", "mindformers", "numpy", "safetensors", "ml_dtypes", "sentencepiece", "jieba", "pydantic")

_AT_ITS_BEGINNING = {
    *("run.yaml", "environment.json", "events.jsonl", "sources.json", ".lock", machine.NOTES, "data/skipped.jsonl")
}


class RunFolder:
    """Paths and state of one run. Creating the object touches nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = path / "data"
        self.train = path / "train"
        self.checkpoints = path / "checkpoints"
        self.predictions = path / "predictions"
        self.results = path / "results"
        self.submission = path / "submission"
        self.hand_in = path / "hand_in"
        self.settings_file = path / "run.yaml"
        self.environment = path / "environment.json"
        self.audit = self.data / "audit.json"
        self.trainer_yaml = self.train / "finetune.yaml"
        self.losses = self.train / "loss.jsonl"
        self.validation = self.data / "validation"
        self.validation_losses = self.train / "validation.jsonl"
        self.events = path / "events.jsonl"

    @property
    def name(self) -> str:
        """The run's name: that of its folder."""
        return self.path.name

    def need(self) -> None:
        """Raise InputError where the folder is not a run folder."""
        if not self.settings_file.is_file():
            raise InputError(f"{self.path} is not a run folder (run.yaml is missing); give --run logs/NAME")

    def config(self, overrides: Sequence[str] = ()) -> RunConfig:
        """Read the run's configuration; InputError where the folder is not a run folder."""
        self.need()
        return load_run(self.settings_file, overrides)

    def settings(self) -> dict[str, Any]:
        """Return run.yaml as it stands: the settings by name, unchecked."""
        return settings_in(read_text(self.settings_file), str(self.settings_file))

    def event(self, name: str, **facts: Any) -> None:
        """Append to events.jsonl what happened when."""
        make_folder(self.path)
        row = {"time": datetime.now(timezone.utc).isoformat(timespec="seconds"), "event": name, **facts}
        append_jsonl(self.events, row)

    @property
    def hashes(self) -> Hashes:
        """The sha256 of files that the run is made from, kept in it for large ones."""
        return Hashes(self.path / "sources.json")

    @property
    def steps(self) -> StepNotes:
        """What is noted of its steps."""
        return StepNotes(self)

    def finished(self, step: str) -> bool:
        """Tell whether the last thing that happened to `step` was that it was done."""
        return self.steps.finished(step)

    def redo(self, step: str) -> None:
        """Note that `step`, and what was made from it, is not done any more."""
        self.steps.redo(step)

    def step(self, name: str, force: bool = False) -> AbstractContextManager[None]:
        """Do a step of the run in a `with` block, which notes it; see `core.step_notes.StepNotes.step`."""
        return self.steps.step(name, force)

    def nothing_made(self) -> bool:
        """Tell whether it holds nothing but what every run begins with, and the list of records passed over."""
        files = {str(file.relative_to(self.path)) for file in self.path.rglob("*") if not file.is_dir()}
        return files <= _AT_ITS_BEGINNING

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run for this process and the commands it starts; InputError where another process does."""
        name = str(self.path.resolve())
        if os.environ.get(_HELD) == name:
            yield
            return
        with open_lock(self.path / ".lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    f"{self.path}: another process is working on this run; wait until it has finished"
                ) from error
            note_machine(self.path)
            with told_to_children(_HELD, name):
                yield


def new_run(config: RunConfig, logs: Path = LOGS) -> RunFolder:
    """Make a run folder named after the contest and the time, with run.yaml and environment.json in it.

    InputError where the kit, or the folder of runs, lies below a name that is not UTF-8.
    """
    for folder in (ROOT, logs.absolute()):
        need_utf8(folder)
    path = _new_folder(logs, f"{config.contest}-{time.strftime('%Y%m%d-%H%M%S')}")
    run = RunFolder(path)
    write_text(run.settings_file, dump(config))
    write_json(run.environment, environment(config))
    note_machine(path)
    run.event("run created", contest=config.contest)
    point_latest(run)
    return run


@contextmanager
def begun(run: RunFolder, new: bool) -> Iterator[None]:
    """Remove a run again, and let `latest` point to the newest one left, where wrong input ends it at its very start.

    Args:
        run: it goes on in the `with` block.
        new: this command made it; a run of before is never removed.
    """
    try:
        yield
    except KitError as error:
        told = str(run.path) in str(error)  # of a file in it
        if new and error.exit_code == InputError.exit_code and not told and run.nothing_made():
            remove_folder(run.path)
            latest = run.path.parent / "latest"
            if os.path.lexists(latest) and not latest.exists():
                remove_file(latest)
                if left := sorted(run.path.parent.glob("*/run.yaml"), key=lambda file: file.stat().st_mtime):
                    point_latest(RunFolder(left[-1].parent))
        raise


def _new_folder(logs: Path, name: str) -> Path:
    """Make a folder of this name, or of the name with -2, -3, … behind it where runs of the same second have theirs."""
    make_folder(logs)
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    while True:
        path = logs / next(names)
        with suppress(FileExistsError):
            make_folder(path, new=True)
            return path


def unfinished_run(config: RunConfig, step: str = "main job", logs: Path = LOGS) -> RunFolder | None:
    """Return the newest run of just this configuration, unless `step` was done in it or there is no such run."""
    wanted = dump(config)
    for file in sorted(logs.glob(f"{config.contest}-*/run.yaml"), key=lambda file: file.parent.name, reverse=True):
        run = RunFolder(file.parent)
        if file.read_text(encoding="utf-8") == wanted:
            return None if run.finished(step) else run
    return None


def point_latest(run: RunFolder) -> None:
    """Let `latest`, beside the run folder, point to it."""
    write_link(run.path.parent / "latest", run.path.name)


def find_run(path: str | None) -> RunFolder:
    """Return the run folder that a command was given, or the newest one.

    Raises:
        InputError: it is not a run folder, or there is no run yet.
    """
    folder = Path(path) if path else LOGS / "latest"
    if not path and not folder.exists():
        raise InputError("there is no run yet: start one with `bash finetune/run_lora.sh`, or give --run")
    need_utf8(folder.absolute())
    run = RunFolder(Path(os.path.realpath(folder)))  # Path.resolve() has an error of its own for links in a circle
    run.need()
    return run


def environment(config: RunConfig) -> dict[str, Any]:
    """Return what is needed to understand and repeat a run: versions (the kit's own too), host, device, git commit."""
    versions: dict[str, str | None] = {}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return {
        "schema": 1,
        "kit": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "device": config.machine.device,
        "packages": versions,
        "git_commit": _git("rev-parse", "HEAD"),
        "git_changed": bool(_git("status", "--porcelain")),
        "command": sys.argv,
    }


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip()
