"""Merging: the figures, the proof, what is refused, what is done again and what is not."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools import merge as merging
from ckpt_tools.formats import mindspore_ckpt
from ckpt_tools.formats.tensor_file import DTYPES
from ckpt_tools.formats.tensors import known_type, open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.merging import stream as streaming
from ckpt_tools.merging.adapter import DESCRIPTION, TENSORS, open_adapter
from core.errors import InputError
from core.files import sha256_file

ROOT = Path(merging.__file__).resolve().parent.parent
Make = Callable[..., Path]
WQ = "model.layers.0.attention.wq.weight"


def expected(base: Path, adapter: Path, weight: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return W and W' of one weight in float64, from the definition."""
    with open_tensors(base) as tensors, open_adapter(adapter) as opened:
        w = tensors.read(weight).astype(np.float64)
        if weight not in opened.changes:
            return w, w
        a, b = (part.astype(np.float64) for part in opened.read(weight).values())
        return w, w + opened.info.settings.alpha / opened.info.settings.rank * (b @ a)


@pytest.mark.parametrize("file_format", ["ckpt", "safetensors"])
@pytest.mark.parametrize("base_format", [".ckpt", ".safetensors"])
def test_five_adapters_are_merged(
    tmp_path: Path, make_base: Make, make_adapter: Make, file_format: str, base_format: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(streaming, "_BLOCK_ENTRIES", 1000)  # several blocks a tensor, the last one smaller
    monkeypatch.setattr(mindspore_ckpt, "SLICE_BYTES", 3000)
    base = make_base(suffix=base_format)
    adapters = [make_adapter(base, step, targets="w[qv]" if step < 50 else "w") for step in (10, 20, 30, 40, 50)]
    manifests = merge(base, adapters, tmp_path / "out", file_format)
    assert [manifest["step"] for manifest in manifests] == [10, 20, 30, 40, 50]
    names = {f"step_{step}.{kind}" for step in (10, 20, 30, 40, 50) for kind in (file_format, "json")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    for adapter, manifest in zip(adapters, manifests, strict=True):
        path = tmp_path / "out" / manifest["file"]
        assert json.loads((tmp_path / "out" / f"step_{manifest['step']}.json").read_text()) == manifest
        assert manifest["sha256"] == sha256_file(path)
        assert manifest["size"] == path.stat().st_size
        assert manifest["base_sha256"] == sha256_file(base)
        assert manifest["adapter_sha256"] == sha256_file(adapter / TENSORS)
        assert (manifest["scaling"], manifest["format"], manifest["dtype"]) == (2.0, file_format, "keep")
        assert manifest["finite"] is True
        merged = {entry["name"]: entry for entry in manifest["merged"]}
        others = {entry["name"]: entry for entry in manifest["untouched"]["tensors"]}
        with open_tensors(path) as tensors, open_tensors(base) as original:
            assert set(tensors) == set(original)
            same = 0
            for name in tensors:
                w, wanted = expected(base, adapter, name)
                got = tensors.read(name)
                assert tensors[name].dtype == "float32"
                assert np.abs(got - wanted).max() <= 1e-6
                if name in merged:
                    stem = name.removesuffix("weight") + "mindpet_delta_lora_"
                    assert (merged[name]["a"], merged[name]["b"]) == (stem + "a", stem + "b")
                    assert merged[name]["shape"] == list(w.shape)
                    assert merged[name]["max_delta"] == pytest.approx(np.abs(wanted - w).max(), rel=1e-5)
                    assert 0 < merged[name]["max_error"] < 1e-4
                else:
                    assert np.array_equal(got, w)
                    assert others.pop(name)["sha256"] == hashlib.sha256(got.tobytes()).hexdigest()
                    same += 1
        assert len(merged) == (14 if manifest["step"] == 50 else 4)
        assert not others
        counts = {key: manifest["untouched"][key] for key in ("count", "identical", "converted")}
        assert counts == {"count": same, "identical": same, "converted": 0}
        assert manifest["warnings"] == []


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("base_dtype", ["float32", "float16", "bfloat16", "float64"])
def test_the_sum_is_taken_wide_and_rounded_once(
    tmp_path: Path, make_base: Make, make_adapter: Make, base_dtype: str, dtype: str
) -> None:
    base = make_base(base_dtype, ".safetensors", {"steps": np.array(3, np.int64)})
    adapter = make_adapter(base, 5, size=1e-3)
    (manifest,) = merge(base, [adapter], tmp_path / "out", "safetensors", dtype)
    with open_tensors(tmp_path / "out" / manifest["file"]) as tensors:
        w, wanted = expected(base, adapter, WQ)
        got = tensors.read(WQ)
        assert tensors["steps"].dtype == "int64"
        assert tensors["model.norm_out.weight"].dtype == dtype
    assert got.dtype == DTYPES[dtype]
    # Float32 sums may fall to the other side of a rounding step, never further.
    nearest = wanted.astype(np.float32).astype(DTYPES[dtype])
    assert np.mean(nearest == got) > (0.99 if dtype != "float32" else 0.5)
    entry = next(entry for entry in manifest["merged"] if entry["name"] == WQ)
    unmoved = np.mean(got == w.astype(DTYPES[dtype]))
    assert entry["absorbed"] == pytest.approx(unmoved, abs=1e-12)
    least, most = {"float32": (0, 1e-3), "float16": (1e-3, 0.05), "bfloat16": (0.005, 0.2)}[dtype]
    assert least <= entry["absorbed"] <= most
    lossy = [entry["name"] for entry in manifest["merged"] if entry["absorbed"] > 0.1]
    assert len(manifest["warnings"]) == bool(lossy)
    untouched = manifest["untouched"]
    assert (untouched["identical"] == 1) == (base_dtype != dtype)
    assert untouched["identical"] + untouched["converted"] == untouched["count"]


def test_what_is_done_is_not_done_again(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base, out = make_base(), tmp_path / "out"
    adapters = [make_adapter(base, step) for step in (1, 2, 3)]
    first = merge(base, adapters, out)
    times = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}

    def changed() -> set[str]:
        now = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
        different = {name for name in now if now[name] != times.get(name)}
        times.update(now)
        return different

    assert merge(base, adapters, out) == first
    assert changed() == set()
    (out / "step_1.ckpt").unlink()
    (out / "step_2.ckpt").write_bytes(b"cut")
    assert merge(base, adapters, out) == first
    assert changed() == {"step_1.ckpt", "step_1.json", "step_2.ckpt", "step_2.json"}
    (out / "step_3.json").write_text("{")
    assert merge(base, adapters, out) == first
    assert changed() == {"step_3.ckpt", "step_3.json"}
    description = json.loads((adapters[0] / DESCRIPTION).read_text())
    (adapters[0] / DESCRIPTION).write_text(json.dumps(description | {"alpha": 4}))
    assert merge(base, adapters, out)[0]["scaling"] == 1.0
    assert changed() == {"step_1.ckpt", "step_1.json"}
    merge(base, adapters, out, dtype="bfloat16")
    assert len(changed()) == 6
    merge(base, adapters, out, dtype="bfloat16", force=True)
    assert len(changed()) == 6


def test_what_bfloat16_swallows_is_said(
    tmp_path: Path, make_base: Make, make_adapter: Make, capsys: pytest.CaptureFixture[str]
) -> None:
    base = make_base("bfloat16")
    adapter = make_adapter(base, 5, size=1e-5)
    (manifest,) = merge(base, [adapter], tmp_path / "out")
    assert manifest["absorbed"] > 0.9
    (warning,) = manifest["warnings"]
    assert "swallowed more than 10 % of the changed entries in 4 of 4 merged tensors" in warning
    assert f"warning: {warning}" in capsys.readouterr().err
    (kept,) = merge(base, [adapter], tmp_path / "wide", dtype="float32")
    assert kept["absorbed"] < 0.01
    assert kept["warnings"] == []


def test_an_adapter_that_changes_nothing_is_said(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base("bfloat16")
    (manifest,) = merge(base, [make_adapter(base, 5, size=0)], tmp_path / "out")
    assert manifest["warnings"] == ["step_5: the adapter changes nothing, each B A is zero; the result is the base"]
    assert sha256_file(tmp_path / "out" / manifest["file"]) == sha256_file(base)


def test_a_row_without_delta_keeps_its_bytes(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base("bfloat16")
    adapter = make_adapter(base, 5)
    with open_tensors(adapter / TENSORS) as tensors:
        arrays = {name: tensors.read(name) for name in tensors}
    for name in arrays:
        if name.endswith("_b"):
            arrays[name][::2] = 0
    write_tensors(adapter / TENSORS, arrays)
    (manifest,) = merge(base, [adapter], tmp_path / "out")
    with open_tensors(base) as before, open_tensors(tmp_path / "out" / manifest["file"]) as after:
        assert before.read(WQ)[::2].tobytes() == after.read(WQ)[::2].tobytes()
        assert before.read(WQ)[1::2].tobytes() != after.read(WQ)[1::2].tobytes()
    assert all(entry["changed"] == np.prod(entry["shape"]) // 2 for entry in manifest["merged"])


def test_wrong_calls_are_refused(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base()
    adapter = make_adapter(base, 3)
    out = tmp_path / "out"
    with pytest.raises(InputError, match="no adapter"):
        merge(base, [], out)
    with pytest.raises(InputError, match="format 'zip'"):
        merge(base, [adapter], out, "zip")
    with pytest.raises(InputError, match="only safetensors can be sharded"):
        merge(base, [adapter], out, shard_size=100)
    with pytest.raises(InputError, match="part of the .ckpt format only"):
        merge(base, [adapter], out, "safetensors", checksum=True)
    with pytest.raises(InputError, match="is of step 3 like"):
        merge(base, [adapter, adapter.parent / "." / "step_3"], out)
    with pytest.raises(InputError, match="cannot be read"):
        merge(base, [tmp_path / "nowhere"], out)


@pytest.mark.mindspore
@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"checksum": True}, {"file_format": "safetensors"}], ids=["ckpt", "crc", "st"])
def test_mindspore_loads_every_merged_file(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    import mindspore

    monkeypatch.setattr(mindspore_ckpt, "SLICE_BYTES", 3000)
    base = make_base("bfloat16")
    adapters = [make_adapter(base, step, targets="w") for step in (1, 2)]
    for manifest in merge(base, adapters, tmp_path / "out", **options):
        path = tmp_path / "out" / manifest["file"]
        loaded = mindspore.load_checkpoint(str(path), format=manifest["format"], crc_check=manifest["crc"])
        with open_tensors(path) as tensors:
            assert set(loaded) == set(tensors)
            for name in tensors:
                values = known_type(loaded[name].asnumpy())
                assert (values.shape, values.tobytes()) == (tensors[name].shape, tensors.read(name).tobytes())


def test_command_prints_json_only(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base()
    adapters = [str(make_adapter(base, step)) for step in (1, 2)]
    arguments = ["merge", "--base", str(base), "--adapter", *adapters, "--out", str(tmp_path / "out"), "--json"]
    done = subprocess.run([sys.executable, "-m", "ckpt_tools", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [manifest["file"] for manifest in json.loads(done.stdout)["checkpoints"]] == ["step_1.ckpt", "step_2.ckpt"]
    wrong = subprocess.run(
        [sys.executable, str(ROOT / "ckpt_tools/merge.py"), *arguments[1:2], adapters[0], *arguments[3:]],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert wrong.stderr.startswith("error: ")
    assert "Traceback" not in wrong.stderr
