"""MindSpore's `.ckpt` format, read and written without MindSpore.

A `.ckpt` is a protobuf message, `Checkpoint { repeated Value value = 1 }` with
`Value { string tag = 1; TensorProto tensor = 2 }` and
`TensorProto { repeated int64 dims = 1; string tensor_type = 2; bytes tensor_content = 3 }`.
`mindspore.save_checkpoint` cuts a tensor of more than 512 MiB into consecutive values of one tag; each carries the
dimensions of the whole tensor. Texts (`append_dict`) are tensors of type `str` in UTF-32.

`save_checkpoint(crc_check=True)` appends the word `crc_num` and, in 10 bytes, the highest first, the crc32 of all that
stands before it. `load_checkpoint` looks at it when it is asked to (`crc_check=True`) and passes over it otherwise.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_tools.formats.protobuf import Window, field, varint
from ckpt_tools.formats.regular import open_regular
from ckpt_tools.formats.tensor_file import (
    CRC_BYTES,
    DTYPES,
    Entry,
    Extent,
    Layout,
    Part,
    TensorFile,
    TensorInfo,
    checked_shape,
)
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
# A model of many experts has some ten thousand tensors; what is held of a damaged file has to stay small.
_MAX_VALUES = 200_000
_MAX_SLICES = 4096  # of one tensor: two terabytes
_MAX_TAG = 4096
_MAX_TEXT = 1 << 20
_MAX_TEXTS = 16 << 20
_CHUNK = 4 << 20
_CRC_WORD = b"crc_num"
_CRC_TRAILER = len(_CRC_WORD) + CRC_BYTES


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
        with open_regular(path) as stream:
            window = Window(path, stream.fileno())
            if not window.size:
                raise InputError(f"{path}: empty, so not a MindSpore checkpoint")
            checksum = _stated_checksum(window)
            entries, metadata = _entries(path, window, window.size - (0 if checksum is None else _CRC_TRAILER))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    return TensorFile(path, "ckpt", entries, metadata, [path], checksum)


def checksum_holds(path: Path) -> bool | None:
    """Read a MindSpore checkpoint through and tell whether it has the crc32 that it states; None where it states none.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with open_regular(path) as stream:
            window = Window(path, stream.fileno())
            stated = _stated_checksum(window)
            if stated is None:
                return None
            crc, left = 0, window.size - _CRC_TRAILER
            while left and (chunk := stream.read(min(_CHUNK, left))):
                crc, left = zlib.crc32(chunk, crc), left - len(chunk)
            return left == 0 and crc == stated
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def ckpt_layout(infos: Sequence[TensorInfo], checksum: bool = False) -> Layout:
    """Lay out a MindSpore checkpoint with the tensors in the order given, cut as MindSpore cuts them.

    Args:
        infos: the tensors.
        checksum: whether the file ends with the crc32 of what stands before, as with `crc_check=True`.

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
    return Layout("ckpt", tuple(infos), tuple(parts), _CRC_WORD if checksum else None)


def _value_header(info: TensorInfo, length: int) -> bytes:
    """Return the bytes of a value up to its content of `length` bytes."""
    tensor = b"".join(b"\x08" + varint(dim) for dim in info.shape)
    tensor += field(2, _NAMES[info.dtype].encode()) + b"\x1a" + varint(length)
    value = field(1, info.name.encode("utf-8")) + b"\x12" + varint(len(tensor) + length) + tensor
    return b"\x0a" + varint(len(value) + length) + value


def _stated_checksum(window: Window) -> int | None:
    """Return the crc32 at the end of the file, None where there is none."""
    if window.size <= _CRC_TRAILER:
        return None
    trailer = window.take(window.size - _CRC_TRAILER, window.size)
    return int.from_bytes(trailer[-CRC_BYTES:], "big") if trailer.startswith(_CRC_WORD) else None


def _entries(path: Path, window: Window, end: int) -> tuple[list[Entry], dict[str, str]]:
    """Join the values of the file into tensors and texts."""
    entries: list[Entry] = []
    metadata: dict[str, str] = {}
    seen: set[str] = set()
    slices: list[_Value] = []
    texts = 0

    def flush() -> None:
        nonlocal texts
        if not slices:
            return
        tag = slices[0].tag
        if tag in seen:
            raise InputError(f"{path}: tensor {tag!r} appears twice")
        seen.add(tag)
        if slices[0].kind == "str":
            metadata[tag] = _text(path, window, slices)
            texts += len(metadata[tag])
            if texts > _MAX_TEXTS:
                raise InputError(f"{path}: more than {_MAX_TEXTS} characters of text; the file is damaged")
        else:
            entries.append(_entry(path, slices))
        slices.clear()

    for value in _values(window, end):
        if slices and slices[0].tag != value.tag:
            flush()
        slices.append(value)
        if len(slices) > _MAX_SLICES:
            raise InputError(f"{path}: tensor {value.tag!r} in more than {_MAX_SLICES} slices; the file is damaged")
    flush()
    return entries, metadata


def _values(window: Window, end: int) -> Iterator[_Value]:
    for count, (number, span) in enumerate(window.fields(0, end)):
        if number != 1 or isinstance(span, int):
            raise window.fault(0 if isinstance(span, int) else span[0], f"field {number} where a tensor is expected")
        if count >= _MAX_VALUES:
            raise window.fault(span[0], f"more than {_MAX_VALUES} values")
        yield _value(window, *span)


def _value(window: Window, start: int, end: int) -> _Value:
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
            raise window.fault(start, f"field {number} does not belong in a value")
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


def _dims(window: Window, span: int | tuple[int, int]) -> list[int]:
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


def _name(window: Window, span: tuple[int, int], limit: int) -> str:
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


def _text(path: Path, window: Window, slices: Sequence[_Value]) -> str:
    where = f"{path}: text {slices[0].tag!r}"
    if sum(value.content.length for value in slices) > _MAX_TEXT:
        raise InputError(f"{where}: more than {_MAX_TEXT} bytes; the file is damaged")
    raw = b"".join(window.take(value.content.offset, value.content.offset + value.content.length) for value in slices)
    try:
        return raw.decode("utf-32-le").rstrip("\0")
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-32; the file is damaged") from error
