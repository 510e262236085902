"""Whether a training fits into the memory of its devices, and the nearest settings that do. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import InputError
from core.schema import RunConfig
from finetune.training.memory import device_memory, in_gb, load_of, memory_limit, needs_of

# An estimate may be so much off (benchmarks/memory.py): what is beyond it is refused, what is within it is said.
TOLERANCE = 0.15
_SHOWN = 3


def limit_of(config: RunConfig) -> int | None:
    """Return the bytes that a worker may take of its device; None where that is not known."""
    return memory_limit(config.machine.max_device_memory) if config.machine.device == "Ascend" else None


def check_fits(config: RunConfig) -> None:
    """Raise InputError where a training cannot fit, with the nearest settings that do."""
    limit, parts = limit_of(config), device_memory(load_of(config))
    total = sum(parts.values())
    if limit is None or total <= limit * (1 + TOLERANCE):
        return
    found = fitting(config)
    what = f"what would fit: {'; or '.join(found)}" if found else "no setting of this machine would fit"
    raise InputError(
        f"training needs about {in_gb(total)} on each NPU ({needs_of(parts)}), and machine.max_device_memory is "
        f"{config.machine.max_device_memory}; {what}"
    )


def fitting(config: RunConfig) -> list[str]:
    """Return settings, as they stand on a command line, with which a training fits: the nearest first."""
    limit = limit_of(config)
    if limit is None:
        return []
    fits = [words for words, changed in _changes(config) if sum(device_memory(load_of(changed)).values()) <= limit]
    return fits[:_SHOWN]


def _changes(config: RunConfig) -> Iterator[tuple[str, RunConfig]]:
    """Yield changed settings: what trains the same first, then what only MindFormers by itself trains."""
    recomputed = config.model_copy(update={"machine": config.machine.model_copy(update={"recompute": True})})
    starts = [("", config)] + ([] if config.machine.recompute else [("machine.recompute=true", recomputed)])
    for words, start in starts:
        if words:
            yield words, start
    for words, start in starts:
        yield from ((f"{more} {words}".strip(), changed) for more, changed in _smaller_batches(start))
    for words, start in starts:
        yield from ((f"{more} {words}".strip(), changed) for more, changed in _spread(start))


def _smaller_batches(config: RunConfig) -> Iterator[tuple[str, RunConfig]]:
    """Yield the same step in more parts: the largest part first."""
    train = config.train
    for size in range(train.batch_size - 1, 0, -1):
        if train.batch_size % size == 0:
            parts = train.accumulate * (train.batch_size // size)
            changed = train.model_copy(update={"batch_size": size, "accumulate": parts})
            yield f"train.batch_size={size} train.accumulate={parts}", config.model_copy(update={"train": changed})


def _spread(config: RunConfig) -> Iterator[tuple[str, RunConfig]]:
    """Yield tensors shared by more workers of a host; the global batch shrinks with the data parallelism."""
    machine = config.machine
    for share in (2, 4, 8):
        if machine.data_parallel % share == 0 and machine.workers % (share * machine.model_parallel) == 0:
            tensor, data = machine.model_parallel * share, machine.data_parallel // share
            changed = machine.model_copy(update={"model_parallel": tensor, "data_parallel": data})
            words = f"machine.model_parallel={tensor} machine.data_parallel={data} (trained by MindFormers itself)"
            yield words, config.model_copy(update={"machine": changed})
