"""Mutated checkpoint files against the readers, and against the libraries that own the formats.

    python tests/ckpt_tools/fuzz_tensor_files.py --inputs 10000

What must hold of any bytes: nothing but InputError is raised; little memory is taken; a tensor has the bytes that stand
in the file where it is said to lie. What the kit reads of a safetensors file, the safetensors library reads the same,
and the other way round; what it reads of a `.ckpt` is what protobuf parses. A failing input is written to the folder
given with --keep, and its seed is printed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import struct
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent.parent)
# MindSpore's generated code needs this one, and whoever imports protobuf first chooses for the whole process.
os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

import ml_dtypes
import numpy as np
import safetensors
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from ckpt_tools.formats import mindspore_ckpt
from ckpt_tools.formats.index import INDEX
from ckpt_tools.formats.protobuf import field, varint
from ckpt_tools.formats.tensor_file import TensorFile
from ckpt_tools.formats.tensors import info_of, open_tensors, tensor_layout
from core.errors import InputError

Mutation = Callable[[random.Random, bytes], bytes]
_ARRAYS = {
    "model.layers.0.attention.wq.weight": np.arange(60, dtype=np.float32).reshape(6, 10),
    "model.norm_out.weight": np.ones(7, ml_dtypes.bfloat16),
    "层.bias": np.zeros((0, 3), np.float16),
    "step": np.array(3, np.int64),
    "mask": np.array([True, False]),
}
_MEMORY = 32 << 20


def _file(file_format: str, **options: Any) -> bytes:
    layout = tensor_layout(file_format, [info_of(*item) for item in _ARRAYS.items()], **options)
    return b"".join(part.header + (b"" if part.name is None else _ARRAYS[part.name].tobytes()) for part in layout.parts)


def _sliced() -> bytes:
    """Return a `.ckpt` whose tensors are cut into slices, with a text and a checksum."""
    whole, mindspore_ckpt.SLICE_BYTES = mindspore_ckpt.SLICE_BYTES, 64
    try:
        layout = tensor_layout("ckpt", [info_of("w", _ARRAYS["model.layers.0.attention.wq.weight"])])
    finally:
        mindspore_ckpt.SLICE_BYTES = whole
    data, at, content = b"", 0, _ARRAYS["model.layers.0.attention.wq.weight"].tobytes()
    for part in layout.parts:
        data += part.header + content[at : at + part.length]
        at += part.length
    text = field(1, b"note") + field(2, b"\x08\x01" + field(2, b"str") + field(3, "第一".encode("utf-32-le")))
    return data + field(1, text) + b"crc_num" + bytes(10)


# Whole files of each form: what mutations start from.
SEEDS: dict[str, bytes] = {
    "safetensors": _file("safetensors", metadata={"note": "第一轮"}),
    "ckpt": _file("ckpt"),
    "ckpt sliced": _sliced(),
    "index": b"",
}
_NUMBERS = (0, 1, 2, 127, 128, 255, 1 << 16, 1 << 31, 1 << 32, 1 << 40, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_PIECES = (
    b'"dtype"', b'"F32"', b'"BF16"', b'"data_offsets"', b'"shape":[', b"[]", b"{}", b"null", b"true", b"-1", b"1e3",
    b"9" * 30, b'"__metadata__":{"a":"b"},', b'"\\ud800"', b"\xff", b"\0" * 8, b" " * 64, b"[" * 2000, b"crc_num",
    b"\x0a", b"\x12", b"\x1a", b"\x08", b"Float32", b"BFloat16", b"str", b"Float33",
)  # fmt: skip


def _flip(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def _delete(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randrange(1, 30) :]


def _insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice((*_PIECES, rng.randbytes(5))) + data[at:]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    at, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:end] + data[at:end] + data[end:]


def _number(rng: random.Random, data: bytes) -> bytes:
    """Put an extreme number over what stands somewhere, as a safetensors length, a varint, or digits."""
    number, at = rng.choice(_NUMBERS), rng.randrange(len(data))
    spelt = rng.choice((struct.pack("<Q", number), varint(number), str(number).encode()))
    return data[:at] + spelt + data[at + (len(spelt) if rng.random() < 0.5 else 1) :]


def _digits(rng: random.Random, data: bytes) -> bytes:
    """Change a number of the JSON header and keep its length."""
    places = [at for at, byte in enumerate(data[:600]) if 48 <= byte <= 57]
    if not places:
        return data
    at = rng.choice(places)
    return data[:at] + str(rng.randrange(10)).encode() + data[at + 1 :]


def _header(rng: random.Random, data: bytes) -> bytes:
    """Change an entry of a safetensors header and state its length rightly, so that the entry itself is looked at."""
    (length,) = struct.unpack("<Q", data[:8].ljust(8, b"\0"))
    try:
        header = json.loads(data[8 : 8 + length])
        name = rng.choice(list(header))
        entry = header[name]
        key = rng.choice(list(entry))
        entry[key] = rng.choice(
            (None, -1, 0, 1 << 62, "F16", "U8", [], [0], [0, 0], [1 << 62], [0, 1 << 62], [8, 4], {})
        )
    except (ValueError, LookupError, TypeError):
        return data
    if rng.random() < 0.3:
        header[rng.choice(("other", ""))] = entry
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


MUTATIONS: tuple[Mutation, ...] = (
    _flip, _flip, _cut, _delete, _insert, _repeat, _number, _number, _digits, _digits, _header, _header,
)  # fmt: skip


def mutated(seed: int, data: bytes) -> bytes:
    """Return `data` after one to three mutations; the same seed gives the same bytes."""
    rng = random.Random(seed)
    for _ in range(rng.randrange(1, 4)):
        data = rng.choice(MUTATIONS)(rng, data) if data else data
    return data


def mutated_index(seed: int) -> bytes:
    """Return an index of two shards, `a.safetensors` and `b.safetensors`, with something wrong in it or not."""
    rng = random.Random(seed)
    weight_map: dict[str, Any] = dict.fromkeys(_ARRAYS, "a.safetensors") | {"extra": "b.safetensors"}
    for _ in range(rng.randrange(0, 3)):
        place = rng.choice((
            "../a.safetensors", "/etc/passwd", "a.safetensors/", "./a.safetensors", "..", "", ".safetensors", None, 3,
            "b.safetensors", "c.safetensors", "a\0.safetensors", "\ud800.safetensors", "x" * 5000 + ".safetensors",
            "loop.safetensors", "folder.safetensors",
        ))  # fmt: skip
        weight_map[rng.choice((*weight_map, "more"))] = place
    index: Any = {"metadata": {}, "weight_map": weight_map}
    if rng.random() < 0.1:
        index = rng.choice(([], None, {"weight_map": []}, {"weight_map": {}}, weight_map))
    data = json.dumps(index).encode()
    return mutated(seed, data) if rng.random() < 0.4 else data


class Broken(AssertionError):
    """A reader did not keep what it promises."""


def check(path: Path, data: bytes) -> bool:
    """Write bytes to a file, read it, and hold the result against what it must be; tell whether it could be read.

    Raises:
        Broken: a promise is not kept. Any other exception than InputError passes through.
    """
    path.write_bytes(data)
    try:
        with open_tensors(path) as tensors:
            _in_bounds(tensors)
            found = {info.name: (info.shape, tensors.read(info.name).tobytes()) for info in tensors.infos()}
    except InputError as error:
        if "\n" in str(error):
            raise Broken("a message of several lines") from None
        found = None
    if path.suffix == ".safetensors":
        _as_the_library(data, found)
    elif path.suffix == ".ckpt" and found is not None:
        _as_protobuf(data, found)
    return found is not None


def _in_bounds(tensors: TensorFile) -> None:
    sizes = [path.stat().st_size for path in tensors.files]
    for entry in tensors.entries.values():
        if sum(extent.length for extent in entry.extents) != entry.info.nbytes:
            raise Broken(f"{entry.info} has extents {entry.extents}")
        if any(extent.offset < 0 or extent.offset + extent.length > sizes[extent.file] for extent in entry.extents):
            raise Broken(f"{entry.info} lies outside its file")


def _as_the_library(data: bytes, found: dict[str, tuple[tuple[int, ...], bytes]] | None) -> None:
    try:
        theirs = {name: (tuple(value["shape"]), bytes(value["data"])) for name, value in safetensors.deserialize(data)}
    except Exception as error:
        if found is not None:
            raise Broken(f"the library refuses what the kit reads: {error}") from None
        return
    if found is None:
        # The kit refuses a name that appears twice, which the library reads as one of the two, and shapes of no tensor.
        pairs = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]], object_pairs_hook=list)
        names = [name for name, _ in pairs]
        keys = [sorted(key for key, _ in entry) for name, entry in pairs if name != "__metadata__"]
        strict = len(set(names)) < len(names) or any(key != ["data_offsets", "dtype", "shape"] for key in keys)
        sizes = [math.prod(max(length, 1) for length in shape) for shape, _ in theirs.values()]
        if not strict and max(sizes, default=0) < 1 << 56:
            raise Broken("the kit refuses what the library reads")
    elif theirs != found:
        raise Broken("the library reads something else")


def _message() -> Any:
    """Return the class of MindSpore's `Checkpoint` message."""
    file = descriptor_pb2.FileDescriptorProto(name="fuzz.proto", package="fuzz", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    for message, fields in {
        "Tensor": [("dims", 1, kinds.TYPE_INT64), ("type", 2, kinds.TYPE_STRING), ("content", 3, kinds.TYPE_BYTES)],
        "Value": [("tag", 1, kinds.TYPE_STRING), ("tensor", 2, "Tensor")],
        "Checkpoint": [("value", 1, "Value")],
    }.items():
        added = file.message_type.add(name=message)
        for name, number, kind in fields:
            repeated = name in ("dims", "value")
            one = added.field.add(name=name, number=number, label=3 if repeated else 1)
            if isinstance(kind, str):
                one.type, one.type_name = kinds.TYPE_MESSAGE, f".fuzz.{kind}"
            else:
                one.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("fuzz.Checkpoint"))


_CHECKPOINT = _message()


def _as_protobuf(data: bytes, found: dict[str, tuple[tuple[int, ...], bytes]]) -> None:
    if data[-17:-10] == b"crc_num":
        data = data[:-17]
    try:
        parsed = _CHECKPOINT.FromString(data)
    except DecodeError as error:
        raise Broken(f"protobuf refuses what the kit reads: {error}") from None
    theirs: dict[str, tuple[tuple[int, ...], bytes]] = {}
    for value in parsed.value:
        if value.tensor.type == "str":
            continue
        dims, before = tuple(value.tensor.dims), theirs.get(value.tag, ((), b""))[1]
        theirs[value.tag] = (() if dims == (0,) and value.tensor.content else dims, before + value.tensor.content)
    if theirs != found:
        raise Broken("protobuf reads something else")


def fuzz(name: str, inputs: int, folder: Path, keep: Path | None = None, first: int = 0) -> int:
    """Check `inputs` mutations of one seed; return how many of them could be read."""
    path = folder / (INDEX if name == "index" else f"file.{name.split()[0]}")
    if name == "index":
        _shards(folder)
    read = 0
    for seed in range(first, first + inputs):
        data = mutated_index(seed) if name == "index" else mutated(seed, SEEDS[name])
        measured = seed % 50 == 0
        try:
            if measured:
                tracemalloc.start()
            read += check(path, data)
            if measured and tracemalloc.get_traced_memory()[1] > _MEMORY:
                raise Broken(f"{tracemalloc.get_traced_memory()[1]} bytes of memory for a file of {len(data)}")
        except Exception as error:
            if keep is not None:
                (keep / f"{name.replace(' ', '_')}-{seed}{path.suffix}").write_bytes(data)
            raise Broken(f"{name}, seed {seed}: {type(error).__name__}: {error}") from error
        finally:
            tracemalloc.stop()
    return read


def _shards(folder: Path) -> None:
    (folder / "a.safetensors").write_bytes(SEEDS["safetensors"])
    layout = tensor_layout("safetensors", [info_of("extra", np.zeros(0, np.int8))])
    (folder / "b.safetensors").write_bytes(layout.parts[0].header)
    (folder / "folder.safetensors").mkdir(exist_ok=True)
    (folder / "loop.safetensors").unlink(missing_ok=True)
    (folder / "loop.safetensors").symlink_to("loop.safetensors")


def main() -> int:
    """Fuzz both readers and the index; print for each how many inputs it got and how many of them could be read."""
    parser = argparse.ArgumentParser(
        description="Mutated checkpoint files against the readers.",
        epilog="example: python tests/ckpt_tools/fuzz_tensor_files.py --inputs 10000",
    )
    parser.add_argument("--inputs", type=int, default=10_000, help="mutated files for each of the seeds")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--keep", type=Path, help="folder for an input that fails")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in SEEDS:
            read = fuzz(name, arguments.inputs, Path(folder), arguments.keep, arguments.first)
            print(f"{name:12} {arguments.inputs} inputs, {read} could be read, no traceback", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
