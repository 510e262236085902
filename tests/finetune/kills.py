"""Command: kill a training again and again with -9, and hold what it ends with against one that nobody killed.

Two workers, three epochs, packed rows, dropout, a loss scale that grows, a small model. A kill hits the command, msrun,
its scheduler, a worker, or all of them at once, at a random moment of a random step or while the workers start. A run
is killed several times before it is let through to its end.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import psutil

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from backend.launch import new_rows
from ckpt_tools.formats.tensors import write_tensors
from core.config import load_contest
from core.models import family_of
from core.places import ROOT
from core.run_folder import RunFolder, new_run
from tests.processes import descendants, left

SETTINGS = [
    "data.records=480",
    "data.retention_records=0",
    "data.test_records=10",
    "data.squad_records=10",
    "data.packing=true",
    "train.epochs=3",
    "train.batch_size=4",
    "train.loss_scale=dynamic",
    "train.loss_scale_window=7",
    "train.state_steps=4",
    "method.dropout=0.1",
    # What is left of workers that were killed before all had come together waits so long for the others.
    "machine.cluster_time_out=120",
]
# The practice model's tokenizer with two thin layers: what takes time then are the workers' starts.
TINY = ["hidden_size=32", "num_layers=2", "num_heads=2", "intermediate_size=64"]
TARGETS = ("command", "msrun", "scheduler", "worker 0", "worker 1", "all")
_PATIENCE = 300.0


def main() -> int:
    """Kill as often as asked, and say how many of the runs ended as the one that nobody killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--each", type=int, default=5, help="kills of one run before it is let through")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        whole = converted(Path(folder), SETTINGS)
        fresh = shutil.copytree(whole.path, Path(folder) / "fresh")
        train(whole)
        survived = 0
        for number in range(0, arguments.kills, arguments.each):
            count = min(arguments.each, arguments.kills - number)
            run = RunFolder(shutil.copytree(fresh, Path(folder) / f"killed-{number}"))
            killed(run, count, random.Random(arguments.seed * 1000 + number))
            if faults := differences(whole, run):
                print(f"after {count} kills: {'; '.join(faults)}", flush=True)
            else:
                survived += count
        print(f"{survived} of {arguments.kills} kills ended bit-equal", flush=True)
    return 0 if survived == arguments.kills else 1


def converted(logs: Path, settings: Sequence[str]) -> RunFolder:
    """Make a run of the practice contest in small, with its rows converted."""
    base = logs / "base.ckpt"
    words = [*settings, *(f"model.{setting}" for setting in TINY), f"model.checkpoint={base}"]
    config = load_contest("practice_math", words)
    shapes = family_of(config.model).parameter_shapes(config.model)
    numbers = np.random.default_rng(1)
    write_tensors(base, {name: (numbers.normal(0, 0.2, shape)).astype(np.float32) for name, shape in shapes.items()})
    run = new_run(config, logs)
    command = [sys.executable, "data_convert/run.py", "--run", str(run.path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return run


def train(run: RunFolder) -> str:
    """Train a run to its end, from wherever it is; return what the command said."""
    done = _started(run).communicate(timeout=_PATIENCE)[1]
    assert run.finished("train"), done[-3000:]
    return done


def killed(run: RunFolder, times: int, random_: random.Random) -> None:
    """Kill a training some times, then let it through to its end."""
    steps = _total(run)
    for left_over in range(times, 0, -1):
        target = random_.choice(TARGETS)
        process = _started(run)
        starting = random_.random() < 0.2
        # Spread over what is left of the run; a step that was lost may be the next one to be killed in.
        done = _steps_done(run)
        until = 0 if starting else min(done + random_.randint(1, max(1, 2 * (steps - done) // left_over)), steps - 1)
        time_of_start = random_.uniform(0, 12) if starting else random_.uniform(0, 0.15)
        before = _wait(process, run, until)
        time.sleep(time_of_start)
        below = descendants(process.pid)
        struck = _strike(process, below, target)
        news = process.communicate(timeout=_PATIENCE)[1]
        assert not left(below, seconds=60)
        lines = [line for line in news.splitlines() if "goes on" in line or "passed over" in line or "torn" in line]
        print(f"killed {struck} at step {before}: {'; '.join(lines)}", flush=True)
        if run.finished("train"):
            return  # it was faster than the kill
    print(*[line for line in train(run).splitlines() if "goes on" in line], flush=True)


def differences(whole: RunFolder, other: RunFolder) -> list[str]:
    """Return in what two trained runs differ: adapters and workers' tensors by byte, losses by value."""
    faults = []
    files = sorted(file.relative_to(whole.path) for file in whole.train.rglob("adapter.safetensors"))
    assert len(files) == 7
    for file in files:
        if (whole.path / file).read_bytes() != (other.path / file).read_bytes():
            faults.append(f"{file} differs")
    rows, others = _rows(whole), _rows(other)
    if [{**row, "seconds": 0} for row in rows] != [{**row, "seconds": 0} for row in others]:
        faults.append("the losses differ")
    seconds = [row["seconds"] for row in others]
    if seconds != sorted(seconds):
        faults.append("the seconds go back")
    return faults


def _rows(run: RunFolder) -> list[dict[str, Any]]:
    return new_rows(run.losses, 0)[1]


def _total(run: RunFolder) -> int:
    command = [sys.executable, "finetune/run.py", "--run", str(run.path), "--dry-run", "--json"]
    plan = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    return int(plan["total_steps"])


def _steps_done(run: RunFolder) -> int:
    return max([row["step"] for row in _rows(run)], default=0)


def _started(run: RunFolder) -> subprocess.Popen[str]:
    command = [sys.executable, "finetune/run.py", "--run", str(run.path)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def _wait(process: subprocess.Popen[str], run: RunFolder, step: int) -> int:
    """Wait until this start of a training has done a step; return how far it is."""
    begun = time.time()
    while process.poll() is None and time.time() - begun < _PATIENCE:
        if not step or (_steps_done(run) >= step and run.losses.stat().st_mtime > begun):
            break
        time.sleep(0.01)
    return _steps_done(run)


def _strike(process: subprocess.Popen[str], below: set[psutil.Process], target: str) -> str:
    """Kill the target, or all where it is not there yet; return what was killed."""
    if target == "command":
        process.kill()
        return target
    for one in below:
        if target != "all" and _role(one) == target:
            with suppress(psutil.NoSuchProcess):
                one.kill()
            return target
    process.kill()  # of one that has ended meanwhile nothing is left to kill
    for every in below:
        with suppress(psutil.NoSuchProcess):
            every.kill()
    return "all"


def _role(process: psutil.Process) -> str:
    try:
        environment, words = process.environ(), process.cmdline()
    except psutil.Error:
        return ""
    if any("mindspore.parallel.cluster.run" in word for word in words):
        return "msrun"
    if not any("worker.py" in word for word in words):
        return ""
    if environment.get("MS_ROLE") == "MS_SCHED":
        return "scheduler"
    return f"worker {environment.get('RANK_ID')}"


if __name__ == "__main__":
    os.nice(10)
    sys.exit(main())
