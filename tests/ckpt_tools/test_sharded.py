"""Safetensors in several files: read as one, merged as one, refused where the index does not tell the truth."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.adapter import DESCRIPTION
from ckpt_tools.merge import merge
from ckpt_tools.sharded import fingerprint
from ckpt_tools.tensors import open_tensors, write_tensors
from core.errors import InputError

NAMES = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


def split(folder: Path, arrays: dict[str, np.ndarray[Any, Any]]) -> Path:
    folder.mkdir(exist_ok=True)
    parts = [dict(list(arrays.items())[number::2]) for number in (0, 1)]
    for name, part in zip(NAMES, parts, strict=True):
        write_tensors(folder / name, part)
    weight_map = {key: name for name, part in zip(NAMES, parts, strict=True) for key in part}
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return index


def test_merged_like_one_file(
    tmp_path: Path, base_arrays: Callable[[], Any], make_base: Callable[..., Path], make_adapter: Callable[..., Path]
) -> None:
    base = make_base()
    index = split(tmp_path / "sharded", base_arrays())
    adapter = make_adapter(base, 1)
    (whole,) = merge(base, [adapter], tmp_path / "whole", "safetensors")
    with pytest.raises(InputError, match="another base"):
        merge(index, [adapter], tmp_path / "out", "safetensors")
    description = json.loads((adapter / DESCRIPTION).read_text()) | {"base_sha256": fingerprint(index)}
    (adapter / DESCRIPTION).write_text(json.dumps(description))
    (sharded,) = merge(index, [adapter], tmp_path / "out", "safetensors")
    assert sharded["sha256"] == whole["sha256"]


def test_the_fingerprint_sees_every_shard(tmp_path: Path, base_arrays: Callable[[], Any]) -> None:
    arrays = base_arrays()
    index = split(tmp_path / "sharded", arrays)
    first = fingerprint(index)
    assert fingerprint(split(tmp_path / "again", arrays)) == first
    list(arrays.values())[-1][0] += 1
    assert fingerprint(split(tmp_path / "sharded", arrays)) != first


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda m: m.update(a="../secret.safetensors"), "beside the index"),
        (lambda m: m.update(a="/etc/passwd"), "beside the index"),
        (lambda m: m.update(a=".."), "beside the index"),
        (lambda m: m.update(a=3), "beside the index"),
        (lambda m: m.update(a="gone.safetensors"), "No such file"),
        (lambda m: m.update(c=NAMES[0]), "places 'c'"),
        (lambda m: m.update(a=NAMES[1]), "does not place there"),
        (lambda m: m.pop("a"), "does not place there"),
        (lambda m: m.clear(), "no weight_map"),
    ],
)
def test_an_index_that_lies_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], Any], what: str) -> None:
    index = split(tmp_path, {name: np.ones(2, np.float32) for name in "abde"})
    content = json.loads(index.read_text())
    change(content["weight_map"])
    index.write_text(json.dumps(content))
    with pytest.raises(InputError) as caught:
        open_tensors(index)
    assert what in str(caught.value)
