"""Files of named tensors as byte ranges: what a reader needs to know of one, what a writer plans for one.

Both formats of the kit (safetensors, MindSpore `.ckpt`) come down to the same two things: a parser that finds where in
a file the bytes of each tensor lie, and a layout that says beforehand which bytes stand where. Reading by rows and in
slices is here; writing is in `writing`.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import ml_dtypes
import numpy as np

from ckpt_tools.formats.regular import open_regular
from core.errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]

DTYPES: dict[str, np.dtype[Any]] = {
    "bool": np.dtype(np.bool_),
    "int8": np.dtype(np.int8),
    "uint8": np.dtype(np.uint8),
    "int16": np.dtype("<i2"),
    "uint16": np.dtype("<u2"),
    "int32": np.dtype("<i4"),
    "uint32": np.dtype("<u4"),
    "int64": np.dtype("<i8"),
    "uint64": np.dtype("<u8"),
    "float16": np.dtype("<f2"),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    "float32": np.dtype("<f4"),
    "float64": np.dtype("<f8"),
    "float8_e4m3fn": np.dtype(ml_dtypes.float8_e4m3fn),
    "float8_e5m2": np.dtype(ml_dtypes.float8_e5m2),
}
FLOATS = ("float16", "bfloat16", "float32", "float64")
# What a user may ask of the floating tensors of a result; "keep" stands for the type that each of them has.
RESULT_TYPES = ("keep", "float32", "float16", "bfloat16")
CRC_BYTES = 10
_MAX_DIMENSIONS = 32
_MAX_BYTES = 1 << 62
_BLOCK_BYTES = 16 << 20  # of two tensors that are compared


class DiskError(InputError):
    """A file cannot be read or written, for the disk's sake; nothing is wrong with what it holds or would hold."""


@dataclass(frozen=True)
class TensorInfo:
    """Name, type and shape of one tensor; `dtype` is a key of `DTYPES`."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def numpy(self) -> np.dtype[Any]:
        """The numpy type of the entries (bfloat16 and the 8-bit floats through ml_dtypes)."""
        return DTYPES[self.dtype]

    @property
    def size(self) -> int:
        """Number of entries."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Number of bytes of the entries."""
        return self.size * self.numpy.itemsize


@dataclass(frozen=True)
class Extent:
    """`length` bytes at `offset` of file number `file`: one piece of a tensor."""

    offset: int
    length: int
    file: int = 0


@dataclass(frozen=True)
class Entry:
    """A tensor and the pieces it lies in, in order."""

    info: TensorInfo
    extents: tuple[Extent, ...]


@dataclass(frozen=True)
class Part:
    """A piece of a file to be written: fixed bytes, then `length` bytes of tensor `name`, if of any."""

    header: bytes
    name: str | None
    length: int


@dataclass(frozen=True)
class Layout:
    """A file to be written, from its first byte to its last.

    Attributes:
        file_format: "safetensors" or "ckpt".
        infos: the tensors in the order they have to be written in.
        parts: the pieces of the file, in order.
        trailer: what stands before the crc32 of everything above, at the end of the file; None for no checksum.
        size: bytes of the whole file.
    """

    file_format: str
    infos: tuple[TensorInfo, ...]
    parts: tuple[Part, ...]
    trailer: bytes | None = None
    size: int = field(init=False)

    def __post_init__(self) -> None:
        size = sum(len(part.header) + part.length for part in self.parts)
        object.__setattr__(self, "size", size + (0 if self.trailer is None else len(self.trailer) + CRC_BYTES))

    def extents(self) -> dict[str, tuple[Extent, ...]]:
        """Return name -> where the bytes of the tensor stand, in order."""
        found: dict[str, list[Extent]] = {info.name: [] for info in self.infos}
        offset = 0
        for part in self.parts:
            offset += len(part.header)
            if part.name is not None:
                found[part.name].append(Extent(offset, part.length))
            offset += part.length
        return {name: tuple(extents) for name, extents in found.items()}


def checked_shape(shape: Sequence[int], dtype: str, where: str) -> tuple[int, ...]:
    """Return `shape` as a tuple where it can be one of a tensor of this world; InputError otherwise."""
    if len(shape) > _MAX_DIMENSIONS:
        raise InputError(f"{where}: {len(shape)} dimensions; the file is damaged or not of this format")
    total = DTYPES[dtype].itemsize
    for length in shape:
        if length < 0:
            raise InputError(f"{where}: negative dimension {length}; the file is damaged")
        total *= max(length, 1)
        if total > _MAX_BYTES:
            raise InputError(f"{where}: the shape is larger than any disk; the file is damaged")
    return tuple(shape)


def same_values(one: tuple[TensorFile, str], other: tuple[TensorFile, str]) -> bool:
    """Tell whether two tensors, each a file and a name, are equal in type and shape and to the last bit."""
    (left, left_name), (right, right_name) = one, other
    if (left[left_name].dtype, left[left_name].shape) != (right[right_name].dtype, right[right_name].shape):
        return False
    blocks = zip(left.read_slices(left_name, _BLOCK_BYTES), right.read_slices(right_name, _BLOCK_BYTES), strict=True)
    return all(first.tobytes() == second.tobytes() for first, second in blocks)


class TensorFile:
    """The tensors of a checkpoint, read when asked for and never all at once; a context manager.

    Attributes:
        path: the file (or the index of a sharded one).
        file_format: "safetensors" or "ckpt".
        entries: name -> where the tensor lies, in the order of the file.
        metadata: the texts that the file carries beside its tensors.
        files: the files that the extents point into.
        checksum: the crc32 that the file states of itself, None where it states none.
    """

    def __init__(
        self,
        path: Path,
        file_format: str,
        entries: Sequence[Entry],
        metadata: dict[str, str],
        files: Sequence[Path],
        checksum: int | None = None,
    ) -> None:
        self.path, self.file_format, self.metadata, self.files = path, file_format, metadata, tuple(files)
        self.checksum = checksum
        self.entries = {entry.info.name: entry for entry in entries}
        self._opened: dict[int, BinaryIO] = {}

    def __enter__(self) -> TensorFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the files; reading opens them again."""
        while self._opened:
            self._opened.popitem()[1].close()

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def __getitem__(self, name: str) -> TensorInfo:
        try:
            return self.entries[name].info
        except KeyError:
            raise InputError(f"{self.path}: holds no tensor {name!r}") from None

    def infos(self) -> list[TensorInfo]:
        """Return name, type and shape of every tensor, in the order of the file."""
        return [entry.info for entry in self.entries.values()]

    def read(self, name: str) -> Array:
        """Read one tensor whole, as a new array of its own type and shape."""
        info = self[name]
        values = np.empty(info.shape, dtype=info.numpy)
        self._fill(name, values, 0)
        return values

    def read_rows(self, name: str, start: int, stop: int) -> Array:
        """Read rows `start` to `stop` (exclusive) along the first dimension, as a new array."""
        info = self[name]
        if not info.shape or not 0 <= start <= stop <= info.shape[0]:
            raise ValueError(f"rows {start}..{stop} of a tensor of shape {info.shape}")
        values = np.empty((stop - start, *info.shape[1:]), dtype=info.numpy)
        row_bytes = info.nbytes // info.shape[0] if info.shape[0] else 0
        self._fill(name, values, start * row_bytes)
        return values

    def read_slices(self, name: str, max_bytes: int) -> Iterator[Array]:
        """Yield the entries of a tensor in order as flat arrays of at most `max_bytes` bytes (at least one entry)."""
        info = self[name]
        step = max(max_bytes // info.numpy.itemsize, 1)
        for start in range(0, info.size, step):
            values = np.empty(min(step, info.size - start), dtype=info.numpy)
            self._fill(name, values, start * info.numpy.itemsize)
            yield values

    def _fill(self, name: str, values: Array, start: int) -> None:
        """Fill `values` with the tensor's bytes from byte `start` on."""
        buffer = values.reshape(-1).view(np.uint8).data
        done = 0
        for extent in self.entries[name].extents:
            if done == len(buffer):
                break
            if start >= extent.length:
                start -= extent.length
                continue
            count = min(extent.length - start, len(buffer) - done)
            self._pread(extent.file, extent.offset + start, buffer[done : done + count])
            done, start = done + count, 0
        if done != len(buffer):
            raise InputError(f"{self.path}: tensor {name!r} ends early; the file is truncated")

    def _pread(self, file: int, offset: int, buffer: memoryview) -> None:
        path = self.files[file]
        try:
            if file not in self._opened:
                self._opened[file] = open_regular(path)
            done = 0
            while done < len(buffer):
                # One call moves at most 2 GiB on Linux, so it takes a loop.
                count = os.preadv(self._opened[file].fileno(), [buffer[done:]], offset + done)
                if count == 0:
                    raise InputError(f"{path}: ends at byte {offset + done}, inside a tensor; the file is truncated")
                done += count
        except OSError as error:
            raise DiskError(f"{path}: cannot be read ({error.strerror or error})") from error
