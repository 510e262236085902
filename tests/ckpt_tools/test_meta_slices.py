"""Meta's model-parallel files: a whole model, cut here as fairscale's layers cut it, comes back to the bit."""

from __future__ import annotations

import io
import pickle
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.conversion import rewrite as conversion
from ckpt_tools.conversion.rewrite import convert
from ckpt_tools.formats.sources import open_source
from ckpt_tools.formats.tensor_file import DTYPES
from ckpt_tools.formats.tensors import write_tensors
from core.errors import InputError
from core.models.llama import Shape, parameter_shapes
from core.models.names import name_in

Arrays = dict[str, np.ndarray[Any, Any]]
# Where each kind of Meta's layers is cut; what is not named stands in every file.
AXIS = {"wq": 0, "wk": 0, "wv": 0, "w1": 0, "w3": 0, "output": 0, "wo": 1, "w2": 1}
NORM = "layers.0.attention_norm.weight"


def whole(shape: Shape) -> Arrays:
    random = np.random.default_rng(3)
    return {
        name_in("meta", name): random.standard_normal(size).astype(DTYPES["bfloat16"])
        for name, size in parameter_shapes(shape).items()
    } | {"rope.freqs": np.arange(8, dtype=np.float32)}


def cut(tensors: Arrays, count: int, embedding_axis: int) -> list[Arrays]:
    slices: list[Arrays] = [{} for _ in range(count)]
    for name, values in tensors.items():
        layer = name.split(".")[-2]
        axis = embedding_axis if layer == "tok_embeddings" else AXIS.get(layer)
        whole_in_each = axis is None or axis >= values.ndim  # a row parallel layer adds its bias once
        parts = [values] * count if whole_in_each else np.split(values, count, axis=axis)
        for held, part in zip(slices, parts, strict=True):
            held[name] = np.ascontiguousarray(part)
    return slices


def write_pth(path: Path, tensors: Mapping[str, np.ndarray[Any, Any]]) -> None:
    """Write what torch.save writes of a dictionary of tensors, opcode by opcode."""
    kinds = {"bfloat16": "BFloat16Storage", "float32": "FloatStorage"}
    out = io.BytesIO()

    def text(value: str) -> bytes:
        raw = value.encode()
        return pickle.BINUNICODE + len(raw).to_bytes(4, "little") + raw

    def whole_number(value: int) -> bytes:
        return pickle.BININT + value.to_bytes(4, "little")

    def numbers(values: tuple[int, ...]) -> bytes:
        return pickle.MARK + b"".join(map(whole_number, values)) + pickle.TUPLE

    out.write(pickle.PROTO + b"\x02" + pickle.EMPTY_DICT)
    for key, (name, values) in enumerate(tensors.items()):
        strides = tuple(stride // values.itemsize for stride in values.strides)
        kind = pickle.GLOBAL + f"torch\n{kinds[values.dtype.name]}\n".encode()
        out.write(text(name) + pickle.GLOBAL + b"torch._utils\n_rebuild_tensor_v2\n" + pickle.MARK)
        out.write(pickle.MARK + text("storage") + kind + text(str(key)) + text("cpu") + whole_number(values.size))
        out.write(pickle.TUPLE + pickle.BINPERSID + whole_number(0) + numbers(values.shape) + numbers(strides))
        out.write(pickle.NEWFALSE + pickle.NONE + pickle.TUPLE + pickle.REDUCE + pickle.SETITEM)
    out.write(pickle.STOP)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", out.getvalue())
        for key, values in enumerate(tensors.values()):
            archive.writestr(f"archive/data/{key}", values.tobytes())


def write_slices(folder: Path, slices: list[Arrays]) -> None:
    folder.mkdir()
    for number, held in enumerate(slices):
        write_pth(folder / f"consolidated.{number:02}.pth", held)


@pytest.mark.parametrize(("count", "embedding_axis"), [(2, 0), (2, 1), (4, 0)])
def test_slices_convert_like_the_whole(
    tmp_path: Path, tiny: Shape, count: int, embedding_axis: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "_BLOCK_BYTES", 1001)  # blocks that end inside rows and slices
    shape = replace(tiny, n_kv_heads=4)
    tensors = whole(shape)
    write_slices(tmp_path / "meta", cut(tensors, count, embedding_axis))
    with open_source(tmp_path / "meta") as opened:
        assert set(opened) == set(tensors)
        for name, values in tensors.items():
            assert opened[name].shape == values.shape
            assert opened.read(name).tobytes() == values.tobytes()
        result = convert(opened, shape, "mindformers", tmp_path / "joined.ckpt")
    assert result["left_out"] == ["rope.freqs"]
    write_tensors(tmp_path / "whole.safetensors", tensors)
    with open_source(tmp_path / "whole.safetensors") as opened:
        convert(opened, shape, "mindformers", tmp_path / "whole.ckpt")
    assert (tmp_path / "joined.ckpt").read_bytes() == (tmp_path / "whole.ckpt").read_bytes()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda held: held | {NORM: held[NORM] + held[NORM]}, f"01.pth: '{NORM}' differs from that of consolidated.00"),
        (lambda held: {name: part for name, part in held.items() if name != NORM}, f"'{NORM}' is not in both"),
        (lambda held: held | {NORM: held[NORM].astype(np.float32)}, r"is float32 \[64\], in consolidated\.00"),
    ],
)  # fmt: skip
def test_slices_that_do_not_belong_together_are_refused(
    tmp_path: Path, tiny: Shape, change: Callable[[Arrays], Arrays], what: str
) -> None:
    first, second = cut(whole(tiny), 2, 0)
    write_slices(tmp_path / "meta", [first, change(second)])
    with pytest.raises(InputError, match=what):
        open_source(tmp_path / "meta")


def test_a_slice_that_is_missing_is_named(tmp_path: Path, tiny: Shape) -> None:
    folder = tmp_path / "meta"
    write_slices(folder, cut(whole(replace(tiny, n_kv_heads=4)), 4, 0))
    with pytest.raises(InputError, match="one of several slices of a model; name their folder"):
        open_source(folder / "consolidated.01.pth")
    (folder / "consolidated.03.pth").unlink()
    with (
        open_source(folder) as opened,
        pytest.raises(InputError, match=r"consolidated\.\*\.pth does not fit the model"),
    ):
        convert(opened, replace(tiny, n_kv_heads=4), "mindformers", tmp_path / "model.ckpt")
    (folder / "consolidated.00.pth").unlink()
    with pytest.raises(InputError, match=r"holds 2 slices of a model, but no consolidated\.00\.pth"):
        open_source(folder)
