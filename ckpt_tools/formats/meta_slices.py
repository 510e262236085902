"""Meta's checkpoints of larger models: `consolidated.00.pth`, `consolidated.01.pth`, …, read as the whole they are.

Each file is what one worker of tensor parallelism held (https://github.com/meta-llama/llama3, `llama/model.py`): column
parallel layers hold some rows of their weight, row parallel layers some columns, everything else stands in each file.
The embedding is cut by its vocabulary in Llama 3, by its width in Llama 2.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ckpt_tools.formats.tensor_file import Array, Entry, TensorFile, TensorInfo, same_values
from ckpt_tools.formats.torch_file import open_torch
from core.errors import InputError

_FILE = re.compile(r"consolidated\.(\d+)\.pth")
_ROWS = re.compile(r"(?:layers\.\d+\.(?:attention\.w[qkv]|feed_forward\.w[13])\.(?:weight|bias)|output\.weight)")
_COLUMNS = re.compile(r"layers\.\d+\.(?:attention\.wo|feed_forward\.w2)\.weight")
_EMBEDDING = "tok_embeddings.weight"
_NORM = "norm.weight"


def slices_in(folder: Path) -> list[Path]:
    """Return the files `consolidated.NN.pth` of a folder in their order.

    Raises:
        InputError: a number is missing among them.
    """
    found = {int(match[1]): path for path in folder.iterdir() if (match := _FILE.fullmatch(path.name))}
    for number in range(len(found)):
        if number not in found:
            raise InputError(f"{folder}: holds {len(found)} slices of a model, but no consolidated.{number:02}.pth")
    return [found[number] for number in range(len(found))]


def open_meta_slices(paths: Sequence[Path]) -> TensorFile:
    """Open several slices as one checkpoint.

    Args:
        paths: the files in the order of their workers.

    Raises:
        InputError: a slice that is damaged or does not fit the others; what each file should hold differs.
    """
    slices = [open_torch(path) for path in paths]
    first = slices[0]
    for other in slices[1:]:
        if set(other) != set(first):
            name = min(set(other) ^ set(first))
            raise InputError(f"{other.path}: {name!r} is not in both this slice and {first.path.name}")
        for info in first.infos():
            if other[info.name] != info:
                raise InputError(
                    f"{other.path}: {info.name!r} is {other[info.name].dtype} {list(other[info.name].shape)}, in "
                    f"{first.path.name} {info.dtype} {list(info.shape)}"
                )
    joined = _Joined(slices)
    try:
        for info in first.infos():
            if joined.cuts[info.name] is None:
                _refuse_unlike(slices, info.name)
    except BaseException:
        joined.close()
        raise
    return joined


def _refuse_unlike(slices: Sequence[TensorFile], name: str) -> None:
    """Raise InputError where what each slice should hold whole differs."""
    for other in slices[1:]:
        if not same_values((slices[0], name), (other, name)):
            raise InputError(f"{other.path}: {name!r} differs from that of {slices[0].path.name}; not one model's")


class _Joined(TensorFile):
    """Slices as the whole tensors they were cut from.

    Attributes:
        cuts: name -> dimension along which the tensor is cut, None for one that every slice holds.
    """

    def __init__(self, slices: Sequence[TensorFile]) -> None:
        first = slices[0]
        width = first[_NORM].shape if _NORM in first else ()
        self._slices = tuple(slices)
        self.cuts = {info.name: _cut(info, width) for info in first.infos()}
        entries = [Entry(self._whole(info), ()) for info in first.infos()]
        super().__init__(
            first.path.with_name("consolidated.*.pth"), "torch", entries, {}, [slice_.path for slice_ in slices]
        )

    def close(self) -> None:
        """Close the slices."""
        for slice_ in self._slices:
            slice_.close()

    def _whole(self, info: TensorInfo) -> TensorInfo:
        shape = list(info.shape)
        cut = self.cuts[info.name]
        if cut is not None:
            shape[cut] *= len(self._slices)
        return TensorInfo(info.name, info.dtype, tuple(shape))

    def _fill(self, name: str, values: Array, start: int) -> None:
        """Fill `values` with the tensor's bytes from byte `start` on."""
        cut = self.cuts[name]
        buffer = values.reshape(-1).view(np.uint8)
        if not len(buffer):
            return
        if cut is None:
            self._slices[0]._fill(name, values, start)
        elif cut == 0:
            size = self._slices[0][name].nbytes
            done = 0
            while done < len(buffer):
                number, inside = divmod(start + done, size)
                count = min(size - inside, len(buffer) - done)
                self._slices[number]._fill(name, buffer[done : done + count], inside)
                done += count
        else:
            row = self[name].nbytes // self[name].shape[0]
            first, last = start // row, -(-(start + len(buffer)) // row)
            rows = np.concatenate([slice_.read_rows(name, first, last) for slice_ in self._slices], axis=1)
            buffer[:] = rows.reshape(-1).view(np.uint8)[start - first * row :][: len(buffer)]


def _cut(info: TensorInfo, width: tuple[int, ...]) -> int | None:
    """Return the dimension along which a tensor is cut, by its name; the embedding's by the width of the model."""
    cut = 0 if _ROWS.fullmatch(info.name) else 1 if _COLUMNS.fullmatch(info.name) else None
    if info.name == _EMBEDDING:
        cut = 0 if info.shape[1:] == width else 1
    return cut if cut is not None and cut < len(info.shape) else None
