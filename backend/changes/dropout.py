"""Dropout whose masks can be made again: kept is what has a hashed number of at least -2^31 + rate·2^32."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mindspore as ms
from mindspore import Parameter, Tensor, nn, ops

from backend.changes import NetworkChange
from backend.changes.hashed import HashedNumbers, step_counter

# MindSpore's name of the parameter that says which step it is.
STEP_NAME = "kit_step"


class HashedDropout(nn.Cell):  # type: ignore[misc]
    """Sets a share of its inputs to 0 in training and scales the others up; for any cell of a tuning method.

    `self.dropout = HashedDropout(rate, width, layer, seed, step)` in a cell's `__init__`, `self.dropout(x)` in its
    `construct`. A change of a network makes one `step_counter(…)`, gives it to all its cells, and sets it before each
    step, as `Dropout` below does. Linear layers with a member `lora_dropout`, `vera_dropout` or the like need none of
    that: the change finds them.

    Args:
        rate: share of the inputs that become 0, from 0 to below 1.
        width: length of the inputs' last dimension.
        layer: name of the layer, different for each of them.
        seed: of the run.
        step: int32 scalar that says which step it is.
        rank: this worker's number; None: as MindSpore says.
    """

    def __init__(
        self, rate: float, width: int, layer: str, seed: int, step: Parameter, rank: int | None = None
    ) -> None:
        super().__init__()
        self.rate, self.width = rate, width
        self.scale = 1 / (1 - rate)
        self.least = int(min(round(rate * 2**32) - 2**31, 2**31 - 1))
        self.numbers = HashedNumbers(width, layer, seed, step, rank)

    def construct(self, x: Any) -> Any:
        """Return inputs [..., width] with some of them 0, in their type; outside training they pass as they are."""
        if not self.training or self.rate == 0:
            return x
        rows = ops.reshape(x, (-1, self.width))
        kept = ops.cast(ops.greater_equal(self.numbers(rows), self.least), x.dtype)
        return ops.reshape(rows * kept * ops.cast(self.scale, x.dtype), x.shape)


class Dropout(NetworkChange):
    """Puts the kit's dropout in the place of MindSpore's in every linear layer that has a member `…_dropout`.

    Args:
        network: MindFormers' network, with its adapter.
        settings: `rate` and `seed`.
    """

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(network, settings)
        self.step = step_counter(STEP_NAME)
        for name, cell in list(network.cells_and_names()):
            width = getattr(cell, "in_channels", None)
            for member, plain in list(cell.name_cells().items()):
                if width and member.endswith("_dropout"):
                    own = HashedDropout(settings["rate"], width, name, settings["seed"], self.step)
                    setattr(cell, member, own.set_train(plain.training))
        self.step.name = STEP_NAME  # each cell has called it after itself

    def before_step(self, step: int) -> None:
        """Let the masks of this step be used."""
        self.step.set_data(Tensor(step, ms.int32))


CHANGE = Dropout
