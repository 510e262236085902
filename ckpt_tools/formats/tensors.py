"""The one door to checkpoint files: open any format, plan and write any format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ckpt_tools.formats import mindspore_ckpt, safetensors_file, sharded
from ckpt_tools.formats.regular import open_regular
from ckpt_tools.formats.tensor_file import DTYPES, Array, Layout, TensorFile, TensorInfo
from ckpt_tools.formats.writing import TensorWriter
from core.errors import InputError
from core.files import replacing

FORMATS = ("ckpt", "safetensors")
_DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}

__all__ = [
    "FORMATS",
    "Layout",
    "TensorFile",
    "TensorInfo",
    "TensorWriter",
    "info_of",
    "known_type",
    "open_tensors",
    "tensor_layout",
    "write_tensors",
]


def open_tensors(path: Path) -> TensorFile:
    """Open a checkpoint: MindSpore `.ckpt` or safetensors, told apart by its suffix, else by its first bytes.

    A safetensors checkpoint in several files is opened by its index (`….safetensors.index.json`).

    Raises:
        InputError: the path is no file, or the file is damaged or of neither format.
    """
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name the checkpoint file, or the index of a sharded one, in it")
    if path.name.endswith(sharded.INDEX_SUFFIX):
        return sharded.open_sharded(path)
    if path.suffix == safetensors_file.SUFFIX:
        return safetensors_file.open_safetensors(path)
    if path.suffix == mindspore_ckpt.SUFFIX:
        return mindspore_ckpt.open_ckpt(path)
    with open_regular(path) as stream:
        first = stream.read(9)
    if first[8:] == b"{":
        return safetensors_file.open_safetensors(path)
    if first[:1] == b"\x0a":
        return mindspore_ckpt.open_ckpt(path)
    raise InputError(f"{path}: neither a safetensors file nor a MindSpore .ckpt")


def tensor_layout(
    file_format: str,
    infos: Sequence[TensorInfo],
    metadata: Mapping[str, str] | None = None,
    checksum: bool = False,
) -> Layout:
    """Plan a file: which bytes stand where, how large it will be.

    Args:
        file_format: "ckpt" or "safetensors".
        infos: the tensors; the layout may order them anew.
        metadata: texts for a safetensors header; a `.ckpt` carries none.
        checksum: whether a `.ckpt` ends with the crc32 of its content; safetensors has no place for one.

    Raises:
        InputError: a format that does not exist or cannot hold one of the types; two tensors of one name.
    """
    if len({info.name for info in infos}) != len(infos):
        raise InputError("two tensors of one name cannot be written to one file")
    if file_format == "safetensors":
        if checksum:
            raise InputError("a checksum (crc) is part of the .ckpt format only; safetensors has no place for it")
        return safetensors_file.safetensors_layout(infos, metadata)
    if file_format == "ckpt":
        return mindspore_ckpt.ckpt_layout(infos, checksum)
    raise InputError(f"unknown checkpoint format {file_format!r} (known: {', '.join(FORMATS)})")


def known_type(values: Array) -> Array:
    """Return the array with MindSpore's own bfloat16 (`Tensor.asnumpy`) seen as that of ml_dtypes; same memory."""
    if values.dtype not in _DTYPE_NAMES and values.dtype.name == "bfloat16" and values.dtype.itemsize == 2:
        return values.view(np.uint16).view(DTYPES["bfloat16"])
    return values


def info_of(name: str, values: Array) -> TensorInfo:
    """Describe an array as a tensor; InputError where its type has no place in a checkpoint."""
    dtype = _DTYPE_NAMES.get(values.dtype)
    if dtype is None:
        raise InputError(f"tensor {name!r}: type {values.dtype} has no place in a checkpoint")
    return TensorInfo(name, dtype, values.shape)


def write_tensors(path: Path, tensors: Mapping[str, Array], metadata: Mapping[str, str] | None = None) -> str:
    """Write arrays to a file in the format of its suffix, atomically; return its sha256.

    Raises:
        InputError: unknown suffix or type, or the disk cannot be written.
    """
    arrays = {name: known_type(values) for name, values in tensors.items()}
    layout = tensor_layout(path.suffix.removeprefix("."), [info_of(*item) for item in arrays.items()], metadata)
    try:
        with replacing(path) as partial, TensorWriter(partial, layout) as writer:
            for info in layout.infos:
                writer.write(info.name, arrays[info.name])
            return writer.finish()
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from error
