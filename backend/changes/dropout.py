"""Dropout whose masks can be made again: each is a hash of seed, step, layer, worker, row and column.

MindSpore's own kernel keeps a generator that no seed sets and no state holds: two runs with one seed part after a few
steps, and a run that goes on from a state parts from the one that was not interrupted. Here a mask follows from where
and when it is used. With 32-bit whole numbers that wrap around, and m(x) = x·a xor (x·a >> 15):

    row    = m(m(row number xor key of seed, layer and worker) + step·b)
    column = m(column number), worked out once
    kept   where m(row xor column)·c >= -2^31 + rate·2^32

so a worker's masks are its own, and those of different steps, layers, rows and columns have nothing in common.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from backend.changes import NetworkChange

# Odd numbers with well mixed bits (those of MurmurHash3 and of the golden ratio), as int32.
_MIX, _LAST, _STEP = (int(np.uint32(number).astype(np.int32)) for number in (0x85EBCA6B, 0xC2B2AE35, 0x9E3779B1))
# MindSpore's name of the parameter that says which step it is; it belongs to no adapter and to no state.
STEP_NAME = "kit_step"


class HashedDropout(nn.Cell):  # type: ignore[misc]
    """Sets a share of its inputs to 0 in training and scales the others up; for any cell of a tuning method.

    `self.dropout = HashedDropout(rate, width, layer, seed, step)` in a cell's `__init__`, `self.dropout(x)` in its
    `construct`. A change of a network makes one `step_counter()`, gives it to all its cells, and sets it before each
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
        if rank is None:
            rank = ms.communication.get_rank() if ms.communication.GlobalComm.INITED else 0
        self.rate, self.step = rate, step
        self.width = width
        self.scale = 1 / (1 - rate)
        self.least = int(min(round(rate * 2**32) - 2**31, 2**31 - 1))
        self.key = int(np.uint32(zlib.crc32(f"{seed} {layer} {rank}".encode())).astype(np.int32))
        self.columns = Tensor(_mixed(np.arange(1, width + 1, dtype=np.uint32)).astype(np.int32).reshape(1, width))

    def construct(self, x: Any) -> Any:
        """Return inputs [..., width] with some of them 0, in their type; outside training they pass as they are."""
        if not self.training or self.rate == 0:
            return x
        rows = ops.reshape(x, (-1, self.width))
        number = ops.bitwise_xor(ops.arange(rows.shape[0]).astype(ms.int32), ops.cast(self.key, ms.int32))
        row = self._mix(self._mix(number) + self.step * _STEP)
        mixed = self._mix(ops.bitwise_xor(ops.reshape(row, (-1, 1)), self.columns)) * _LAST
        kept = ops.cast(ops.greater_equal(mixed, self.least), x.dtype)
        return ops.reshape(rows * kept * ops.cast(self.scale, x.dtype), x.shape)

    def _mix(self, x: Any) -> Any:
        x = x * _MIX
        return ops.bitwise_xor(x, ops.bitwise_right_shift(x, ops.cast(15, ms.int32)))


def _mixed(x: Any) -> Any:
    """Return m(x) of unsigned 32-bit numbers; the arithmetic shift is that of the signed ones in the cell."""
    x = (x.astype(np.uint64) * np.uint64(0x85EBCA6B) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    return x ^ (x.view(np.int32) >> 15).view(np.uint32)


def step_counter() -> Parameter:
    """Return the parameter that tells cells which step it is; it is never trained."""
    return Parameter(Tensor(0, ms.int32), name=STEP_NAME, requires_grad=False)


class Dropout(NetworkChange):
    """Puts the kit's dropout in the place of MindSpore's in every linear layer that has a member `…_dropout`.

    Args:
        network: MindFormers' network, with its adapter.
        settings: `rate` and `seed`.
    """

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(network, settings)
        self.step = step_counter()
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
