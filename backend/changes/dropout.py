"""Dropout whose masks can be made again: kept is what has a hashed number of at least -2^31 + rate·2^32."""

from __future__ import annotations

from typing import Any

from mindspore import Parameter, nn, ops

from backend.changes.hashed import HashedChange, HashedNumbers

# MindSpore's name of the parameter that says which step it is.
STEP_NAME = "kit_step"


class HashedDropout(nn.Cell):  # type: ignore[misc]
    """Sets a share of its inputs to 0 in training and scales the others up; for any cell of a tuning method.

    `self.dropout = HashedDropout(rate, width, layer, seed, step)` in a cell's `__init__`, `self.dropout(x)` in its
    `construct`. A change of a network that is a `HashedChange` has the counter of steps that its cells are given, as
    `Dropout` below. Linear layers with a member `lora_dropout`, `vera_dropout` or the like need none of
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


class Dropout(HashedChange):
    """Puts the kit's dropout in the place of MindSpore's in every linear layer that has a member `…_dropout`.

    Args:
        network: MindFormers' network, with its adapter.
        settings: `rate` and `seed`.
    """

    step_name = STEP_NAME

    def put_cells(self) -> None:
        """Replace the members of all layers."""
        rate, seed = self.settings["rate"], self.settings["seed"]
        for name, cell in list(self.network.cells_and_names()):
            width = getattr(cell, "in_channels", None)
            for member, plain in list(cell.name_cells().items()):
                if width and member.endswith("_dropout"):
                    own = HashedDropout(rate, width, name, seed, self.step)
                    setattr(cell, member, own.set_train(plain.training))


CHANGE = Dropout
