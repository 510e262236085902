"""Merging: the figures, the proof, what is refused, what is done again and what is not."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools import merge as merging
from ckpt_tools import mindspore_ckpt
from ckpt_tools.adapter import DESCRIPTION, TENSORS, open_adapter
from ckpt_tools.arithmetic import PairSum, all_finite
from ckpt_tools.layout import DTYPES
from ckpt_tools.merge import merge
from ckpt_tools.tensors import open_tensors, write_tensors
from core.errors import GateError, InputError
from core.files import sha256_file

ROOT = Path(merging.__file__).resolve().parent.parent
Make = Callable[..., Path]
WQ = "model.layers.0.attention.wq.weight"


def expected(base: Path, adapter: Path, weight: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return W and W' of one weight in float64, from the definition."""
    with open_tensors(base) as tensors, open_adapter(adapter) as opened:
        w = tensors.read(weight).astype(np.float64)
        if weight not in opened.pairs:
            return w, w
        a, b = (part.astype(np.float64) for part in opened.read(weight))
        return w, w + opened.info.alpha / opened.info.rank * (b @ a)


@pytest.mark.parametrize("file_format", ["ckpt", "safetensors"])
@pytest.mark.parametrize("base_format", [".ckpt", ".safetensors"])
def test_five_adapters_are_merged(
    tmp_path: Path, make_base: Make, make_adapter: Make, file_format: str, base_format: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(merging, "_BLOCK_ENTRIES", 1000)  # several blocks a tensor, the last one smaller
    monkeypatch.setattr(mindspore_ckpt, "SLICE_BYTES", 3000)
    base = make_base(suffix=base_format)
    adapters = [make_adapter(base, step, targets="w[qv]" if step < 50 else "w") for step in (10, 20, 30, 40, 50)]
    ledgers = merge(base, adapters, tmp_path / "out", file_format)
    assert [ledger["step"] for ledger in ledgers] == [10, 20, 30, 40, 50]
    names = {f"step_{step}.{kind}" for step in (10, 20, 30, 40, 50) for kind in (file_format, "json")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    for adapter, ledger in zip(adapters, ledgers, strict=True):
        path = tmp_path / "out" / ledger["file"]
        assert json.loads((tmp_path / "out" / f"step_{ledger['step']}.json").read_text()) == ledger
        assert ledger["sha256"] == sha256_file(path)
        assert ledger["size"] == path.stat().st_size
        assert ledger["base_sha256"] == sha256_file(base)
        assert ledger["adapter_sha256"] == sha256_file(adapter / TENSORS)
        assert (ledger["scaling"], ledger["format"], ledger["dtype"]) == (2.0, file_format, "keep")
        assert ledger["finite"] is True
        merged = {entry["name"]: entry for entry in ledger["merged"]}
        with open_tensors(path) as tensors, open_tensors(base) as original:
            assert set(tensors) == set(original)
            same = 0
            for name in tensors:
                w, wanted = expected(base, adapter, name)
                got = tensors.read(name)
                assert tensors[name].dtype == "float32"
                assert np.abs(got - wanted).max() <= 1e-6
                if name in merged:
                    assert merged[name]["max_delta"] == pytest.approx(np.abs(wanted - w).max(), rel=1e-5)
                    assert 0 < merged[name]["max_error"] < 1e-4
                else:
                    assert np.array_equal(got, w)
                    same += 1
        assert len(merged) == (14 if ledger["step"] == 50 else 4)
        assert ledger["untouched"] == {"count": same, "identical": same, "converted": 0}


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("base_dtype", ["float32", "float16", "bfloat16", "float64"])
def test_the_sum_is_taken_wide_and_rounded_once(
    tmp_path: Path, make_base: Make, make_adapter: Make, base_dtype: str, dtype: str
) -> None:
    base = make_base(base_dtype, ".safetensors", {"steps": np.array(3, np.int64)})
    adapter = make_adapter(base, 5, size=1e-3)
    (ledger,) = merge(base, [adapter], tmp_path / "out", "safetensors", dtype)
    with open_tensors(tmp_path / "out" / ledger["file"]) as tensors:
        w, wanted = expected(base, adapter, WQ)
        got = tensors.read(WQ)
        assert tensors["steps"].dtype == "int64"
        assert tensors["model.norm_out.weight"].dtype == dtype
    assert got.dtype == DTYPES[dtype]
    # Float32 sums may fall to the other side of a rounding step, never further.
    nearest = wanted.astype(np.float32).astype(DTYPES[dtype])
    assert np.mean(nearest == got) > (0.99 if dtype != "float32" else 0.5)
    entry = next(entry for entry in ledger["merged"] if entry["name"] == WQ)
    unmoved = np.mean(got == w.astype(DTYPES[dtype]))
    assert entry["absorbed"] == pytest.approx(unmoved, abs=1e-12)
    least, most = {"float32": (0, 1e-3), "float16": (1e-3, 0.05), "bfloat16": (0.005, 0.2)}[dtype]
    assert least <= entry["absorbed"] <= most
    untouched = ledger["untouched"]
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


@pytest.mark.slow
def test_killed_and_started_again_gives_the_same_bytes(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    random = np.random.default_rng(0)
    large = {f"model.extra.{i}.weight": random.standard_normal((512, 4096)).astype(np.float32) for i in range(12)}
    base = make_base(changes=large)
    adapters = [make_adapter(base, step) for step in (1, 2)]
    wanted = [ledger["sha256"] for ledger in merge(base, adapters, tmp_path / "calm")]
    out = tmp_path / "out"
    command = [sys.executable, str(ROOT / "ckpt_tools/merge.py"), "--base", str(base), "--out", str(out), "--adapter"]
    killed = 0
    for wait in (0.05, 0.1, 0.15, 0.2):
        process = subprocess.Popen(
            [*command, *map(str, adapters)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        for _ in range(1000):
            if process.poll() is not None or list(out.glob(".step_*.partial")):
                break
            time.sleep(0.005)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        for path in out.glob("step_*.ckpt"):
            assert sha256_file(path) in wanted  # whole or absent
    assert killed
    result = subprocess.run([*command, *map(str, adapters), "--json"], check=True, capture_output=True)
    assert [ledger["sha256"] for ledger in json.loads(result.stdout)["checkpoints"]] == wanted
    assert sorted(path.name for path in out.iterdir()) == ["step_1.ckpt", "step_1.json", "step_2.ckpt", "step_2.json"]


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
        (rename(A, "model.layers.0.attention.wq.weight"), "no half of a LoRA pair"),
        (both(rename(A, A.replace("wq", "wk")), rename(B, B.replace("wq", "wk"))), "do not name it"),
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
        ("alpha", "8", "alpha is '8'"),
        ("method", "dora", "unknown method 'dora'"),
        ("targets", "*.wv", "no regular expression"),
        ("step", -1, "step is -1"),
        ("schema", 2, "schema 2"),
        ("base_sha256", "abc", "no sha256"),
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


def test_wrong_calls_are_refused(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base()
    adapter = make_adapter(base, 3)
    out = tmp_path / "out"
    with pytest.raises(InputError, match="no adapter"):
        merge(base, [], out)
    with pytest.raises(InputError, match="format 'zip'"):
        merge(base, [adapter], out, "zip")
    with pytest.raises(InputError, match="is of step 3 like"):
        merge(base, [adapter, adapter.parent / "." / "step_3"], out)
    with pytest.raises(InputError, match="cannot be read"):
        merge(base, [tmp_path / "nowhere"], out)
    out.mkdir()
    (tmp_path / "elsewhere").write_text("precious")
    (out / "step_3.ckpt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="symbolic link"):
        merge(base, [adapter], out)
    assert (tmp_path / "elsewhere").read_text() == "precious"
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        merge(base, [adapter], tmp_path / "file")


def test_a_disk_too_small_is_found_before_the_first_byte(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_base()
    adapters = [make_adapter(base, 1), make_adapter(base, 2)]
    size = merge(base, adapters[:1], tmp_path / "probe")[0]["size"]
    for free, fits in ((2 * size - 1, False), (2 * size, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Free(free))
        if fits:
            assert len(merge(base, adapters, tmp_path / "out")) == 2
        else:
            with pytest.raises(InputError, match="2 merged checkpoints need"):
                merge(base, adapters, tmp_path / "out")
            assert not list((tmp_path / "out").iterdir())


class Free:
    """What `shutil.disk_usage` returns, as far as it is looked at."""

    def __init__(self, free: int) -> None:
        self.free = free


def test_a_disk_that_fills_up_leaves_nothing(make_base: Make, make_adapter: Make) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    from ckpt_tools.layout import TensorInfo, TensorWriter
    from ckpt_tools.tensors import tensor_layout

    layout = tensor_layout("ckpt", [TensorInfo("w", "float32", (1 << 20,))])
    with pytest.raises(InputError, match="No space left"), TensorWriter(Path("/dev/full"), layout) as writer:
        writer.write("w", np.ones(1 << 20, np.float32))


def test_the_numeric_check_finds_a_wrong_sum() -> None:
    random = np.random.default_rng(0)
    w, a, b = (random.standard_normal(shape).astype(np.float32) for shape in ((30, 50), (4, 50), (30, 4)))
    for dtype in ("float32", "float16", "bfloat16"):
        right = PairSum(a, b, 0.5, dtype, random.standard_normal(50))
        right.add(w, 0)
        assert 0 < right.worst < 1
        wrong = PairSum(a, b, 0.5, dtype, right.x)
        wrong.scaling = 1.0  # what a merge that forgets alpha / rank does
        result = wrong.add(w, 0)
        wrong.scaling = 0.5
        wrong._check(w, b, result)
        assert wrong.worst > 10


def test_a_failed_check_stops_the_merge(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_base()
    adapter = make_adapter(base, 3)
    add = PairSum.add

    def defective(self: PairSum, block: np.ndarray[Any, Any], start: int) -> np.ndarray[Any, Any]:
        self.b[0] *= np.float32(1.5 if start == 0 else 1)
        self._ax = self._ax.copy()
        self._ax[0] += 1
        return add(self, block, start)

    monkeypatch.setattr(PairSum, "add", defective)
    with pytest.raises(GateError, match="fails the numeric check"):
        merge(base, [adapter], tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_finiteness_is_seen_in_every_type() -> None:
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        for bad in (np.nan, np.inf, -np.inf):
            values = np.ones(9).astype(DTYPES[dtype])
            assert all_finite(values, dtype)
            values[4] = bad
            assert not all_finite(values, dtype)
    assert all_finite(np.array([np.finfo(np.float32).max, -0.0, 1e-45], np.float32), "float32")


def test_command_prints_json_only(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base()
    adapters = [str(make_adapter(base, step)) for step in (1, 2)]
    arguments = ["merge", "--base", str(base), "--adapter", *adapters, "--out", str(tmp_path / "out"), "--json"]
    done = subprocess.run([sys.executable, "-m", "ckpt_tools", *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [ledger["file"] for ledger in json.loads(done.stdout)["checkpoints"]] == ["step_1.ckpt", "step_2.ckpt"]
    wrong = subprocess.run(
        [sys.executable, str(ROOT / "ckpt_tools/merge.py"), *arguments[1:2], adapters[0], *arguments[3:]],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert wrong.stderr.startswith("error: ")
    assert "Traceback" not in wrong.stderr
