"""Both file formats: what is written is read back, by the kit and by the libraries; what is damaged is refused."""

from __future__ import annotations

import json
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
import safetensors.numpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_tools.formats import mindspore_ckpt, protobuf
from ckpt_tools.formats.mindspore_ckpt import checksum_holds
from ckpt_tools.formats.tensor_file import DTYPES, TensorInfo
from ckpt_tools.formats.tensors import TensorWriter, info_of, known_type, open_tensors, tensor_layout, write_tensors
from core.errors import InputError
from core.files import sha256_file

Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]
FORMATS = ("ckpt", "safetensors")
SHAPES = ((), (1,), (3,), (2, 3), (0, 3), (4, 1, 5))


def samples(file_format: str) -> Arrays:
    random = np.random.default_rng(1)
    names = [name for name in DTYPES if file_format == "safetensors" or not name.startswith("float8")]
    return {
        f"{name}.{'x'.join(map(str, shape)) or 'scalar'}.权重": (random.standard_normal(shape) * 9).astype(DTYPES[name])
        for name in names
        for shape in SHAPES
    }


def same(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("file_format", FORMATS)
def test_round_trip_of_every_type_and_shape(tmp_path: Path, file_format: str) -> None:
    arrays, path = samples(file_format), tmp_path / f"a.{file_format}"
    write_tensors(path, arrays)
    with open_tensors(path) as tensors:
        assert set(tensors) == set(arrays)
        for name, values in arrays.items():
            assert same(tensors.read(name), values), name
            pieces = list(tensors.read_slices(name, 8))
            assert b"".join(piece.tobytes() for piece in pieces) == values.tobytes()
            assert all(piece.nbytes <= 8 for piece in pieces)
            if values.ndim:
                middle = values.shape[0] // 2
                assert same(tensors.read_rows(name, 0, middle), values[:middle])
                assert same(tensors.read_rows(name, middle, values.shape[0]), values[middle:])
    assert [left.name for left in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("file_format", FORMATS)
def test_slices_of_one_tensor_are_joined(tmp_path: Path, file_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mindspore_ckpt, "SLICE_BYTES", 100)
    arrays = {"a": np.arange(210, dtype=np.float32).reshape(30, 7), "b": np.ones(2, np.int8), "c": np.zeros((5, 20))}
    path = tmp_path / f"a.{file_format}"
    write_tensors(path, arrays)
    with open_tensors(path) as tensors:
        assert len(tensors.entries["a"].extents) == (9 if file_format == "ckpt" else 1)
        for name, values in arrays.items():
            assert same(tensors.read(name), values)
        for start in range(0, 30, 4):
            assert same(tensors.read_rows("a", start, min(start + 4, 30)), arrays["a"][start : start + 4])
        assert np.array_equal(np.concatenate(list(tensors.read_slices("a", 52))), arrays["a"].ravel())


def test_safetensors_file_is_the_librarys_to_the_byte(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    arrays: Arrays = {f"layer.{i}": random.standard_normal((i, 3)).astype(np.float32) for i in range(1, 5)}
    arrays |= {"count": np.array(3, np.int64), "half": np.ones(3, ml_dtypes.bfloat16)}
    write_tensors(tmp_path / "ours.safetensors", arrays)
    safetensors.numpy.save_file(arrays, tmp_path / "theirs.safetensors", metadata={"format": "ms"})
    assert (tmp_path / "ours.safetensors").read_bytes() == (tmp_path / "theirs.safetensors").read_bytes()


def test_safetensors_library_reads_every_type(tmp_path: Path) -> None:
    arrays = {name: values for name, values in samples("safetensors").items() if not name.startswith("float8")}
    write_tensors(tmp_path / "a.safetensors", arrays)
    # Where MindSpore was imported before, the library returns MindSpore's bfloat16.
    loaded = {name: known_type(v) for name, v in safetensors.numpy.load_file(tmp_path / "a.safetensors").items()}
    assert set(loaded) == set(arrays)
    assert all(same(loaded[name], values) for name, values in arrays.items())


@pytest.mark.mindspore
@pytest.mark.slow
def test_mindspore_reads_and_writes_the_same(tmp_path: Path) -> None:
    import mindspore

    arrays = {name: values for name, values in samples("ckpt").items() if values.size and "uint" not in name}
    for file_format in FORMATS:
        path = tmp_path / f"a.{file_format}"
        write_tensors(path, arrays)
        loaded = mindspore.load_checkpoint(str(path), format=file_format)
        assert set(loaded) == set(arrays)
        for name, values in arrays.items():
            parameter = loaded[name]
            assert tuple(parameter.shape) == values.shape
            assert parameter.float().asnumpy().tolist() == values.astype(np.float32).tolist(), name
    saved = [{"name": name, "data": loaded[name]} for name in arrays]
    mindspore.save_checkpoint(saved, str(tmp_path / "theirs.ckpt"))
    assert (tmp_path / "theirs.ckpt").read_bytes() == (tmp_path / "a.ckpt").read_bytes()
    theirs = {name: loaded[name].asnumpy() for name in arrays}  # with MindSpore's own bfloat16 among them
    write_tensors(tmp_path / "again.ckpt", theirs)
    assert (tmp_path / "again.ckpt").read_bytes() == (tmp_path / "a.ckpt").read_bytes()
    extra = {"epoch": 3, "note": "第一轮"}
    mindspore.save_checkpoint(saved, str(tmp_path / "extra.ckpt"), append_dict=extra, crc_check=True)
    with open_tensors(tmp_path / "extra.ckpt") as tensors:
        assert tensors.metadata == {"note": "第一轮"}
        assert tensors.read("epoch").tolist() == 3
        assert all(same(tensors.read(name), values) for name, values in arrays.items())


@pytest.mark.mindspore
@pytest.mark.slow
def test_mindspore_joins_our_slices_and_we_join_its(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mindspore
    from mindspore.train import serialization

    values = np.arange(3000, dtype=np.float32).reshape(50, 60)
    monkeypatch.setattr(mindspore_ckpt, "SLICE_BYTES", 1000)
    write_tensors(tmp_path / "ours.ckpt", {"w": values, "v": values[0]})
    loaded = mindspore.load_checkpoint(str(tmp_path / "ours.ckpt"))
    assert same(loaded["w"].asnumpy(), values)
    monkeypatch.setattr(serialization, "SLICE_SIZE", 1)
    mindspore.save_checkpoint([{"name": "w", "data": loaded["w"]}], str(tmp_path / "theirs.ckpt"))
    with open_tensors(tmp_path / "theirs.ckpt") as tensors:
        assert len(tensors.entries["w"].extents) == 12
        assert same(tensors.read("w"), values)
    monkeypatch.setattr(mindspore_ckpt, "SLICE_BYTES", 1024)
    write_tensors(tmp_path / "ours.ckpt", {"w": values})
    assert (tmp_path / "ours.ckpt").read_bytes() == (tmp_path / "theirs.ckpt").read_bytes()


@pytest.mark.parametrize("through", [0, 7, 100, 3000])
def test_the_checksum_is_the_crc32_of_what_stands_before(tmp_path: Path, through: int) -> None:
    values = np.arange(through, dtype=np.int8)
    layout = tensor_layout("ckpt", [TensorInfo("w", "int8", (1, through))], checksum=True)
    path = tmp_path / "a.ckpt"
    with TensorWriter(path, layout) as writer:
        writer.write("w", values)
        assert writer.finish() == sha256_file(path)
    content = path.read_bytes()
    assert content[-17:] == b"crc_num" + zlib.crc32(content[:-17]).to_bytes(10, "big")
    assert len(content) == layout.size
    assert checksum_holds(path) is True
    with open_tensors(path) as tensors:
        assert tensors.checksum == zlib.crc32(content[:-17])
        assert tensors.read("w").tobytes() == values.tobytes()
    path.write_bytes(content[:3] + bytes([content[3] ^ 1]) + content[4:])
    assert checksum_holds(path) is False
    path.write_bytes(content[:-17])
    assert checksum_holds(path) is None


@pytest.mark.mindspore
@pytest.mark.slow
def test_mindspore_checks_our_checksum_and_writes_the_same(tmp_path: Path) -> None:
    import mindspore

    arrays = {"w": np.arange(600, dtype=np.float32).reshape(20, 30), "n": np.array(3, np.int64)}
    layout = tensor_layout("ckpt", [info_of(*item) for item in arrays.items()], checksum=True)
    path = tmp_path / "ours.ckpt"
    with TensorWriter(path, layout) as writer:
        for name, values in arrays.items():
            writer.write(name, values)
        writer.finish()
    loaded = mindspore.load_checkpoint(str(path), crc_check=True)
    assert all(same(loaded[name].asnumpy(), values) for name, values in arrays.items())
    saved = [{"name": name, "data": loaded[name]} for name in arrays]
    mindspore.save_checkpoint(saved, str(tmp_path / "theirs.ckpt"), crc_check=True)
    assert (tmp_path / "theirs.ckpt").read_bytes() == path.read_bytes()
    damaged = bytearray(path.read_bytes())
    damaged[100] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match="Failed to read the checkpoint file"):
        mindspore.load_checkpoint(str(path), crc_check=True)


def test_format_is_told_by_content_where_the_suffix_does_not_say(tmp_path: Path) -> None:
    for file_format in FORMATS:
        write_tensors(tmp_path / f"a.{file_format}", {"w": np.ones(2, np.float32)})
        (tmp_path / f"{file_format}.bin").write_bytes((tmp_path / f"a.{file_format}").read_bytes())
        with open_tensors(tmp_path / f"{file_format}.bin") as tensors:
            assert tensors.file_format == file_format


def header(**tensors: Any) -> bytes:
    return json.dumps(tensors).encode()


def safetensors_bytes(text: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def f32(start: int, end: int, shape: list[Any] | None = None, dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": [1] if shape is None else shape, "data_offsets": [start, end]}


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty or truncated"),
        (b"\x10\0\0", "empty or truncated"),
        (safetensors_bytes(b"{}", length=1 << 42), "4398046511104 of 10 bytes"),
        (safetensors_bytes(b"{}", length=(1 << 64) - 1), "truncated"),
        (safetensors_bytes(b"[1, 2]"), "not JSON"),
        (safetensors_bytes(b"{" * 100_000), "not JSON"),
        (safetensors_bytes(b'{"a": ' * 100_000), "not JSON"),
        (safetensors_bytes(b'{"a": \xff}'), "not JSON"),
        (safetensors_bytes(b'{"a": ' + b"9" * 10_000 + b"}"), "not JSON"),
        (safetensors_bytes(header(a=3)), "no dtype, shape"),
        (safetensors_bytes(header(a=f32(0, 4) | {"more": 1}), b"1234"), "no dtype, shape"),
        (safetensors_bytes(b'{"a":' + header(x=1) + b',"a":{}}'), "'a' appears twice"),
        (safetensors_bytes(header(a=f32(0, 4, dtype="F33")), b"1234"), "unknown type 'F33'"),
        (safetensors_bytes(header(a=f32(0, 4, dtype=["F32"])), b"1234"), "unknown type"),
        (safetensors_bytes(header(a=f32(0, 4, shape=[-1])), b"1234"), "negative dimension"),
        (safetensors_bytes(header(a=f32(0, 4, shape=[True])), b"1234"), "not lists of whole numbers"),
        (safetensors_bytes(header(a=f32(0, 4, shape=[1.0])), b"1234"), "not lists of whole numbers"),
        (safetensors_bytes(header(a=f32(0, 4, shape=[2**40, 2**40])), b"1234"), "larger than any disk"),
        (safetensors_bytes(header(a=f32(0, 4, shape=[0] + [2**40] * 20)), b"1234"), "larger than any disk"),
        (safetensors_bytes(header(a=f32(0, 4, shape=[1] * 99)), b"1234"), "99 dimensions"),
        (safetensors_bytes(header(a=f32(0, 4, shape=[2])), b"1234"), "4 bytes, its shape (2,) needs 8"),
        (safetensors_bytes(header(a=f32(0, 4)), b"12"), "outside the data (2 bytes)"),
        (safetensors_bytes(header(a=f32(4, 0)), b"1234"), "outside the data"),
        (safetensors_bytes(header(a=f32(-4, 0)), b"1234"), "outside the data"),
        (safetensors_bytes(header(a=f32(0, 4), b=f32(2, 6)), b"123456"), "'b' overlaps"),
        (safetensors_bytes(header(a=f32(0, 4), b=f32(6, 10)), b"1234567890"), "'b' leaves a gap"),
        (safetensors_bytes(header(a=f32(0, 4)), b"123456"), "2 bytes follow"),
        (safetensors_bytes(header(__metadata__={"a": 1})), "texts to texts"),
        (safetensors_bytes(header(__metadata__=[1])), "texts to texts"),
        (safetensors_bytes(b'{"__metadata__":{"a":"\\ud800"}}'), "texts to texts"),
        (safetensors_bytes(b'{"\\udfff":' + json.dumps(f32(0, 4)).encode() + b"}", b"1234"), "no UTF-8 text"),
    ],
)
def test_damaged_safetensors_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_tensors(path)
    assert what in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_header_beyond_any_model_is_not_parsed(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    with path.open("wb") as out:
        out.write(struct.pack("<Q", 1 << 40))
        out.truncate((1 << 40) + 8)  # sparse: a terabyte that takes no place
    tracemalloc.start()
    with pytest.raises(InputError, match="a header of 1099511627776 bytes"):
        open_tensors(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def field(number: int, data: bytes) -> bytes:
    return protobuf.field(number, data)


def value(
    tag: bytes = b"w", dims: bytes = b"\x08\x01", kind: bytes = b"Float32", content: bytes = b"1234", tail: bytes = b""
) -> bytes:
    return field(1, field(1, tag) + field(2, dims + field(2, kind) + field(3, content)) + tail)


GIANT = b"\x0a" + protobuf.varint(1 << 42)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 zip file", "a MindSpore checkpoint"),
        (b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "a number is cut off or too long"),
        (GIANT + b"abc", "a field of 4398046511104 bytes goes beyond its end"),
        (value()[:-2], "goes beyond its end"),
        (value() + value()[:1], "a number is cut off"),
        (value() + b"crc_num12", "not a MindSpore checkpoint"),
        (b"\x0b", "wire type 3"),
        (field(2, b"abc"), "field 2 where a tensor is expected"),
        (b"\x08\x05", "field 1 where a tensor is expected"),
        (field(1, field(1, b"w")), "without name or tensor"),
        (field(1, field(2, b"")), "without name or tensor"),
        (field(1, field(1, b"w") + field(2, b"")), "no type or no content"),
        (field(1, field(1, b"w") + field(3, b"")), "map parameter"),
        (value(tail=field(1, b"v")), "field 1 does not belong"),
        (value(tag=b"\xff"), "not UTF-8"),
        (value(tag=b"w" * 5000), "a name of 5000 bytes"),
        (value(kind=b"Float33"), "unknown type 'Float33'"),
        (value(kind=b"Int4"), "unknown type 'Int4'"),
        (value(dims=b"\x08\x02"), "4 bytes, its shape (2,) needs 8"),
        (value(dims=b"\x08" + protobuf.varint((1 << 64) - 1)), "negative dimension -1"),
        (value(dims=(b"\x08" + protobuf.varint(1 << 40)) * 2), "larger than any disk"),
        (value(dims=b"\x08\x01" * 99), "has no place in tensor"),
        (value(dims=b"\x08\x01" * 50), "50 dimensions"),
        (value() + value(), "8 bytes, its shape (1,) needs 4"),
        (value() + value(tag=b"v") + value(), "'w' appears twice"),
        (value(dims=b"\x08\x02") + value(dims=b"\x08\x03"), "differ in type or shape"),
        (value(kind=b"str", content=b"\xff\xff\xff\xff"), "not UTF-32"),
        (value(kind=b"str", content=b"a\0\0\0" * 300_000), "more than 1048576 bytes"),
    ],
)
def test_damaged_ckpt_is_refused(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "a.ckpt"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        open_tensors(path)
    assert what in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_packed_dimensions_and_unknown_order_are_read(tmp_path: Path) -> None:
    tensor = field(3, b"12345678") + field(2, b"Float32") + field(1, b"\x01\x02")
    (tmp_path / "a.ckpt").write_bytes(field(1, field(2, tensor) + field(1, b"w")))
    with open_tensors(tmp_path / "a.ckpt") as tensors:
        assert tensors["w"] == TensorInfo("w", "float32", (1, 2))
        assert tensors.read("w").tobytes() == b"12345678"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200))
def test_noise_is_refused_or_holds_what_it_says(tmp_path: Path, content: bytes) -> None:
    for file_format in FORMATS:
        path = tmp_path / f"noise.{file_format}"
        path.write_bytes(content)
        try:
            tensors = open_tensors(path)
        except InputError:
            continue
        assert sum(info.nbytes for info in tensors.infos()) <= len(content)


def test_missing_file_folder_and_unknown_format(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("hello there")
    for path, what in (("b.ckpt", "No such file"), ("b.safetensors", "No such file"), ("b.bin", "No such file")):
        with pytest.raises(InputError, match=what):
            open_tensors(tmp_path / path)
    with pytest.raises(InputError, match="is a folder"):
        open_tensors(tmp_path)
    with pytest.raises(InputError, match="neither"):
        open_tensors(tmp_path / "a.txt")
    with pytest.raises(InputError, match="unknown checkpoint format 'bin'"):
        write_tensors(tmp_path / "a.bin", {"w": np.ones(1)})
    with pytest.raises(InputError, match="has no place"):
        write_tensors(tmp_path / "a.ckpt", {"w": np.ones(1, np.complex64)})
    with pytest.raises(InputError, match="cannot hold float8_e5m2"):
        write_tensors(tmp_path / "a.ckpt", {"w": np.ones(1, ml_dtypes.float8_e5m2)})
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_that_shrinks_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.ckpt"
    write_tensors(path, {"w": np.ones(1000, np.float32)})
    with open_tensors(path) as tensors:
        with path.open("r+b") as stream:
            stream.truncate(500)
        with pytest.raises(InputError, match="truncated"):
            tensors.read("w")


def test_a_writer_keeps_to_its_layout(tmp_path: Path) -> None:
    layout = tensor_layout("ckpt", [TensorInfo("a", "float32", (2,)), TensorInfo("b", "int8", (1,))])
    ones = np.ones(2, np.float32)
    attempts: list[Callable[[TensorWriter], Any]] = [
        lambda writer: writer.write("b", np.ones(1, np.int8)),
        lambda writer: writer.write("a", np.ones(2)),
        lambda writer: writer.write("a", np.ones(3, np.float32)),
        lambda writer: (writer.write("a", ones), writer.finish()),
    ]
    for attempt in attempts:
        with TensorWriter(tmp_path / "a", layout) as writer, pytest.raises(ValueError, match=r"due|type|end"):
            attempt(writer)
