"""The safetensors format: 8 bytes of header length, a JSON header, the tensors without gaps.

Format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import reprlib
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ckpt_tools.formats.regular import open_regular
from ckpt_tools.formats.tensor_file import DTYPES, Entry, Extent, Layout, Part, TensorFile, TensorInfo, checked_shape
from core.errors import InputError
from core.untrusted import Bounds, is_text, load_json

SUFFIX = ".safetensors"
_CODES = {
    "BOOL": "bool",
    "I8": "int8",
    "U8": "uint8",
    "I16": "int16",
    "U16": "uint16",
    "I32": "int32",
    "U32": "uint32",
    "I64": "int64",
    "U64": "uint64",
    "F16": "float16",
    "BF16": "bfloat16",
    "F32": "float32",
    "F64": "float64",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}
_NAMES = {name: code for code, name in _CODES.items()}
# The header of an 8B model is 30 kB; what is parsed of a damaged file has to stay far below its size.
_MAX_HEADER = 16 << 20
_HEADER = Bounds(_MAX_HEADER, 1_000_000, depth=8)
_MAX_NAME = 4096


class _Duplicate(ValueError):
    """A name that appears twice in the header."""


def open_safetensors(path: Path) -> TensorFile:
    """Read the header of a safetensors file.

    Raises:
        InputError: missing, truncated, or not a well-formed safetensors file (which entry, and why).
    """
    header, data_start, data_size = _header(path)
    # JSON can spell halves of surrogate pairs, which no text in UTF-8 holds.
    if any(not is_text(name) or len(name) > _MAX_NAME for name in header):
        raise InputError(f"{path}: a tensor's name is no UTF-8 text or beyond {_MAX_NAME} characters; damaged")
    metadata = header.pop("__metadata__", None) or {}
    if not isinstance(metadata, dict) or not all(is_text(text) for pair in metadata.items() for text in pair):
        raise InputError(f"{path}: __metadata__ has to map texts to texts; the header is damaged")
    entries = [_entry(path, name, value, data_start, data_size) for name, value in header.items()]
    entries.sort(key=lambda entry: (entry.extents[0].offset, entry.extents[0].length))
    end = data_start
    for entry in entries:
        start = entry.extents[0].offset
        if start != end:
            kind = "overlaps the tensor before it" if start < end else "leaves a gap before it"
            raise InputError(f"{path}: tensor {entry.info.name!r} {kind}; the header is damaged")
        end += entry.extents[0].length
    if end != data_start + data_size:
        raise InputError(f"{path}: {data_start + data_size - end} bytes follow the last tensor; the file is damaged")
    return TensorFile(path, "safetensors", entries, metadata, [path])


def safetensors_layout(infos: Sequence[TensorInfo], metadata: Mapping[str, str] | None = None) -> Layout:
    """Lay out a safetensors file: wide types first so that every tensor is aligned, then by name, as the library does.

    Args:
        infos: the tensors.
        metadata: texts for the header; {"format": "ms"}, what MindSpore writes, where None.
    """
    ordered = tuple(sorted(infos, key=lambda info: (-info.numpy.itemsize, info.name)))
    header: dict[str, Any] = {"__metadata__": dict({"format": "ms"} if metadata is None else metadata)}
    offset = 0
    for info in ordered:
        end = offset + info.nbytes
        header[info.name] = {"dtype": _NAMES[info.dtype], "shape": list(info.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    first = struct.pack("<Q", len(text)) + text
    parts = [Part(b"", info.name, info.nbytes) for info in ordered]
    return Layout("safetensors", ordered, (Part(first, None, 0), *parts))


def _header(path: Path) -> tuple[dict[str, Any], int, int]:
    """Return (header, offset of the data, bytes of the data)."""
    try:
        with open_regular(path) as stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            first = stream.read(8)
            if len(first) < 8:
                raise InputError(f"{path}: {size} bytes are not a safetensors file; it is empty or truncated")
            (length,) = struct.unpack("<Q", first)
            if length > size - 8:
                raise InputError(
                    f"{path}: the header would take {length} of {size} bytes; truncated, or not a safetensors file"
                )
            if length > _MAX_HEADER:
                raise InputError(f"{path}: a header of {length} bytes (at most {_MAX_HEADER}); not a safetensors file")
            raw = stream.read(length)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    if not raw.startswith(b"{"):
        raise InputError(f"{path}: the header is not JSON; not a safetensors file")
    try:
        header = load_json(raw, "", _HEADER, pairs=_unique, surrogates=True)
    except _Duplicate as error:
        raise InputError(f"{path}: {error.args[0]!r} appears twice in the header") from error
    except InputError as error:
        why = str(error).removeprefix(": ")
        raise InputError(f"{path}: the header is not JSON that can be read ({why}); the file is damaged") from error
    if not isinstance(header, dict):
        raise InputError(f"{path}: the header is not a JSON object; not a safetensors file")
    return header, 8 + length, size - 8 - length


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise _Duplicate(key)
        result[key] = value
    return result


def _entry(path: Path, name: str, value: Any, data_start: int, data_size: int) -> Entry:
    where = f"{path}: tensor {name!r}"
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise InputError(f"{where}: the header names no dtype, shape and data_offsets; the file is damaged")
    code, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(code, str) or code not in _CODES:
        raise InputError(f"{where}: unknown type {reprlib.repr(code)} (known: {', '.join(_CODES)})")
    if not _whole_numbers(shape) or not _whole_numbers(offsets) or len(offsets) != 2:
        raise InputError(
            f"{where}: shape {reprlib.repr(shape)} or offsets {reprlib.repr(offsets)} are not lists of whole numbers"
        )
    info = TensorInfo(name, _CODES[code], checked_shape(shape, _CODES[code], where))
    start, end = offsets
    if not 0 <= start <= end <= data_size:
        raise InputError(f"{where}: bytes {start}..{end} lie outside the data ({data_size} bytes); truncated?")
    if end - start != info.nbytes:
        raise InputError(f"{where}: {end - start} bytes, its shape {info.shape} needs {info.nbytes}")
    return Entry(info, (Extent(data_start + start, end - start),))


def _whole_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(type(number) is int for number in value)


assert set(_NAMES) == set(DTYPES)
