"""The state of a training in files: written whole, checked when it is read, the last two kept. Without MindSpore.

`train/state/step_N.rank_R.safetensors` holds what the steps up to N have changed, as worker R has it. Data-parallel
workers hold the same tensors, so worker 0 writes for all of them; only where each keeps its own share of the
optimizer's state do all of them write. A kill or a loss of power leaves a torn file at the worst, which the sha256 in
it tells from a whole one; the state before it is still there then.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from core.errors import KitError
from core.files import remove_file, replacing, sha256_text
from core.untrusted import load_json

Array = npt.NDArray[Any]
# What decides the training; beside the states, written before the first worker is started.
DECIDED = "decided.json"
LOCK = ".lock"
_NAME = re.compile(r"step_(\d{1,18})\.rank_(\d{1,9})\.safetensors")
_KEPT = 2


@dataclass(frozen=True)
class State:
    """A training after some of its steps.

    Attributes:
        step: optimizer steps done.
        seconds: how long they took.
        decided: hash of what decides the training (`decided_hash`).
        tensors: name -> value of each parameter that training changes.
    """

    step: int
    seconds: float
    decided: str
    tensors: Mapping[str, Array]


def decided_hash(decided: Mapping[str, str]) -> str:
    """Return the sha256 of what decides a training, in hexadecimal."""
    return sha256_text(json.dumps(dict(decided), sort_keys=True))


def state_file(folder: Path, step: int, rank: int) -> Path:
    """Return where a worker's state after a step lies."""
    return folder / f"step_{step}.rank_{rank}.safetensors"


def states_in(folder: Path) -> dict[int, list[Path]]:
    """Return step -> files of the states in a folder, newest step first; they may be torn."""
    found: dict[int, list[Path]] = {}
    for file in sorted(folder.glob("step_*.safetensors")):
        if name := _NAME.fullmatch(file.name):
            found.setdefault(int(name[1]), []).append(file)
    return dict(sorted(found.items(), reverse=True))


def write_state(folder: Path, rank: int, state: State) -> None:
    """Write a worker's state, and remove all but its last two; when this returns, it has reached the disk."""
    facts = {"step": state.step, "seconds": state.seconds, "decided": state.decided}
    file = state_file(folder, state.step, rank)
    metadata = {"state": json.dumps(facts), "sha256": _digest(facts, state.tensors)}
    with replacing(file) as partial:
        save_file(dict(state.tensors), str(partial), metadata)
    _reach_disk(folder)
    own = [file for step, files in states_in(folder).items() if (file := state_file(folder, step, rank)) in files]
    for old in own[_KEPT:]:
        remove_file(old)


def read_state(file: Path) -> State:
    """Read a state; KitError, which names the file, where it is torn or cannot be read."""
    try:
        with safe_open(file, "numpy") as stored:
            metadata = stored.metadata() or {}
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - it is no mapping
        facts = load_json(metadata["state"], str(file))
        if metadata["sha256"] == _digest(facts, tensors):
            return State(int(facts["step"]), float(facts["seconds"]), str(facts["decided"]), tensors)
    except (SafetensorError, OSError, KitError, KeyError, TypeError, ValueError) as error:
        raise KitError(f"{file}: the state in it cannot be read ({error})") from error
    raise KitError(f"{file}: the state in it is torn (its sha256 is another)")


def _digest(facts: Mapping[str, Any], tensors: Mapping[str, Array]) -> str:
    digest = hashlib.sha256(json.dumps(dict(facts), sort_keys=True).encode())
    for name in sorted(tensors):
        values = tensors[name]
        digest.update(f"\n{name} {values.dtype} {values.shape}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def _reach_disk(folder: Path) -> None:
    """Let the names in a folder reach the disk: a new state has to be there before an old one goes."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
