"""The loss on validation records, computed by the workers between two steps of training.

It is the loss that MindFormers' network itself computes, the mean over all learned tokens of all validation records.
Nothing that training goes on from is touched: no weight, no random number, no place in the data. Dropout and noise are
switched off by what they look at, `training` of their cells; only the cells that compute the loss go on seeing it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import nn, ops

from backend.ranks import several_workers, worker_rank
from core.errors import KitError
from core.validation import Row, ValidationPlan, lowest

# MindFormers' cell of the loss, in the networks that have one.
_LOSS = "loss"
# Its member that makes it give the sum of all losses and their number instead of their mean.
_PER_TOKEN = "calculate_per_token_loss"
_IGNORED = -100


class Validation:
    """The validation records of a training, and the losses computed so far.

    Args:
        rows: folder of their MindRecord files.
        columns: of these, in the order in which the network takes them.
        batch_size: rows of each forward pass.
        plan: what `ValidationPlan` takes.

    Attributes:
        plan: when their loss is computed, and when training stops.
        losses: "step", "loss", "tokens" and "seconds" of each time, in order; the same on every worker.
    """

    def __init__(self, rows: str, columns: Sequence[str], batch_size: int, **plan: Any) -> None:
        self.plan = ValidationPlan(**{name: _tuple(value) for name, value in plan.items()})
        self.losses: list[Row] = []
        self._folder, self._columns, self._batch_size = Path(rows), tuple(columns), batch_size
        self._batches: list[tuple[ms.Tensor, ...]] = []
        self._sum = _SumOfWorkers() if several_workers() else None

    def begin(self, losses: Sequence[Row]) -> None:
        """Read the records; `losses` are those of steps that are done already."""
        self.losses = list(losses)
        rows = read_rows(self._folder, self._columns)
        share = _share_of_worker(rows, self._batch_size)
        self._batches = [tuple(ms.Tensor(column) for column in batch) for batch in share]

    def measure(self, network: Any, step: int) -> Row:
        """Compute the loss after a step, on all workers at once; return its row.

        Raises:
            KitError: the network does not compute its loss as MindFormers' networks do.
        """
        began = time.monotonic()
        network = _without_step(network)
        loss, tokens = 0.0, 0
        with computing_loss(network):
            for batch in self._batches:
                outputs = network(*batch)
                if not isinstance(outputs, tuple):
                    raise KitError("validation: this MindFormers gives no sum of losses; set train.validation_steps=0")
                loss += float(outputs[0].asnumpy())
                tokens += round(float(outputs[1].asnumpy().reshape(())))
        if self._sum is not None:
            loss, tokens = self._sum.of(loss, tokens)
        seconds = round(time.monotonic() - began, 3)
        mean = loss / tokens if tokens else float("nan")
        self.losses.append({"step": step, "loss": mean, "tokens": tokens, "seconds": seconds})
        return self.losses[-1]

    @property
    def best(self) -> int | None:
        """The step with the lowest loss so far."""
        row = lowest(self.losses)
        return None if row is None else int(row["step"])

    def keeps(self, step: int) -> bool:
        """Tell whether the adapter of a step is kept beside those of the checkpoints."""
        return step in self.plan.kept or step == self.best

    def stops(self, step: int) -> bool:
        """Tell whether training stops early after this step."""
        return self.plan.stopped(self.losses) == step


class _SumOfWorkers(nn.Cell):  # type: ignore[misc]
    """Adds up numbers of all workers."""

    def __init__(self) -> None:
        super().__init__()
        self.add_up = ops.AllReduce()

    def construct(self, values: Any) -> Any:
        return self.add_up(values)

    def of(self, loss: float, tokens: int) -> tuple[float, int]:
        """Return the sums of losses and of tokens; in float32, so tokens are added in two halves, which are exact."""
        high, low = divmod(tokens, 1 << 12)
        sums = self(ms.Tensor(np.array([loss, high, low], np.float32))).asnumpy()
        return float(sums[0]), (round(float(sums[1])) << 12) + round(float(sums[2]))


@contextmanager
def computing_loss(network: Any) -> Iterator[None]:
    """Let a network in training return the sum of its losses and their number, without dropout and noise.

    Args:
        network: MindFormers', with its adapter and its changes.

    Raises:
        KitError: there is not one cell of a loss in it.
    """
    cells = list(network.cells_and_names())
    owners = [name for name, cell in cells if _LOSS in cell.name_cells()]
    if len(owners) != 1:
        raise KitError(f"validation: {type(network).__name__} has {len(owners)} cells of a loss, one is expected")
    loss = dict(cells)[owners[0]].name_cells()[_LOSS]
    before = [(cell, cell.training) for _, cell in cells], getattr(loss, _PER_TOKEN, False)
    try:
        for name, cell in cells:
            # Those around the decoder return a loss in training, and logits outside of it.
            around = name == owners[0] or owners[0].startswith(f"{name}." if name else "")
            cell.add_flags(training=around)
        setattr(loss, _PER_TOKEN, True)
        yield
    finally:
        for cell, training in before[0]:
            cell.add_flags(training=training)
        setattr(loss, _PER_TOKEN, before[1])


def _without_step(network: Any) -> Any:
    """Return the network that gives the loss, out of a train step that may be around it."""
    steps = [cell for _, cell in network.cells_and_names() if isinstance(cell, nn.TrainOneStepCell)]
    return steps[-1].network if steps else network


def read_rows(folder: Path, columns: Sequence[str]) -> list[np.ndarray[Any, Any]]:
    """Return the rows of MindRecord files: for each column int32 (rows, length). No random number is drawn."""
    from mindspore.mindrecord import FileReader

    found: list[Mapping[str, Any]] = []
    for file in sorted(folder.glob("*.mindrecord")):
        reader = FileReader(str(file), num_consumer=1, columns=list(columns))
        found += list(reader.get_next())
        reader.close()
    if not found:
        raise KitError(f"{folder}: no validation row; convert again")
    return [np.stack([np.asarray(row[name], np.int32) for row in found]) for name in columns]


def _share_of_worker(columns: Sequence[np.ndarray[Any, Any]], size: int) -> Iterator[tuple[Any, ...]]:
    """Yield this worker's batches of rows; the last of all is filled up with rows of which no token is learned."""
    rank, workers = worker_rank(), int(ms.communication.get_group_size()) if several_workers() else 1
    for begin in range(rank * size, len(columns[0]), workers * size):
        batch = [column[begin : begin + size] for column in columns]
        if missing := size - len(batch[0]):
            # A copy of a real row: attention without a single visible token would be no number.
            batch = [np.concatenate([part, np.repeat(part[:1], missing, axis=0)]) for part in batch]
            batch[1][-missing:] = _IGNORED  # the labels
        yield tuple(batch)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value
