"""Where the slice of each worker lies in the whole tensor, by the layouts of MindSpore's strategy files. Pure.

A layout says how the devices of one pipeline stage are arranged (`dev_matrix`, the first axis outermost), which of its
axes cut which dimension (`tensor_map`, axes counted from the innermost, -1 for none), and whether the parallel
optimizer cuts each slice again, along the first dimension, among the devices that hold the same one. Documentation:
https://www.mindspore.cn/docs/en/master/design/distributed_training_design.html
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError


@dataclass(frozen=True)
class SliceLayout:
    """How one tensor is cut over the devices of a stage.

    Attributes:
        devices: the arrangement of the devices, the first axis outermost.
        cuts: for each dimension of the tensor the axes that cut it, counted from the innermost (0); none: not cut.
        shards: into how many parts the parallel optimizer cuts each slice; 1 for none.
        stage: the pipeline stage (the first, where several hold the tensor).
    """

    devices: tuple[int, ...]
    cuts: tuple[tuple[int, ...], ...]
    shards: int = 1
    stage: int = 0

    @property
    def ranks(self) -> range:
        """The ranks of the stage."""
        count = math.prod(self.devices)
        return range(self.stage * count, (self.stage + 1) * count)

    def parts(self) -> tuple[int, ...]:
        """Return the number of pieces along each dimension."""
        parts = [math.prod(self.devices[-1 - axis] for axis in axes) for axes in self.cuts]
        return (parts[0] * self.shards, *parts[1:]) if parts else ()

    def whole(self, shape: Sequence[int]) -> tuple[int, ...]:
        """Return the shape of the tensor whose slices have this shape."""
        return tuple(length * count for length, count in zip(shape, self.parts(), strict=True))

    def region(self, rank: int, shape: Sequence[int]) -> tuple[slice, ...]:
        """Return the region that a rank's slice has in the tensor of this whole shape."""
        at = self._coordinates(rank % math.prod(self.devices))
        places = [self._mixed(at, axes) for axes in self.cuts]
        if places:
            used = {axis for axes in self.cuts for axis in axes}
            free = [axis for axis in reversed(range(len(self.devices))) if axis not in used]
            places[0] = places[0] * self.shards + self._mixed(at, free) % self.shards
        sizes = [length // count for length, count in zip(shape, self.parts(), strict=True)]
        return tuple(slice(place * size, (place + 1) * size) for place, size in zip(places, sizes, strict=True))

    def _coordinates(self, rank: int) -> list[int]:
        """Return the place of a device in the arrangement, by axis, the innermost first."""
        at = []
        for size in reversed(self.devices):
            rank, place = divmod(rank, size)
            at.append(place)
        return at

    def _mixed(self, at: Sequence[int], axes: Sequence[int]) -> int:
        """Number the places on several axes, the first of them counting most."""
        number = 0
        for axis in axes:
            number = number * self.devices[-1 - axis] + at[axis]
        return number


def read_layouts(strategy: dict[str, Any], where: str) -> dict[str, SliceLayout]:
    """Return tensor name -> layout of what `mindspore.build_searched_strategy` read.

    Args:
        strategy: name -> `ParallelLayouts`; names of a merged file begin with the number of their stage and "-".
        where: the file, for messages.

    Raises:
        InputError: no layouts, or one that cannot be.
    """
    layouts: dict[str, SliceLayout] = {}
    for name, raw in strategy.items():
        stage, dash, tensor = name.partition("-")
        layout = _layout(raw, int(stage) if dash and stage.isdigit() else 0, f"{where}: layout of {name!r}")
        known = layouts.setdefault(tensor if dash else name, layout)
        if layout.stage < known.stage:
            layouts[tensor] = layout
    if not layouts:
        raise InputError(f"{where}: holds no layout of any parameter")
    return layouts


def _layout(raw: Any, stage: int, where: str) -> SliceLayout:
    devices = tuple(int(size) for matrix in raw.dev_matrix for size in matrix.dim)
    maps = [[int(axis) for axis in part.dim] for part in raw.tensor_map]
    # One list says the axis of each dimension; several say the axes of one dimension each.
    dimensions = [[axis] for axis in maps[0]] if len(maps) == 1 else [axes for axes in maps if axes]
    cuts = tuple(tuple(axis for axis in axes if axis != -1) for axes in dimensions)
    used = [axis for axes in cuts for axis in axes]
    if min(devices, default=1) < 1 or not all(0 <= axis < len(devices) for axis in used) or len(set(used)) != len(used):
        raise InputError(
            f"{where}: arrangement {list(devices)} with map {dimensions} is impossible; the file is damaged"
        )
    replicas = math.prod(devices) // math.prod(devices[-1 - axis] for axis in used)
    shards = int(raw.opt_weight_shard_size) if raw.opt_weight_shard_step else 1
    shards = replicas if shards == -1 else max(shards, 1)
    if replicas % shards:
        raise InputError(f"{where}: {replicas} devices with the same slice cannot share it in {shards}")
    return SliceLayout(devices, cuts, shards, stage)
