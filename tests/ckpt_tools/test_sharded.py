"""Safetensors in several files: read and written as one, refused where the index does not tell the truth."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from ckpt_tools.formats.sharded import fingerprint, parse_size
from ckpt_tools.formats.tensors import known_type, open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.merging.adapter import DESCRIPTION
from core.errors import InputError
from core.files import sha256_file

NAMES = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


def split(folder: Path, arrays: dict[str, np.ndarray[Any, Any]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
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
    assert merge(index.parent, [adapter], tmp_path / "out", "safetensors") == [sharded]


@pytest.mark.parametrize("size", [1, 20_000, 10**9])
def test_a_sharded_result(
    tmp_path: Path, make_base: Callable[..., Path], make_adapter: Callable[..., Path], size: int
) -> None:
    base = make_base("bfloat16", changes={"empty": np.empty((0, 3), np.float32), "steps": np.array(3, np.int64)})
    adapter = make_adapter(base, 7)
    merge(base, [adapter], tmp_path / "whole", "safetensors")
    (manifest,) = merge(base, [adapter], tmp_path / "out", "safetensors", shard_size=size)
    assert manifest["file"] == "step_7/model.safetensors.index.json"
    index = json.loads((tmp_path / "out" / manifest["file"]).read_text())
    assert manifest["sha256"] == fingerprint(tmp_path / "out" / manifest["file"])
    files = {Path(file["name"]).name: file for file in manifest["files"]}
    assert set(index["weight_map"].values()) == set(files)
    assert {path.name for path in (tmp_path / "out/step_7").iterdir()} == {*files, "model.safetensors.index.json"}
    whole = load_file(tmp_path / "whole" / "step_7.safetensors")
    seen, total = set(), 0
    for number, (name, file) in enumerate(sorted(files.items()), start=1):
        path = tmp_path / "out" / file["name"]
        assert name == f"model-{number:05}-of-{len(files):05}.safetensors"
        assert (file["size"], file["sha256"]) == (path.stat().st_size, sha256_file(path))
        arrays = load_file(path)
        held = sum(values.nbytes for values in arrays.values())
        assert held <= size or sum(values.nbytes > 0 for values in arrays.values()) == 1
        for key, values in arrays.items():
            assert index["weight_map"][key] == name
            assert known_type(values).tobytes() == known_type(whole[key]).tobytes()
        seen |= set(arrays)
        total += held
    assert seen == set(whole)
    assert index["metadata"]["total_size"] == total
    assert merge(base, [adapter], tmp_path / "out", "safetensors", shard_size=size) == [manifest]
    again = merge(base, [adapter], tmp_path / "out", "safetensors", shard_size=size, force=True)
    assert again == [manifest]


def test_a_result_can_be_the_next_base(
    tmp_path: Path, make_base: Callable[..., Path], make_adapter: Callable[..., Path]
) -> None:
    base = make_base()
    (first,) = merge(base, [make_adapter(base, 1)], tmp_path / "out", "safetensors", shard_size=30_000)
    adapter = make_adapter(base, 2)
    description = json.loads((adapter / DESCRIPTION).read_text()) | {"base_sha256": first["sha256"]}
    (adapter / DESCRIPTION).write_text(json.dumps(description))
    (second,) = merge(tmp_path / "out" / first["file"], [adapter], tmp_path / "out", "ckpt")
    assert second["base_sha256"] == first["sha256"]


@pytest.mark.parametrize(
    ("text", "size"),
    [("5GB", 5 * 10**9), ("500MB", 5 * 10**8), ("1GiB", 1 << 30), ("1.5 kb", 1500), ("2T", 2 * 10**12), ("7", 7)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "GB", "5XB", "-5GB", "0", "0.1B", "5GBB", "nan", "1e3", "9" * 400 + "GB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(InputError, match="is not a size"):
        parse_size(text)


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


def _link(folder: Path, target: Path) -> Path:
    index = split(folder, {name: np.ones(2, np.float32) for name in "ab"})
    target.parent.mkdir(parents=True, exist_ok=True)
    (folder / NAMES[0]).rename(target)
    (folder / NAMES[0]).symlink_to(target)
    return index


def test_a_shard_that_links_elsewhere_is_refused(tmp_path: Path) -> None:
    index = _link(tmp_path / "model", tmp_path / "elsewhere" / "secret.safetensors")
    for reading in (open_tensors, fingerprint):
        with pytest.raises(InputError, match="symbolic link that leaves the folder"):
            reading(index)


def test_links_of_the_hubs_cache_are_read(tmp_path: Path) -> None:
    blobs = tmp_path / "blobs"
    snapshot = tmp_path / "snapshots" / "abc"
    index = split(snapshot, {name: np.ones(2, np.float32) for name in "ab"})
    blobs.mkdir()
    for number, path in enumerate(sorted(snapshot.iterdir())):
        path.rename(blobs / str(number))
        path.symlink_to(Path("../../blobs") / str(number))
    assert sorted(open_tensors(index)) == ["a", "b"]
    inside = _link(tmp_path / "inside", tmp_path / "inside" / "real.bin")
    assert sorted(open_tensors(inside)) == ["a", "b"]


@pytest.mark.parametrize("name", ["model.safetensors.index.json", *NAMES])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    index = split(tmp_path, {name: np.ones(2, np.float32) for name in "ab"})
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="is not a regular file"):
        open_tensors(index)
