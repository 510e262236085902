"""Files of named tensors as byte ranges: what a reader needs to know of one, what a writer plans for one.

Both formats of the kit (safetensors, MindSpore `.ckpt`) come down to the same two things: a parser that finds where in
a file the bytes of each tensor lie, and a layout that says beforehand which bytes stand where. Everything else (reading
by rows, writing in pieces, hashing) is here, once.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import ml_dtypes
import numpy as np

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
_MAX_DIMENSIONS = 32
_MAX_BYTES = 1 << 62


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
    """A piece of a file to be written: fixed bytes, then `length` bytes of tensor `name`."""

    header: bytes
    name: str
    length: int


@dataclass(frozen=True)
class Layout:
    """A file to be written, from its first byte to its last.

    Attributes:
        file_format: "safetensors" or "ckpt".
        infos: the tensors in the order they have to be written in.
        parts: the pieces of the file, in order.
        size: bytes of the whole file.
    """

    file_format: str
    infos: tuple[TensorInfo, ...]
    parts: tuple[Part, ...]
    size: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", sum(len(part.header) + part.length for part in self.parts))


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


class TensorFile:
    """The tensors of a checkpoint, read when asked for and never all at once; a context manager.

    Attributes:
        path: the file (or the index of a sharded one).
        file_format: "safetensors" or "ckpt".
        entries: name -> where the tensor lies, in the order of the file.
        metadata: the texts that the file carries beside its tensors.
        files: the files that the extents point into.
    """

    def __init__(
        self, path: Path, file_format: str, entries: Sequence[Entry], metadata: dict[str, str], files: Sequence[Path]
    ) -> None:
        self.path, self.file_format, self.metadata, self.files = path, file_format, metadata, tuple(files)
        self.entries = {entry.info.name: entry for entry in entries}
        self._descriptors: dict[int, int] = {}

    def __enter__(self) -> TensorFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the files; reading opens them again."""
        while self._descriptors:
            os.close(self._descriptors.popitem()[1])

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
        target = values.reshape(-1).view(np.uint8).data
        done = 0
        for extent in self.entries[name].extents:
            if done == len(target):
                break
            if start >= extent.length:
                start -= extent.length
                continue
            count = min(extent.length - start, len(target) - done)
            self._pread(extent.file, extent.offset + start, target[done : done + count])
            done, start = done + count, 0
        if done != len(target):
            raise InputError(f"{self.path}: tensor {name!r} ends early; the file is truncated")

    def _pread(self, file: int, offset: int, target: memoryview) -> None:
        path = self.files[file]
        try:
            if file not in self._descriptors:
                self._descriptors[file] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            done = 0
            while done < len(target):
                # One call moves at most 2 GiB on Linux, so it takes a loop.
                count = os.preadv(self._descriptors[file], [target[done:]], offset + done)
                if count == 0:
                    raise InputError(f"{path}: ends at byte {offset + done}, inside a tensor; the file is truncated")
                done += count
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


class TensorWriter:
    """Writes a file of a fixed layout from its first byte to its last, hashing as it goes; a context manager.

    The caller hands over the entries of `layout.infos` in that order, each tensor in as many pieces as it likes.
    """

    def __init__(self, path: Path, layout: Layout) -> None:
        self.path, self.layout = path, layout
        self._infos = {info.name: info for info in layout.infos}
        self._digest = hashlib.sha256()
        self._part = -1
        self._left = 0
        try:
            self._stream = path.open("wb", buffering=1 << 20)
        except OSError as error:
            raise _unwritable(path, error) from error
        self._next_part()

    def __enter__(self) -> TensorWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._stream.close()
        except OSError as fault:
            if kind is None:
                raise _unwritable(self.path, fault) from fault

    def write(self, name: str, values: Array) -> None:
        """Append entries of tensor `name`; its type has to be the layout's.

        Raises:
            InputError: the disk is full or cannot be written.
            ValueError: another tensor is due, or the type differs (a defect of the caller).
        """
        if values.dtype != self._infos[name].numpy:
            raise ValueError(f"{name}: entries of type {values.dtype}, planned {self._infos[name].dtype}")
        data = np.ascontiguousarray(values).reshape(-1).view(np.uint8).data
        while len(data):
            if self._part >= len(self.layout.parts) or self.layout.parts[self._part].name != name:
                raise ValueError(f"{name}: not the tensor that is due")
            piece = data[: self._left]
            self._put(piece)
            self._left -= len(piece)
            data = data[len(piece) :]
            if not self._left:
                self._next_part()

    def finish(self) -> str:
        """Check that everything was written, bring it to the disk, return the sha256 of the file."""
        if self._part < len(self.layout.parts):
            raise ValueError(f"{self.layout.parts[self._part].name}: not written to its end")
        try:
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return self._digest.hexdigest()

    def _next_part(self) -> None:
        """Go to the next part that holds bytes of a tensor, writing the fixed bytes on the way."""
        while True:
            self._part += 1
            if self._part >= len(self.layout.parts):
                return
            part = self.layout.parts[self._part]
            self._put(part.header)
            self._left = part.length
            if self._left:
                return

    def _put(self, data: bytes | memoryview) -> None:
        self._digest.update(data)
        try:
            self._stream.write(data)
        except OSError as error:
            raise _unwritable(self.path, error) from error


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be written ({error.strerror or error})")
