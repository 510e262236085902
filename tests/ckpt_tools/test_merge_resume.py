"""A merge that was stopped is gone on with, to the same bytes; what does not belong to it is never mixed in."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ckpt_tools import merge as merging
from ckpt_tools.formats import checked_file
from ckpt_tools.formats.tensor_file import DiskError, TensorFile
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.merging.adapter import DESCRIPTION, TENSORS
from core.errors import InputError
from core.files import sha256_file

# Each of them merges several times, and is killed in between.
pytestmark = pytest.mark.slow

ROOT = Path(merging.__file__).resolve().parent.parent
Make = Callable[..., Path]
FORMATS: dict[str, dict[str, Any]] = {
    "ckpt": {"file_format": "ckpt"},
    "crc": {"file_format": "ckpt", "checksum": True},
    "safetensors": {"file_format": "safetensors"},
    "sharded": {"file_format": "safetensors", "shard_size": 40_000},
}


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Stop:
    """Ends a merge as a kill would, in the middle of its write number `count`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
        self.left, self.write = count, os.pwrite
        monkeypatch.setattr(os, "pwrite", self)

    def __call__(self, descriptor: int, data: Any, offset: int) -> int:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        if self.left == 0:
            self.write(descriptor, data[: len(data) // 2 // 4096 * 4096], offset)
            raise KeyboardInterrupt
        return self.write(descriptor, data, offset)


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int, *arguments: Any, **options: Any) -> bool:
    """Merge, stopped at write number `count`; tell whether it was (and not at its end before)."""
    with monkeypatch.context() as patch:
        patch.setattr(checked_file, "_BLOCK", 8192)
        Stop(patch, count)
        try:
            merge(*arguments, **options)
        except KeyboardInterrupt:
            return True
    return False


@pytest.mark.parametrize("kind", FORMATS)
def test_stopped_at_any_write(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    base = make_base(changes={"empty": np.empty((0, 3), np.float32), "steps": np.array(3, np.int64)})
    adapters = [make_adapter(base, 1), make_adapter(base, 2, targets="w")]
    merge(base, adapters, tmp_path / "calm", **FORMATS[kind])
    wanted = content(tmp_path / "calm")
    stops = 0
    for count in range(1, 1000, 7):
        out = tmp_path / f"out_{count}"
        if not stop_after(monkeypatch, count, base, adapters, out, **FORMATS[kind]):
            break
        stops += 1
        assert all(path.name.startswith(".step_") for path in out.iterdir())
        merge(base, adapters, out, **FORMATS[kind])
        assert content(out) == wanted
    assert stops > 5


def test_stopped_again_and_again(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    base, out = make_base(), tmp_path / "out"
    adapters = [make_adapter(base, 1), make_adapter(base, 2)]
    merge(base, adapters, tmp_path / "calm")
    stops = 0
    while stop_after(monkeypatch, 9, base, adapters, out):
        stops += 1
        assert stops < 100
    assert stops > 3
    assert "resuming after" in capsys.readouterr().err
    assert content(out) == content(tmp_path / "calm")


def _alpha(adapter: Path) -> None:
    description = json.loads((adapter / DESCRIPTION).read_text())
    (adapter / DESCRIPTION).write_text(json.dumps(description | {"alpha": 3}))


def _tensors(adapter: Path) -> None:
    with open_tensors(adapter / TENSORS) as tensors:
        arrays = {name: tensors.read(name) for name in tensors}
    write_tensors(adapter / TENSORS, {name: values * np.float32(1.5) for name, values in arrays.items()})


def _nothing(adapter: Path) -> None:
    return


@pytest.mark.parametrize(
    ("change", "options", "goes_on"),
    [
        (_nothing, {}, True),
        (_alpha, {}, False),
        (_tensors, {}, False),
        (_nothing, {"dtype": "float16"}, False),
        (_nothing, {"checksum": True}, False),
        (_nothing, {"file_format": "safetensors"}, False),
        (_nothing, {"file_format": "safetensors", "shard_size": 50_000}, False),
        (_nothing, {"force": True}, False),
    ],
)
def test_other_inputs_are_never_mixed(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], change: Callable[[Path], None], options: dict[str, Any], goes_on: bool,
) -> None:  # fmt: skip
    base, out = make_base(), tmp_path / "out"
    adapter = make_adapter(base, 1)
    assert stop_after(monkeypatch, 15, base, [adapter], out)
    capsys.readouterr()
    change(adapter)
    merge(base, [adapter], out, **options)
    assert ("resuming after" in capsys.readouterr().err) is goes_on
    merge(base, [adapter], tmp_path / "calm", **options)
    assert content(out) == content(tmp_path / "calm")


def test_another_base_is_never_mixed(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    base, out = make_base(), tmp_path / "out"
    adapter = make_adapter(base, 1)
    assert stop_after(monkeypatch, 15, base, [adapter], out)
    make_base(changes={"model.norm_out.weight": np.zeros(64, np.float32)})
    with pytest.raises(InputError, match="another base"):
        merge(base, [adapter], out)
    make_adapter(base, 1)  # trained on the new one
    merge(base, [adapter], out)
    assert "going on" not in capsys.readouterr().err
    merge(base, [adapter], tmp_path / "calm")
    assert content(out) == content(tmp_path / "calm")


def test_a_disk_that_became_too_small_keeps_what_is_done(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    base, out = make_base(), tmp_path / "out"
    adapter = make_adapter(base, 1)
    assert stop_after(monkeypatch, 15, base, [adapter], out)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
        with pytest.raises(InputError, match="merged checkpoints need"):
            merge(base, [adapter], out)
    merge(base, [adapter], out)
    assert "resuming after" in capsys.readouterr().err


def test_a_base_that_cannot_be_read_for_a_while(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    base, out = make_base(), tmp_path / "out"
    adapter = make_adapter(base, 1)
    read, left = TensorFile._pread, [18]

    def failing(self: TensorFile, file: int, offset: int, target: memoryview) -> None:
        left[0] -= 1
        if left[0] < 0 and self.path == base:
            raise DiskError(f"{self.path}: cannot be read (Input/output error)")
        read(self, file, offset, target)

    with monkeypatch.context() as patch:
        patch.setattr(checked_file, "_BLOCK", 8192)
        patch.setattr(TensorFile, "_pread", failing)
        with pytest.raises(InputError, match="run the command again to go on"):
            merge(base, [adapter], out)
    merge(base, [adapter], out)
    assert "resuming after" in capsys.readouterr().err


def _flip(path: Path, share: float) -> None:
    with path.open("r+b") as stream:
        stream.seek(int(path.stat().st_size * share))
        byte = stream.read(1)
        stream.seek(-1, os.SEEK_CUR)
        stream.write(bytes([byte[0] ^ 255]))


def _cut(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))


def _line_instead(path: Path, text: str) -> None:
    lines = path.read_text().splitlines()
    lines[3] = text
    path.write_text("\n".join(lines) + "\n")


def _other_line(path: Path) -> None:
    lines = path.read_text().splitlines()
    lines[3], lines[4] = lines[4], lines[3]
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("step_1.ckpt", lambda path: _flip(path, 0.1)),
        ("step_1.ckpt", lambda path: _flip(path, 0.9)),
        ("step_1.ckpt", lambda path: _cut(path, 0.5)),
        ("step_1.ckpt", lambda path: path.unlink()),
        ("journal.jsonl", lambda path: _flip(path, 0.5)),
        ("journal.jsonl", lambda path: _cut(path, 0.5)),
        ("journal.jsonl", lambda path: _cut(path, 0.0)),
        ("journal.jsonl", _other_line),
        ("journal.jsonl", lambda path: path.unlink()),
        ("journal.jsonl", lambda path: _line_instead(path, "3")),
        ("journal.jsonl", lambda path: _line_instead(path, '{"name": "lm_head.weight"}')),
    ],
)
def test_what_was_damaged_meanwhile_is_done_again(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch,
    name: str, damage: Callable[[Path], None],
) -> None:  # fmt: skip
    base, out = make_base(), tmp_path / "out"
    adapter = make_adapter(base, 1)
    assert stop_after(monkeypatch, 20, base, [adapter], out)
    damage(out / ".step_1.partial" / name)
    merge(base, [adapter], out)
    merge(base, [adapter], tmp_path / "calm")
    assert content(out) == content(tmp_path / "calm")


@pytest.mark.parametrize("kind", FORMATS)
def test_stopped_while_results_get_their_names(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    base = make_base()
    adapters = [make_adapter(base, 1), make_adapter(base, 2)]
    merge(base, adapters, tmp_path / "calm", **FORMATS[kind])
    rename, stops = os.replace, 0
    for count in range(100):
        out, left = tmp_path / f"out_{count}", [count]
        merge(base, adapters[:1], out, dtype="float16", **FORMATS[kind])  # an older result of the same name

        def stopping(old: Any, new: Any, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            rename(old, new)

        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", stopping)
            try:
                merge(base, adapters, out, **FORMATS[kind])
            except KeyboardInterrupt:
                stops += 1
        merge(base, adapters, out, **FORMATS[kind])
        assert content(out) == content(tmp_path / "calm")
        shutil.rmtree(out)
        if left[0] > 0:
            break
    assert stops > 5


def test_stopped_while_what_is_left_is_removed(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_base()
    adapter = make_adapter(base, 1)
    merge(base, [adapter], tmp_path / "out", dtype="float16", **FORMATS["sharded"])  # is replaced, then removed
    merge(base, [adapter], tmp_path / "calm", **FORMATS["sharded"])

    def stop(path: Path, *_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", stop)
        with pytest.raises(KeyboardInterrupt):
            merge(base, [adapter], tmp_path / "out", **FORMATS["sharded"])
    assert (tmp_path / "out" / ".step_1.partial" / "replaced").is_dir()
    merge(base, [adapter], tmp_path / "out", **FORMATS["sharded"])
    assert content(tmp_path / "out") == content(tmp_path / "calm")


def test_killed_at_random_moments(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    noise = np.random.default_rng(0)
    large = {f"model.extra.{i}.weight": noise.standard_normal((1024, 4096)).astype(np.float32) for i in range(12)}
    base = make_base(changes=large)
    adapters = [make_adapter(base, step) for step in (1, 2, 3)]
    wanted = [manifest["sha256"] for manifest in merge(base, adapters, tmp_path / "calm")]
    out = tmp_path / "out"
    command = [sys.executable, str(ROOT / "ckpt_tools/merge.py"), "--base", str(base), "--out", str(out), "--adapter"]
    command += map(str, adapters)
    moments, killed = random.Random(4), 0
    for _ in range(8):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        while process.poll() is None and not list(out.glob(".step_*.partial/journal.jsonl")):
            time.sleep(0.005)
        time.sleep(moments.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        for path in out.glob("step_*.ckpt"):
            assert sha256_file(path) in wanted  # whole or absent
    assert killed
    result = subprocess.run([*command, "--json"], check=True, capture_output=True)
    assert [manifest["sha256"] for manifest in json.loads(result.stdout)["checkpoints"]] == wanted
    assert content(out) == content(tmp_path / "calm")
