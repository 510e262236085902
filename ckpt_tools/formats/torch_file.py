"""PyTorch's own files (`consolidated.00.pth`, `pytorch_model.bin`), read without PyTorch and without running them.

Since version 1.6 `torch.save` writes a ZIP archive: `data.pkl` says which tensor is which slice of which storage, and
each storage is an uncompressed member `data/KEY`. The pickle is read by an unpickler that knows the few names a plain
dictionary of tensors needs and refuses every other, so a file cannot call anything.
"""

from __future__ import annotations

import collections
import io
import math
import pickle
import pickletools
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, NoReturn

from ckpt_tools.formats.regular import open_regular
from ckpt_tools.formats.sharded import open_indexed
from ckpt_tools.formats.tensor_file import DTYPES, Entry, Extent, TensorFile, TensorInfo, checked_shape
from core.errors import InputError

SUFFIXES = (".pth", ".pt", ".bin")
INDEX_SUFFIX = ".bin.index.json"
_STORAGES = {
    "BoolStorage": "bool",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "ShortStorage": "int16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
}
_MAX_PICKLE = 16 << 20
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")


# A pickle of tensors needs no other opcodes; among the others are some that take memory by a number in the file.
_OPCODES = frozenset(
    "PROTO STOP MARK GLOBAL REDUCE BUILD BINPERSID EMPTY_DICT SETITEM SETITEMS EMPTY_LIST APPEND APPENDS EMPTY_TUPLE "
    "TUPLE TUPLE1 TUPLE2 TUPLE3 NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE BINPUT "
    "LONG_BINPUT BINGET LONG_BINGET".split()
)


class _Storage(NamedTuple):
    """A storage of the archive: its member, type and number of entries."""

    key: str
    dtype: str
    size: int


class _Tensor(NamedTuple):
    """A tensor of the pickle: `size` entries of a storage from `offset` on."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def contiguous(self) -> bool:
        """Whether its entries lie one after another in the storage, rows first."""
        step = 1
        for length, stride in zip(reversed(self.shape), reversed(self.stride), strict=True):
            if length != 1 and stride != step:
                return False
            step *= length
        return True


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
            with zipfile.ZipFile(stream) as archive:
                entries = _entries(path, archive, stream)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (zipfile.BadZipFile, RuntimeError, EOFError, KeyError, ValueError, struct.error, zlib.error) as error:
        raise InputError(f"{path}: damaged, or no file of torch.save ({error})") from error
    return TensorFile(path, "torch", entries, {}, [path])


def _entries(path: Path, archive: zipfile.ZipFile, stream: BinaryIO) -> list[Entry]:
    members = {info.filename: info for info in archive.infolist()}
    pickles = [name for name in members if name.rpartition("/")[2] == "data.pkl"]
    if len(pickles) != 1 or members[pickles[0]].file_size > _MAX_PICKLE:
        raise InputError(f"{path}: holds no data.pkl of a sensible size; no file of torch.save")
    prefix = pickles[0].removesuffix("data.pkl")
    order = members.get(prefix + "byteorder")
    if order is not None and (order.file_size != len("little") or archive.read(order) != b"little"):
        raise InputError(f"{path}: written on a big-endian machine; use a safetensors copy")
    entries: list[Entry] = []
    for name, tensor in _unpickled(path, archive.read(pickles[0])).items():
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
        entries.append(Entry(info, (Extent(_data_offset(stream, member) + start, info.nbytes),)))
    return entries


def _data_offset(stream: BinaryIO, member: zipfile.ZipInfo) -> int:
    """Return where the bytes of a stored member begin: behind its own header, whose length the directory lacks."""
    stream.seek(member.header_offset)
    fields = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
    if fields[0] != b"PK\x03\x04":
        raise zipfile.BadZipFile(f"no header of {member.filename}")
    return member.header_offset + _LOCAL_HEADER.size + int(fields[-2]) + int(fields[-1])


class _Refused(pickle.UnpicklingError):
    """Something in the pickle that a dictionary of tensors does not need."""


class _Unpickler(pickle.Unpickler):
    """Reads a dictionary of tensors and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in for a name that `torch.save` uses for tensors."""
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _parameter
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        raise _Refused(f"it names {module}.{name}")

    def persistent_load(self, pid: Any) -> _Storage:
        """Return the storage that ('storage', type, key, device, size) names."""
        if (
            not isinstance(pid, tuple)
            or len(pid) != 5
            or pid[0] != "storage"
            or pid[1] not in DTYPES
            or not isinstance(pid[2], str)
            or not _whole(pid[4])
        ):
            raise _Refused(f"it refers to {str(pid)[:80]}")
        return _Storage(pid[2], pid[1], pid[4])


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> _Tensor:
    """Stand in for `torch._utils._rebuild_tensor_v2`."""
    if (
        not isinstance(storage, _Storage)
        or not _whole(offset)
        or not all(isinstance(part, tuple) and all(map(_whole, part)) for part in (shape, stride))
        or len(shape) != len(stride)
        or offset + math.prod(shape) > storage.size
    ):
        raise _Refused("a tensor does not fit its storage")
    return _Tensor(storage, offset, shape, stride)


def _parameter(data: Any, *_: Any) -> _Tensor:
    """Stand in for `torch._utils._rebuild_parameter`."""
    if not isinstance(data, _Tensor):
        raise _Refused("a parameter is no tensor")
    return data


def _whole(value: Any) -> bool:
    return type(value) is int and value >= 0


def _unpickled(path: Path, data: bytes) -> dict[str, _Tensor]:
    """Return the dictionary of tensors that a pickle holds."""
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name not in _OPCODES or (opcode.name == "LONG_BINPUT" and (argument or 0) > len(data)):
                raise _Refused(f"its pickle uses {opcode.name}")
        content = _Unpickler(io.BytesIO(data)).load()
    except _Refused as error:
        _refuse(path, str(error))
    except Exception as error:  # a damaged pickle fails in as many ways as there are opcodes
        _refuse(path, f"{type(error).__name__} in data.pkl")
    if not isinstance(content, dict) or not content:
        _refuse(path, "it is no dictionary")
    for name, value in content.items():
        if not isinstance(name, str) or not isinstance(value, _Tensor):
            _refuse(path, f"{str(name)[:80]!r} is no tensor")
    return dict(content)


def _refuse(path: Path, why: str) -> NoReturn:
    raise InputError(f"{path}: not a plain dictionary of tensors ({why}); load it with PyTorch and save it so")


def is_torch(path: Path) -> bool:
    """Tell by its name whether a file is one of `torch.save`."""
    return path.suffix in SUFFIXES or path.name.endswith(INDEX_SUFFIX)
