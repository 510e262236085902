"""Command: which steps the checkpoints of a contest are taken at, and which step a MindSpore file name means.

`python ckpt_tools/schedule.py --records N --batch N --epochs N` says at which steps five even checkpoints are taken;
with files of MindSpore's checkpoint callback, or with its settings, it says whether those are evenly spaced.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from core.command import command_parser
from core.errors import GateError, InputError, run_command
from core.progress import say
from core.schedule import cycle_length, even_checkpoints, evenly_spaced, sink_length, steps_per_epoch, total_steps
from core.terminal import show, show_json

_NAME = re.compile(r"(?:^|-)(\d+)_(\d+)(?:\.ckpt|\.safetensors)?$")


def step_of_name(name: str, epoch_steps: int, sink_size: int | None = None) -> int:
    """Return the global step of a file that MindSpore's checkpoint callback wrote, `prefix-E_S.ckpt`.

    E counts epochs and S the steps in one; under sink mode with a sink of n steps, E counts sinks: `-375_2.ckpt` with
    sinks of 2 is step 750.

    Args:
        name: the file's name, or `E_S` alone.
        epoch_steps: steps of one epoch.
        sink_size: as in `total_steps`.

    Raises:
        InputError: a name that does not end in E_S, or numbers that do not fit the cycle.
    """
    cycle = cycle_length(epoch_steps, sink_size)
    match = _NAME.search(name)
    if not match:
        raise InputError(f"{name}: not a name of MindSpore's checkpoint callback (…-EPOCH_STEP.ckpt)")
    epoch, step = int(match[1]), int(match[2])
    if epoch < 1 or not 1 <= step <= cycle:
        raise InputError(f"{name}: step {step} does not fit an epoch or sink of {cycle} steps; check the sink size")
    return (epoch - 1) * cycle + step


def name_of_step(step: int, epoch_steps: int, sink_size: int | None = None) -> str:
    """Return the `E_S` that MindSpore's checkpoint callback gives global step `step`; the inverse of `step_of_name`."""
    if step < 1:
        raise InputError(f"step {step}: the first one is 1")
    epoch, before = divmod(step - 1, cycle_length(epoch_steps, sink_size))
    return f"{epoch + 1}_{before + 1}"


def saved_steps(steps: int, save_checkpoint_steps: int, sink: int = 1) -> list[int]:
    """Return the steps that MindSpore's checkpoint callback saves at (MindFormers' CheckpointMonitor does the same).

    It looks after every sink whether `save_checkpoint_steps` have passed since it saved last, and saves once more at
    the end.

    Args:
        steps: steps of the whole training.
        save_checkpoint_steps: as in the callback's configuration.
        sink: steps of one sink; 1 without sink mode.

    Raises:
        InputError: numbers below 1.
    """
    if min(steps, save_checkpoint_steps, sink) < 1:
        raise InputError(f"{steps} steps, saved every {save_checkpoint_steps}, sinks of {sink}: at least 1 is needed")
    interval = -(-save_checkpoint_steps // sink) * sink
    saved = list(range(interval, steps + 1, interval))
    return saved if saved and saved[-1] == steps else [*saved, steps]


def surviving(saved: Sequence[int], keep_checkpoint_max: int | None) -> list[int]:
    """Return the steps whose files are still there after MindSpore has deleted the oldest beyond `keep_checkpoint_max`.

    (The oldest by the time of the file, among all files of the same prefix in the folder: those of an earlier training
    count, and go first.)

    Args:
        saved: the steps saved.
        keep_checkpoint_max: as in the callback's configuration; 0 and None keep a single file there, not all of them.

    Raises:
        InputError: it is negative.
    """
    if keep_checkpoint_max is not None and keep_checkpoint_max < 0:
        raise InputError(f"keep_checkpoint_max {keep_checkpoint_max}: cannot be negative")
    return sorted(saved)[-(keep_checkpoint_max or 1) :]


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = command_parser(
        "ckpt_tools/schedule.py",
        "The steps of evenly spaced checkpoints; or whether files of MindSpore's callback are even, or "
        "what it leaves behind.",
        "example: python ckpt_tools/schedule.py --records 27562 --batch 4 --workers 4 --epochs 10 --sink 2",
        json="the result",
    )
    parser.add_argument("files", nargs="*", help="names of checkpoint files (…-EPOCH_STEP.ckpt) to look at")
    parser.add_argument("--records", type=int, required=True, help="records in the MindRecord file")
    parser.add_argument("--batch", type=int, required=True, help="records a step on one worker")
    parser.add_argument("--epochs", type=int, required=True, help="epochs of the configuration")
    parser.add_argument("--workers", type=int, default=1, help="data-parallel workers (default: 1)")
    parser.add_argument("--sink", type=int, help="sink size under sink mode; -1 where a sink is an epoch")
    parser.add_argument("--keep-remainder", action="store_true", help="the last, smaller batch is trained too")
    parser.add_argument("--count", type=int, default=5, help="checkpoints (default: 5)")
    parser.add_argument(
        "--save", type=int, metavar="N", help="look at what the callback leaves with save_checkpoint_steps: N"
    )
    parser.add_argument("--keep", type=int, metavar="N", help="and with keep_checkpoint_max: N (default: 5)")
    arguments = parser.parse_args(argv)
    if arguments.files and arguments.save is not None:
        raise InputError("name files, or give --save: not both")
    if arguments.keep is not None and arguments.save is None:
        raise InputError("--keep says what is left of what --save N saves; give both")
    return arguments


def _steps_of(files: Sequence[str], epoch_steps: int, sink_size: int | None, total: int) -> list[int]:
    """Return the steps of files in ascending order; InputError for one that such a training cannot have written."""
    steps = {name: step_of_name(name, epoch_steps, sink_size) for name in files}
    for name, step in steps.items():
        if step > total:
            raise InputError(
                f"{name}: is of step {step}, the training has {total}; check records, epochs and sink size"
            )
    return sorted(steps.values())


def main(argv: Sequence[str]) -> int:
    """Print the even steps, or those of the files; exit code 3 where the files are not even."""
    arguments = _arguments(argv)
    drop, sink_size = not arguments.keep_remainder, arguments.sink
    epoch_steps = steps_per_epoch(arguments.records, arguments.batch, arguments.workers, drop)
    total, sink = total_steps(arguments.epochs, epoch_steps, sink_size), sink_length(epoch_steps, sink_size)
    if arguments.files:
        steps = _steps_of(arguments.files, epoch_steps, sink_size, total)
    elif arguments.save is not None:
        steps = surviving(saved_steps(total, arguments.save, sink), 5 if arguments.keep is None else arguments.keep)
    else:
        steps = even_checkpoints(
            arguments.records, arguments.batch, arguments.epochs,
            world_size=arguments.workers, sink_size=sink_size, drop_remainder=drop, count=arguments.count,
        )  # fmt: skip
    result: dict[str, Any] = {
        "epoch_steps": epoch_steps,
        "steps": total,
        "checkpoints": [{"step": step, "name": name_of_step(step, epoch_steps, sink_size)} for step in steps],
        "even": evenly_spaced(steps, sink),
        "from_start": evenly_spaced(steps, sink, from_start=True),
        "save_checkpoint_steps": steps[0] if saved_steps(total, steps[0], sink) == steps else None,
    }
    if arguments.json:
        show_json(result)
    else:
        show(f"{epoch_steps} steps an epoch, {total} in all")
        for row in result["checkpoints"]:
            show(f"step {row['step']:>9}  …-{row['name']}.ckpt")
        if result["save_checkpoint_steps"]:
            show(f"as CheckpointMonitor: save_checkpoint_steps: {steps[0]}, keep_checkpoint_max: {len(steps)} or more")
        else:
            show("no save_checkpoint_steps of CheckpointMonitor gives just these")
    if result["even"] and not result["from_start"]:
        say("note: even among themselves, but not from the start of training, which the submission check requires")
    if not result["even"]:
        raise GateError(f"the {len(steps)} checkpoints are not evenly spaced: steps {', '.join(map(str, steps))}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
