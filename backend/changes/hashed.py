"""Random numbers that can be made again: each is a hash of seed, step, layer, worker, row and column.

MindSpore's own kernels keep generators that no seed sets and no state holds: two runs with one seed part after a few
steps, and a run that goes on from a state parts from the one that was not interrupted. Here a number follows from where
and when it is used. With 32-bit whole numbers that wrap around, and m(x) = x·a xor (x·a >> 15):

    row    = m(m(row number xor key of seed, layer and worker) + step·b)
    column = m(column number), worked out once
    number = m(row xor column)·c, from -2^31 to 2^31 - 1

so a worker's numbers are its own, and those of different steps, layers, rows and columns have nothing in common.
"""

from __future__ import annotations

import zlib
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import mindspore as ms
import numpy as np
from mindspore import Parameter, Tensor, nn, ops

from backend.changes import NetworkChange
from backend.ranks import worker_rank

# Odd numbers with well mixed bits (those of MurmurHash3 and of the golden ratio), as int32.
_MIX, _LAST, _STEP = (int(np.uint32(number).astype(np.int32)) for number in (0x85EBCA6B, 0xC2B2AE35, 0x9E3779B1))


class HashedNumbers(nn.Cell):  # type: ignore[misc]
    """Gives each entry of a matrix a random int32.

    Args:
        width: columns of the matrices.
        layer: name of the place where they are used, different for each of them.
        seed: of the run.
        step: int32 scalar that says which step it is.
        rank: this worker's number; None: as MindSpore says.
    """

    def __init__(self, width: int, layer: str, seed: int, step: Parameter, rank: int | None = None) -> None:
        super().__init__()
        rank = worker_rank() if rank is None else rank
        self.step = step
        self.key = int(np.uint32(zlib.crc32(f"{seed} {layer} {rank}".encode())).astype(np.int32))
        self.columns = Tensor(_mixed(np.arange(1, width + 1, dtype=np.uint32)).astype(np.int32).reshape(1, width))

    def construct(self, rows: Any) -> Any:
        """Return int32 [rows, width] for a matrix of this shape."""
        number = ops.bitwise_xor(ops.arange(rows.shape[0]).astype(ms.int32), ops.cast(self.key, ms.int32))
        row = self._mix(self._mix(number) + self.step * _STEP)
        return self._mix(ops.bitwise_xor(ops.reshape(row, (-1, 1)), self.columns)) * _LAST

    def _mix(self, x: Any) -> Any:
        x = x * _MIX
        return ops.bitwise_xor(x, ops.bitwise_right_shift(x, ops.cast(15, ms.int32)))


def _mixed(x: Any) -> Any:
    """Return m(x) of unsigned 32-bit numbers; the arithmetic shift is that of the signed ones in the cell."""
    x = (x.astype(np.uint64) * np.uint64(0x85EBCA6B) & np.uint64(0xFFFFFFFF)).astype(np.uint32)
    return x ^ (x.view(np.int32) >> 15).view(np.uint32)


def step_counter(name: str) -> Parameter:
    """Return a parameter that tells cells which step it is; it is never trained, and belongs to no state."""
    return Parameter(Tensor(0, ms.int32), name=name, requires_grad=False)


class HashedChange(NetworkChange):
    """A change of a network whose cells use hashed numbers: it tells them which step it is.

    Attributes:
        step: the counter that all its cells are given.
        step_name: MindSpore's name of it, another one for each change.
    """

    step_name: ClassVar[str]

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(network, settings)
        self.step = step_counter(self.step_name)
        self.put_cells()
        self.step.name = self.step_name  # each cell has called it after itself

    @abstractmethod
    def put_cells(self) -> None:
        """Put the cells, which are given `self.step`, into the network."""

    def before_step(self, step: int) -> None:
        """Let the numbers of this step be used."""
        self.step.set_data(Tensor(step, ms.int32))
