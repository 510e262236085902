"""PyTorch's own files (`consolidated.00.pth`, `pytorch_model.bin`), read without PyTorch and without running them.

Since version 1.6 `torch.save` writes a ZIP archive: `data.pkl` says which tensor is which slice of which storage, and
each storage is an uncompressed member `data/KEY`. The pickle is read by `tensor_pickle`, which knows the few operations
and names that a plain dictionary of tensors needs and refuses every other, so a file cannot call anything.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import NoReturn

from ckpt_tools.formats.regular import open_regular
from ckpt_tools.formats.sharded import open_indexed
from ckpt_tools.formats.tensor_file import DTYPES, Entry, Extent, TensorFile, TensorInfo, checked_shape
from ckpt_tools.formats.tensor_pickle import Refused, read_pickle
from core.errors import InputError
from core.zip_file import Zip, ZipFault, open_zip

SUFFIXES = (".pth", ".pt", ".bin")
INDEX_SUFFIX = ".bin.index.json"
_MAX_PICKLE = 16 << 20


def open_torch(path: Path) -> TensorFile:
    """Find the tensors of a file of `torch.save` that holds a dictionary of tensors, or of its shards by their index.

    Args:
        path: the file, or `pytorch_model.bin.index.json`.

    Raises:
        InputError: missing, damaged, of the old format, compressed, or holding anything but plain tensors.
    """
    if path.name.endswith(INDEX_SUFFIX):
        return open_indexed(path, "torch", ".bin", open_torch)
    try:
        with open_regular(path) as stream:
            if stream.read(4) != b"PK\x03\x04":
                raise InputError(
                    f"{path}: not in the ZIP format that torch.save writes since version 1.6; load it with PyTorch and "
                    "save it again, or use a safetensors copy"
                )
            with open_zip(stream) as archive:
                entries = _entries(path, archive)
    except ZipFault as error:
        raise InputError(f"{path}: damaged, or no file of torch.save ({error})") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    return TensorFile(path, "torch", entries, {}, [path])


def _entries(path: Path, archive: Zip) -> list[Entry]:
    members = {info.filename: info for info in archive.members}
    pickles = [name for name in members if name.rpartition("/")[2] == "data.pkl"]
    if len(pickles) != 1 or members[pickles[0]].file_size > _MAX_PICKLE:
        raise InputError(f"{path}: holds no data.pkl of a sensible size; no file of torch.save")
    prefix = pickles[0].removesuffix("data.pkl")
    order = members.get(prefix + "byteorder")
    if order is not None and (order.file_size != len("little") or archive.read(order, len("little")) != b"little"):
        raise InputError(f"{path}: written on a big-endian machine; use a safetensors copy")
    entries: list[Entry] = []
    try:
        found = read_pickle(archive.read(members[pickles[0]], _MAX_PICKLE))
    except Refused as error:
        _refuse(path, str(error))
    for name, tensor in found.items():
        where = f"{path}: tensor {name!r}"
        member = members.get(f"{prefix}data/{tensor.storage.key}")
        if member is None or member.compress_type != zipfile.ZIP_STORED:
            raise InputError(f"{where}: its storage is missing or compressed; the file is damaged")
        info = TensorInfo(name, tensor.storage.dtype, checked_shape(tensor.shape, tensor.storage.dtype, where))
        if not tensor.contiguous:
            raise InputError(f"{where}: is a view with gaps (strides {tensor.stride}); save it as a safetensors copy")
        start = tensor.offset * DTYPES[info.dtype].itemsize
        if start + info.nbytes > member.file_size:
            raise InputError(f"{where}: goes beyond its storage of {member.file_size} bytes; the file is damaged")
        entries.append(Entry(info, (Extent(archive.place(member) + start, info.nbytes),)))
    return entries


def _refuse(path: Path, why: str) -> NoReturn:
    raise InputError(f"{path}: not a plain dictionary of tensors ({why}); load it with PyTorch and save it so")


def is_torch(path: Path) -> bool:
    """Tell by its name whether a file is one of `torch.save`."""
    return path.suffix in SUFFIXES or path.name.endswith(INDEX_SUFFIX)
