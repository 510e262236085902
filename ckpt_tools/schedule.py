"""Which steps the checkpoints of a contest are taken at, and which step a MindSpore file name means."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import InputError

_NAME = re.compile(r"(?:^|-)(\d+)_(\d+)(?:\.ckpt|\.safetensors)?$")


def even_steps(total_steps: int, count: int = 5) -> list[int]:
    """Return `count` evenly spaced steps that end at the last one; gaps differ by at most one step.

    Args:
        total_steps: steps of the whole training.
        count: checkpoints asked for.

    Raises:
        InputError: fewer steps than checkpoints.
    """
    if count < 1:
        raise InputError(f"{count} checkpoints: at least 1 is needed")
    if total_steps < count:
        raise InputError(
            f"{total_steps} training steps cannot give {count} checkpoints; train longer, or with a smaller batch"
        )
    # Rounding half up in whole numbers: exact at any size.
    return [(2 * total_steps * number + count) // (2 * count) for number in range(1, count + 1)]


def evenly_spaced(steps: Sequence[int]) -> bool:
    """Tell whether checkpoints were taken at even intervals: positive, ascending, gaps that differ by at most one step.

    (A total that the count does not divide gives gaps that differ by one.)
    """
    if not steps or steps[0] < 1:
        return False
    gaps = [after - before for before, after in zip(steps, steps[1:], strict=False)]
    return not gaps or (min(gaps) >= 1 and max(gaps) - min(gaps) <= 1)


def steps_per_epoch(records: int, batch_size: int, world_size: int = 1, drop_remainder: bool = True) -> int:
    """Return the steps of one epoch of data-parallel training from a MindRecord.

    MindSpore's sharded reader gives every worker the same number of records, ceil(records / workers), repeating some
    where they do not divide (measured with `MindDataset`); each worker then batches its own.

    Args:
        records: records in the file.
        batch_size: records a step on one worker.
        world_size: data-parallel workers (not those of tensor or pipeline parallelism).
        drop_remainder: whether the last, smaller batch is dropped.

    Raises:
        InputError: numbers below 1, or not one full batch.
    """
    for what, number in (("records", records), ("batch size", batch_size), ("workers", world_size)):
        if number < 1:
            raise InputError(f"{number} {what}: at least 1 is needed")
    share = -(-records // world_size)
    steps = share // batch_size if drop_remainder else -(-share // batch_size)
    if not steps:
        raise InputError(
            f"{records} records on {world_size} workers give no full batch of {batch_size}; use a smaller batch"
        )
    return steps


def total_steps(epochs: int, epoch_steps: int, sink_size: int | None = None) -> int:
    """Return the steps of a whole training.

    Args:
        epochs: epochs of the configuration.
        epoch_steps: steps of one epoch.
        sink_size: steps of one sink under sink mode; None without it, -1 where a sink is an epoch. MindFormers then
            trains int(steps / sink_size · epochs) whole sinks (`check_runner_config`), so up to sink_size - 1 steps
            of the data are left out.

    Raises:
        InputError: numbers below 1, or a sink larger than an epoch.
    """
    if epochs < 1 or epoch_steps < 1:
        raise InputError(f"{epochs} epochs of {epoch_steps} steps: at least 1 is needed")
    if sink_size is None or sink_size == -1:
        return epochs * epoch_steps
    _check_sink(sink_size, epoch_steps)
    return epochs * epoch_steps // sink_size * sink_size


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
    cycle = _cycle(epoch_steps, sink_size)
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
    epoch, before = divmod(step - 1, _cycle(epoch_steps, sink_size))
    return f"{epoch + 1}_{before + 1}"


def surviving(saved: Sequence[int], keep_checkpoint_max: int) -> list[int]:
    """Return the steps whose files are still there after MindSpore has deleted the oldest beyond `keep_checkpoint_max`.

    Raises:
        InputError: fewer than 1 kept.
    """
    if keep_checkpoint_max < 1:
        raise InputError(f"keep_checkpoint_max {keep_checkpoint_max}: has to be at least 1")
    return sorted(saved)[-keep_checkpoint_max:]


def _cycle(epoch_steps: int, sink_size: int | None) -> int:
    if epoch_steps < 1:
        raise InputError(f"an epoch of {epoch_steps} steps: at least 1 is needed")
    if sink_size is None or sink_size == -1:
        return epoch_steps
    _check_sink(sink_size, epoch_steps)
    return sink_size


def _check_sink(sink_size: int, epoch_steps: int) -> None:
    if not 1 <= sink_size <= epoch_steps:
        raise InputError(f"sink size {sink_size}: has to be -1 or between 1 and the {epoch_steps} steps of an epoch")
