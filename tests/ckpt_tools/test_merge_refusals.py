"""Merging refuses what does not fit: adapters, their descriptions, bases; nothing is left of the attempt."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.merging.adapter import DESCRIPTION, TENSORS
from core.errors import InputError

Make = Callable[..., Path]
WQ = "model.layers.0.attention.wq.weight"


def rewrite(adapter: Path, change: Callable[[dict[str, np.ndarray[Any, Any]]], None]) -> None:
    with open_tensors(adapter / TENSORS) as tensors:
        arrays = {name: tensors.read(name) for name in tensors}
    change(arrays)
    write_tensors(adapter / TENSORS, arrays)


A, B = (f"model.layers.0.attention.wq.mindpet_delta_lora_{side}" for side in "ab")


def rename(old: str, new: str) -> Callable[[dict[str, Any]], None]:
    return lambda arrays: arrays.__setitem__(new, arrays.pop(old))


def put(name: str, values: np.ndarray[Any, Any]) -> Callable[[dict[str, Any]], None]:
    return lambda arrays: arrays.__setitem__(name, values)


def drop(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda arrays: arrays.__delitem__(name)


def both(*changes: Callable[[dict[str, Any]], None]) -> Callable[[dict[str, Any]], None]:
    def change(arrays: dict[str, Any]) -> None:
        for one in changes:
            one(arrays)

    return change


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (drop(A), "has no other half"),
        (lambda arrays: arrays.clear(), "holds no tensor"),
        (both(drop(A), drop(B)), "its pair is missing"),
        (rename(A, "model.layers.0.attention.wq.weight"), "not a half of a LoRA pair"),
        (both(rename(A, A.replace("wq", "wk")), rename(B, B.replace("wq", "wk"))), "does not match it"),
        (both(rename(A, A.replace(".0.", ".7.")), rename(B, B.replace(".0.", ".7."))), "matches no weight"),
        (put(A, np.ones((5, 64), np.float32)), "rank 4 needs"),
        (put(A, np.ones((4, 65), np.float32)), "makes a matrix (64, 65), the base's is (64, 64)"),
        (put(B, np.ones((64, 4, 1), np.float32)), "rank 4 needs"),
        (put(B, np.ones((64, 4), np.int32)), "int32"),
        (put(B, np.full((64, 4), np.nan, np.float32)), "NaN or infinity"),
        (put(A, np.full((4, 64), np.inf, np.float16)), "NaN or infinity"),
    ],
)
def test_an_adapter_that_does_not_fit_is_refused(
    tmp_path: Path, make_base: Make, make_adapter: Make, change: Callable[[dict[str, Any]], None], what: str
) -> None:
    base = make_base()
    adapter = make_adapter(base, 3)
    rewrite(adapter, change)
    with pytest.raises(InputError) as caught:
        merge(base, [adapter], tmp_path / "out")
    assert what in str(caught.value)
    assert str(adapter / TENSORS) in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        ("rank", 0, "rank is 0"),
        ("rank", True, "rank is True"),
        ("alpha", float("inf"), "alpha is inf"),
        ("alpha", -1, "alpha is -1"),
        ("alpha", float("nan"), "alpha is nan"),
        ("alpha", 10**400, "alpha is 1000"),
        ("step", 10**300, "step has 301 digits"),
        ("alpha", "8", "alpha is '8'"),
        ("method", "lokr", "unknown method 'lokr'"),
        ("targets", "*.wv", "not a regular expression"),
        ("step", -1, "step is -1"),
        ("schema", 2, "schema 2"),
        ("base_sha256", "abc", "not a sha256"),
        ("base_sha256", "0" * 64, "another base"),
        ("lora_rank", 8, "unknown key 'lora_rank'"),
        ("alpha", None, "missing key 'alpha'"),
    ],
)
def test_a_wrong_description_is_refused(
    tmp_path: Path, make_base: Make, make_adapter: Make, key: str, value: Any, what: str
) -> None:
    base = make_base()
    adapter = make_adapter(base, 3)
    description = json.loads((adapter / DESCRIPTION).read_text()) | {key: value}
    if value is None:
        del description[key]
    (adapter / DESCRIPTION).write_text(json.dumps(description))
    with pytest.raises(InputError) as caught:
        merge(base, [adapter], tmp_path / "out")
    assert what in str(caught.value)
    assert str(adapter) in str(caught.value)


def test_a_base_that_does_not_fit_is_refused(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    out = tmp_path / "out"
    cases: list[tuple[dict[str, Any], str | None, str]] = [
        ({WQ: np.full((64, 64), np.nan, np.float32)}, None, "NaN or infinity"),
        ({"model.norm_out.weight": np.full(64, np.inf, np.float32)}, None, "NaN or infinity"),
        ({"model.norm_out.weight": np.full(64, 1e5, np.float32)}, "float16", "beyond float16"),
        ({WQ: np.full((64, 64), 65500, np.float32)}, "float16", "exceeds float16"),
        ({WQ: np.ones((64, 64), np.int32)}, None, "only floating weights"),
        ({WQ: np.ones((64, 63), np.float32)}, None, "makes a matrix"),
        ({A: np.ones((4, 64), np.float32)}, None, "base without adapter"),
    ]
    for changes, dtype, what in cases:
        base = make_base(changes=changes)
        adapter = make_adapter(base, 3, size=50)
        with pytest.raises(InputError) as caught:
            merge(base, [adapter], out, dtype=dtype)
        assert what in str(caught.value)
        assert not list(out.glob("*"))
        assert not list(out.glob(".*"))
