"""MindSpore's `.ckpt` format, read and written without MindSpore.

A `.ckpt` is a protobuf message, `Checkpoint { repeated Value value = 1 }` with
`Value { string tag = 1; TensorProto tensor = 2 }` and
`TensorProto { repeated int64 dims = 1; string tensor_type = 2; bytes tensor_content = 3 }`.
`mindspore.save_checkpoint` cuts a tensor of more than 512 MiB into consecutive values of one tag; each carries the
dimensions of the whole tensor. Texts (`append_dict`) are tensors of type `str` in UTF-32; a checksum may follow as the
word `crc_num` and 10 bytes. Wire format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_tools.layout import DTYPES, Entry, Extent, Layout, Part, TensorFile, TensorInfo, checked_shape
from core.errors import InputError

SUFFIX = ".ckpt"
SLICE_BYTES = 512 << 20
_TYPES = {
    "Bool": "bool",
    "Int8": "int8",
    "UInt8": "uint8",
    "Int16": "int16",
    "UInt16": "uint16",
    "Int32": "int32",
    "UInt32": "uint32",
    "Int64": "int64",
    "UInt64": "uint64",
    "Float16": "float16",
    "BFloat16": "bfloat16",
    "Float32": "float32",
    "Float64": "float64",
}
_NAMES = {name: code for code, name in _TYPES.items()}
_MAX_VALUES = 1_000_000
_MAX_TAG = 4096
_MAX_TEXT = 1 << 20
_CRC_WORD = b"crc_num"
_CRC_TRAILER = len(_CRC_WORD) + 10
_WINDOW = 1 << 14


@dataclass(frozen=True)
class _Value:
    """One `Value` of the file: a tensor or a slice of one."""

    tag: str
    kind: str
    dims: tuple[int, ...]
    content: Extent


def open_ckpt(path: Path) -> TensorFile:
    """Find the tensors of a MindSpore checkpoint; contents are passed over, not read.

    Texts that were saved beside the tensors become `metadata`.

    Raises:
        InputError: missing, truncated, or not a well-formed checkpoint (at which byte, which tensor, and why).
    """
    try:
        with path.open("rb") as stream:
            window = _Window(path, stream.fileno())
            if not window.size:
                raise InputError(f"{path}: empty, so not a MindSpore checkpoint")
            entries, metadata = _entries(path, window)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    return TensorFile(path, "ckpt", entries, metadata, [path])


def ckpt_layout(infos: Sequence[TensorInfo]) -> Layout:
    """Lay out a MindSpore checkpoint with the tensors in the order given, cut as MindSpore cuts them.

    Raises:
        InputError: a type that the format has no name for (the 8-bit floats), or a shape that MindSpore reads as
            another one (a vector of no entries).
    """
    parts: list[Part] = []
    for info in infos:
        if info.dtype not in _NAMES:
            raise InputError(f"tensor {info.name!r}: a MindSpore .ckpt cannot hold {info.dtype}; write safetensors")
        left = info.nbytes
        while True:
            length = min(left, SLICE_BYTES)
            parts.append(Part(_value_header(info, length), info.name, length))
            left -= length
            if left <= 0:
                break
    return Layout("ckpt", tuple(infos), tuple(parts))


def _value_header(info: TensorInfo, length: int) -> bytes:
    """Return the bytes of a value up to its content of `length` bytes."""
    tensor = b"".join(b"\x08" + _varint(dim) for dim in info.shape)
    tensor += _field(2, _NAMES[info.dtype].encode()) + b"\x1a" + _varint(length)
    value = _field(1, info.name.encode("utf-8")) + b"\x12" + _varint(len(tensor) + length) + tensor
    return b"\x0a" + _varint(len(value) + length) + value


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    result = bytearray()
    while number > 0x7F:
        result.append(number & 0x7F | 0x80)
        number >>= 7
    result.append(number)
    return bytes(result)


class _Window:
    """A file seen through a small moving window, so that headers are read without the contents between them."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor
        self.size = os.fstat(descriptor).st_size
        self._start, self._data = 0, b""

    def take(self, start: int, end: int) -> bytes:
        """Return the bytes `start` to `end` (exclusive, within the file)."""
        if not self._start <= start <= end <= self._start + len(self._data):
            self._data = os.pread(self._descriptor, max(end - start, _WINDOW), start)
            self._start = start
            if len(self._data) < end - start:
                raise InputError(f"{self.path}: ends at byte {start + len(self._data)}; the file is truncated")
        return self._data[start - self._start : end - self._start]

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """Decode the number at byte `at` of a message that ends at `end`; return it and the byte after it."""
        number = 0
        for index, byte in enumerate(self.take(at, min(at + 10, end))):
            number |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                if number >> 64:
                    break
                return number, at + index + 1
        raise self.fault(at, "a number is cut off or too long")

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int | tuple[int, int]]]:
        """Yield (field number, number or (start, end) of its bytes) of the message in these bytes."""
        at = start
        while at < end:
            key, after = self.varint(at, end)
            kind = key & 7
            value: int | tuple[int, int]
            if kind == 0:
                value, after = self.varint(after, end)
            elif kind in (1, 2, 5):
                length = {1: 8, 5: 4}.get(kind, 0)
                if kind == 2:
                    length, after = self.varint(after, end)
                if length > end - after:
                    raise self.fault(at, f"a field of {length} bytes goes beyond its end")
                value, after = (after, after + length), after + length
            else:
                raise self.fault(at, f"wire type {kind} has no place here")
            yield key >> 3, value
            at = after

    def fault(self, at: int, why: str) -> InputError:
        """Say that the file is no checkpoint from byte `at` on."""
        return InputError(f"{self.path}: byte {at}: {why}; truncated, damaged, or not a MindSpore checkpoint")


def _entries(path: Path, window: _Window) -> tuple[list[Entry], dict[str, str]]:
    """Join the values of the file into tensors and texts."""
    entries: list[Entry] = []
    metadata: dict[str, str] = {}
    seen: set[str] = set()
    slices: list[_Value] = []

    def flush() -> None:
        if not slices:
            return
        tag = slices[0].tag
        if tag in seen:
            raise InputError(f"{path}: tensor {tag!r} stands twice")
        seen.add(tag)
        if slices[0].kind == "str":
            metadata[tag] = _text(path, window, slices)
        else:
            entries.append(_entry(path, slices))
        slices.clear()

    for value in _values(window):
        if slices and slices[0].tag != value.tag:
            flush()
        slices.append(value)
    flush()
    return entries, metadata


def _values(window: _Window) -> Iterator[_Value]:
    end = window.size
    if end > _CRC_TRAILER and window.take(end - _CRC_TRAILER, end).startswith(_CRC_WORD):
        end -= _CRC_TRAILER
    for count, (number, span) in enumerate(window.fields(0, end)):
        if number != 1 or isinstance(span, int):
            raise window.fault(0 if isinstance(span, int) else span[0], f"field {number} where a tensor is expected")
        if count >= _MAX_VALUES:
            raise window.fault(span[0], f"more than {_MAX_VALUES} values")
        yield _value(window, *span)


def _value(window: _Window, start: int, end: int) -> _Value:
    tag: str | None = None
    tensor: tuple[int, int] | None = None
    for number, span in window.fields(start, end):
        if number == 1 and isinstance(span, tuple) and tag is None:
            tag = _name(window, span, _MAX_TAG)
        elif number == 2 and isinstance(span, tuple) and tensor is None:
            tensor = span
        elif number == 3:
            raise InputError(f"{window.path}: {tag!r} is a map parameter (hash table), which the kit does not handle")
        else:
            raise window.fault(start, f"field {number} has no place in a value")
    if tag is None or tensor is None:
        raise window.fault(start, "a value without name or tensor")
    dims: list[int] = []
    kind: str | None = None
    content: Extent | None = None
    for number, span in window.fields(*tensor):
        if number == 1 and len(dims) <= 64:
            dims.extend(_dims(window, span))
        elif number == 2 and isinstance(span, tuple) and kind is None:
            kind = _name(window, span, 64)
        elif number == 3 and isinstance(span, tuple) and content is None:
            content = Extent(span[0], span[1] - span[0])
        else:
            raise window.fault(tensor[0], f"field {number} has no place in tensor {tag!r}")
    if kind is None or content is None:
        raise window.fault(tensor[0], f"tensor {tag!r} has no type or no content")
    return _Value(tag, kind, tuple(dims), content)


def _dims(window: _Window, span: int | tuple[int, int]) -> list[int]:
    """Decode one dimension, or a packed list of them; int64, so large numbers are negative ones."""
    numbers: list[int] = []
    if isinstance(span, int):
        numbers.append(span)
    else:
        at = span[0]
        while at < span[1] and len(numbers) <= 64:
            number, at = window.varint(at, span[1])
            numbers.append(number)
    return [number - (1 << 64) if number >> 63 else number for number in numbers]


def _name(window: _Window, span: tuple[int, int], limit: int) -> str:
    if span[1] - span[0] > limit:
        raise window.fault(span[0], f"a name of {span[1] - span[0]} bytes")
    try:
        return window.take(*span).decode("utf-8")
    except UnicodeDecodeError as error:
        raise window.fault(span[0], "a name that is not UTF-8") from error


def _entry(path: Path, slices: Sequence[_Value]) -> Entry:
    first = slices[0]
    where = f"{path}: tensor {first.tag!r}"
    if any((value.kind, value.dims) != (first.kind, first.dims) for value in slices):
        raise InputError(f"{where}: its slices differ in type or shape; the file is damaged")
    if first.kind not in _TYPES:
        raise InputError(f"{where}: unknown type {first.kind!r} (known: {', '.join(_TYPES)})")
    dtype = _TYPES[first.kind]
    length = sum(value.content.length for value in slices)
    # MindSpore has written scalars both with no dimension and with the one dimension 0.
    scalar = first.dims == (0,) and length == DTYPES[dtype].itemsize
    info = TensorInfo(first.tag, dtype, () if scalar else checked_shape(first.dims, dtype, where))
    if length != info.nbytes:
        raise InputError(
            f"{where}: {length} bytes, its shape {info.shape} needs {info.nbytes}; damaged, or named twice"
        )
    return Entry(info, tuple(value.content for value in slices))


def _text(path: Path, window: _Window, slices: Sequence[_Value]) -> str:
    where = f"{path}: text {slices[0].tag!r}"
    if sum(value.content.length for value in slices) > _MAX_TEXT:
        raise InputError(f"{where}: more than {_MAX_TEXT} bytes; the file is damaged")
    raw = b"".join(window.take(value.content.offset, value.content.offset + value.content.length) for value in slices)
    try:
        return raw.decode("utf-32-le").rstrip("\0")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-32; the file is damaged") from error
