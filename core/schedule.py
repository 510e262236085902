"""How many steps a training has, and at which of them evenly spaced checkpoints are taken. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from core.errors import InputError


def even_checkpoints(
    records: int,
    batch_size: int,
    epochs: int,
    *,
    world_size: int = 1,
    sink_size: int | None = None,
    drop_remainder: bool = True,
    count: int = 5,
) -> list[int]:
    """Return the steps of `count` evenly spaced checkpoints of a whole training, the last one at its end.

    Args:
        records: records in the MindRecord file.
        batch_size: records a step on one worker.
        epochs: epochs of the configuration.
        world_size: data-parallel workers.
        sink_size: steps of one sink; None without sink mode, -1 where a sink is an epoch. Weights leave the device
            between sinks only, so every step is then the end of one, and gaps differ by at most one sink.
        drop_remainder: whether the last, smaller batch of an epoch is dropped.
        count: checkpoints asked for.

    Raises:
        InputError: numbers below 1, a sink larger than an epoch, or fewer steps (sinks) than checkpoints.
    """
    epoch_steps = steps_per_epoch(records, batch_size, world_size, drop_remainder)
    steps = total_steps(epochs, epoch_steps, sink_size)
    sink = sink_length(epoch_steps, sink_size)
    if steps // sink < count:
        raise InputError(
            f"{steps} training steps in sinks of {sink} cannot give {count} checkpoints; set a smaller sink size or "
            "train longer"
        )
    return [sink * number for number in even_steps(steps // sink, count)]


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


def evenly_spaced(steps: Sequence[int], sink: int = 1, from_start: bool = False) -> bool:
    """Tell whether checkpoints were taken at even intervals: ascending, with intervals that differ by at most one sink.

    (A total that the count does not divide gives intervals that differ by one.)

    Args:
        steps: their steps, in order.
        sink: steps of one sink; 1 without sink mode.
        from_start: whether the steps before the first one count as an interval too.
    """
    if not steps or steps[0] < 1:
        return False
    ends = [0, *steps] if from_start else steps
    intervals = [after - before for before, after in pairwise(ends)]
    return not intervals or (min(intervals) >= 1 and max(intervals) - min(intervals) <= sink)


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
    # The very expression of MindFormers: 41 steps in sinks of 5 over 15 epochs are 122 sinks to it, not 123.
    return int((epoch_steps / sink_size) * epochs) * sink_size


def sink_length(epoch_steps: int, sink_size: int | None) -> int:
    """Return the steps between two looks of the host at the device: 1 without sink mode."""
    return 1 if sink_size is None else cycle_length(epoch_steps, sink_size)


def cycle_length(epoch_steps: int, sink_size: int | None) -> int:
    """Return the steps after which MindSpore's file names begin to count anew: those of an epoch, or of a sink."""
    if epoch_steps < 1:
        raise InputError(f"an epoch of {epoch_steps} steps: at least 1 is needed")
    if sink_size is None or sink_size == -1:
        return epoch_steps
    _check_sink(sink_size, epoch_steps)
    return sink_size


def _check_sink(sink_size: int, epoch_steps: int) -> None:
    if not 1 <= sink_size <= epoch_steps:
        raise InputError(f"sink size {sink_size}: has to be -1 or between 1 and the {epoch_steps} steps of an epoch")
