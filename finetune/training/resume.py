"""Going on with a training that was interrupted: what decides it, from which state it goes on, what is kept.

A training is decided by its trainer's YAML, the changes of its network, the converted rows and the base. Where one of
them is another than when the training was begun, it is refused: adapters of two trainings never lie side by side, and
what took hours is never removed unless that is forced.
"""

from __future__ import annotations

import fcntl
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from backend.launch import new_rows
from backend.training.state_files import DECIDED, LOCK, decided_hash, read_state, states_in
from ckpt_tools.merging.adapter import TENSORS
from core.errors import InputError, KitError
from core.files import make_folder, move, read_json, remove_file, remove_folder, replacing, write_json
from core.inside import open_lock
from core.progress import say
from core.run_folder import RunFolder
from core.step_names import step_name
from core.validation import ValidationPlan
from finetune.training.validated import ADAPTERS, saved_adapter, validation_losses

# What becomes of a training that was begun: go on, and refuse if it was another one; begin anew if it was another one;
# begin anew.
Begun = Literal["go on", "anew if changed", "anew"]

# Settings of the trainer that decide nothing of what is trained: places, and how often is saved.
_PLACES = ("output_dir", "load_checkpoint", "train_dataset.data_loader.dataset_dir", "context.max_device_memory")
# When the loss on validation records is computed, and training stops, by the settings that say so.
_OF_VALIDATION = {"every": "validation_steps", "patience": "patience", "min_delta": "min_delta"}
_SHOWN = 4
_PATIENCE = 120.0


@dataclass(frozen=True)
class Decided:
    """What decides a training.

    Attributes:
        values: name, as a message says it -> value or sha256.
        versions: package -> version; with another one a training goes on, but perhaps not to the bit.
    """

    values: Mapping[str, str]
    versions: Mapping[str, str]


def what_decides(
    run: RunFolder,
    trainer_yaml: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
    mindrecord: Path,
    base: Path,
    validation: Path | None = None,
) -> Decided:
    """Return what decides a training.

    Args:
        run: its run.
        trainer_yaml: as composed for a training from the start.
        changes: of the network, as written beside the YAML.
        mindrecord: folder of the converted rows.
        base: file of the base weights.
        validation: folder of the validation records' rows; None: their loss is not computed.
    """
    values = {
        name: value
        for name, value in _leaves({key: value for key, value in trainer_yaml.items() if key != "callbacks"})
        if name not in _PLACES
    }
    for callback in trainer_yaml["callbacks"]:
        if "steps" in callback:  # adapters of other steps are never among those of these
            values["the checkpoints' steps"] = json.dumps(callback["steps"])
        for name, value in (callback.get("validation") or {}).items():
            if name in _OF_VALIDATION:
                values[f"train.{_OF_VALIDATION[name]}"] = json.dumps(value)
    for change in changes:
        values.update(_leaves(change["settings"], f"{change['module']}."))
    hashes = run.hashes
    for file in sorted(file for folder in filter(None, (mindrecord, validation)) for file in folder.iterdir()):
        if file.suffix != ".db":  # an index, which follows from the rows
            folder = file.parent
            values[f"the rows in {folder.parent.name}/{folder.name}/{file.name}"] = hashes.of_file(file)
    values["the base's weights (model.checkpoint)"] = hashes.of_file(base)
    versions = {package: metadata.version(package) for package in ("mindspore", "mindformers")}
    return Decided(values, versions)


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}{key}" + ("." if isinstance(inner, Mapping) else ""))
    else:
        yield name, json.dumps(value, ensure_ascii=False)


def step_to_go_on_from(
    run: RunFolder,
    decided: Decided,
    steps: Sequence[int],
    writers: int,
    begun: Begun,
    validation: ValidationPlan | None = None,
) -> int:
    """Return the step whose state a training goes on from, and clear away what cannot be gone on from; 0: the start.

    Args:
        run: its run.
        decided: what decides it now.
        steps: its checkpoints, the last step among them.
        writers: workers whose states belong together.
        begun: what becomes of an earlier training of the run.
        validation: when the loss on validation records is computed, and training stops early; None: never.

    Raises:
        InputError: an earlier training was decided by something else, and nothing is forced.
        KitError: its workers still run.
    """
    folder = run.train / "state"
    make_folder(folder)
    _wait_for_workers(folder)
    others = _differences(run, folder, decided)
    if others and begun == "go on":
        raise InputError(
            f"{run.path}: the training that was begun here is another one: {others}. Restore that, start a new run, or "
            "give --force to train anew; what was trained is lost then"
        )
    if begun == "anew" or (others and begun == "anew if changed"):
        for leftover in (*ADAPTERS, "workers", "state"):
            remove_folder(run.train / leftover)
    remove_folder(run.train / "workers")
    write_json(folder / DECIDED, {"decided": dict(decided.values), "versions": dict(decided.versions)})
    step = _newest_whole(run, decided, _Until(run, steps, validation), writers)
    for later, files in states_in(folder).items():
        if later > step:  # it would be taken for the newest one
            for file in files:
                remove_file(file)
    return step


def _differences(run: RunFolder, folder: Path, decided: Decided) -> str:
    """Return how a training that left something differs from this one, in a few words; empty where it does not."""
    held = [run.train / name for name in ADAPTERS if any((run.train / name).glob(f"*/{TENSORS}"))]
    if not states_in(folder) and not held:
        return ""
    file = folder / DECIDED
    if not file.is_file():
        return f"{held[0] if held else folder} holds adapters without the state that belongs to them"
    noted = read_json(file)
    before, now = noted["decided"], decided.values
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)]
    if not changed:
        _note_versions(noted["versions"], decided.versions)
        return ""
    listed = "; ".join(_told(name, before.get(name), now.get(name)) for name in changed[:_SHOWN])
    return listed + (f"; and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else "")


def _told(name: str, before: str | None, now: str | None) -> str:
    if name.startswith("the "):
        return f"{name} have changed"
    return f"{name} was {'not set' if before is None else before} and is {'not set' if now is None else now}"


def _note_versions(before: Mapping[str, str], now: Mapping[str, str]) -> None:
    for package in now:
        if before.get(package) != now[package]:
            say(
                f"train: begun with {package} {before.get(package)}, goes on with {now[package]}: the adapters may "
                "differ in their last bits from those of one version"
            )


class _Until:
    """How far a training goes, and which adapters it has saved by then.

    Args:
        run: its run.
        steps: its checkpoints, the last step among them.
        validation: when its loss on validation records is computed.
    """

    def __init__(self, run: RunFolder, steps: Sequence[int], validation: ValidationPlan | None) -> None:
        stopped = validation.stopped(validation_losses(run)) if validation else None
        self.last = stopped or max(steps)
        self.saved = sorted({*steps, *(validation.kept if validation else ())})


def _newest_whole(run: RunFolder, decided: Decided, until: _Until, writers: int) -> int:
    expected = decided_hash(decided.values)
    for step, files in states_in(run.train / "state").items():
        if step >= until.last:
            continue  # the workers have nothing left to do after it, and could not be compared; the one before serves
        missing = [each for each in until.saved if each < step and saved_adapter(run, each) is None]
        if missing:
            say(f"train: the adapter of step {missing[0]} is missing, so that the state of step {step} is passed over")
            continue
        try:
            states = [read_state(file) for file in files]
        except KitError as error:
            say(f"train: {error}; the one before it is taken")
            continue
        if len(states) == writers and all(state.decided == expected for state in states):
            say(f"train: goes on after step {step} of {until.last}")
            return step
    return 0


def _wait_for_workers(folder: Path) -> None:
    """Wait until the workers of a command that was killed have ended: they end with it, but not at once."""
    with open_lock(folder / LOCK) as lock:
        deadline, told = time.monotonic() + _PATIENCE, False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise KitError(f"{folder.parent}: workers of an earlier training still run; end them") from None
            if not told:
                say("train: waiting for the workers of an earlier training to end")
                told = True
            time.sleep(0.2)


def keep_losses(run: RunFolder, step: int, validated: bool = False) -> None:
    """Cut the losses behind a step: the rows of later ones are written again.

    Args:
        run: its run.
        step: the last one that stays.
        validated: there are losses on validation records too, perhaps none yet.
    """
    for file in (run.losses, run.validation_losses) if validated else (run.losses,):
        end, rows = new_rows(file, 0)
        lines = file.read_bytes()[:end].splitlines(keepends=True) if rows else []
        with replacing(file) as partial:
            partial.write_bytes(b"".join(line for line, row in zip(lines, rows, strict=True) if row["step"] <= step))


def keep_logs(log_dir: Path, step: int) -> None:
    """Put the logs of workers that were interrupted aside, into a folder that says up to which step they are of use."""
    for log in sorted(log_dir.glob("*.log")):
        aside = log_dir / f"until_{step_name(step)}"
        make_folder(aside)
        move(log, aside / log.name)
