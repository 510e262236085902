"""Showing a checkpoint, and the room's one door."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ckpt_tools import __main__ as door
from ckpt_tools import show
from ckpt_tools.formats.sharded import index_text, shard_layouts
from ckpt_tools.formats.tensor_file import Layout, TensorInfo
from ckpt_tools.formats.tensors import TensorWriter, tensor_layout, write_tensors
from core.errors import run_command

ROOT = Path(show.__file__).resolve().parent.parent


def test_json_and_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.safetensors"
    write_tensors(path, {"w": np.zeros((2, 3), np.float16), "n": np.array(1, np.int64)}, {"note": "第一轮"})
    assert run_command(show.main, [str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "file": str(path),
        "format": "safetensors",
        "crc": None,
        "metadata": {"note": "第一轮"},
        "tensors": [
            {"name": "n", "dtype": "int64", "shape": [], "bytes": 8},
            {"name": "w", "dtype": "float16", "shape": [2, 3], "bytes": 12},
        ],
        "count": 2,
        "parameters": 7,
        "bytes": 20,
    }
    assert run_command(show.main, [str(path)]) == 0
    table = capsys.readouterr().out
    assert "[2, 3]" in table
    assert "第一轮" in table
    assert "2 tensors, 7 entries, 20 bytes" in table


def sparse(path: Path, layout: Layout) -> None:
    """Write the headers of a file alone; the contents take no place on the disk."""
    with path.open("wb") as out:
        for part in layout.parts:
            out.write(part.header)
            out.seek(part.length, 1)
        out.truncate(layout.size)


@pytest.mark.parametrize("file_format", ["ckpt", "safetensors", "sharded"])
def test_sixteen_gigabytes_are_shown_at_once(tmp_path: Path, file_format: str) -> None:
    infos = [TensorInfo(f"model.layers.{i}.weight", "bfloat16", (65536, 4096)) for i in range(32)]
    path = tmp_path / f"large.{file_format}"
    if file_format == "sharded":
        layouts = shard_layouts(infos, 5 * 10**9)
        assert len(layouts) == 4
        path = tmp_path / "model.safetensors.index.json"
        path.write_text(index_text(layouts))
        for name, layout in layouts.items():
            sparse(tmp_path / name, layout)
    else:
        sparse(path, tensor_layout(file_format, infos))
    code = (
        "import re, sys; from ckpt_tools import show; shown = show.describe(show.Path(sys.argv[1])); "
        "status = open('/proc/self/status').read(); "
        "print(shown['bytes'], shown['count'], re.search(r'VmHWM:\\s+(\\d+)', status)[1])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
    size, count, memory = map(int, done.stdout.split())
    assert (size, count) == (32 * 65536 * 4096 * 2, 32)
    assert memory < 200_000  # kB: the contents are not read


def test_checked_contents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.ckpt"
    layout = tensor_layout("ckpt", [TensorInfo("w", "float32", (3,))], checksum=True)
    for values, what in (([1, 2, 3], ""), ([1, np.nan, 3], "'w' holds NaN or infinity")):
        with TensorWriter(path, layout) as writer:
            writer.write("w", np.array(values, np.float32))
            writer.finish()
        assert run_command(show.main, [str(path), "--check"]) == (3 if what else 0)
        shown = capsys.readouterr()
        assert what in shown.err if what else "all finite, crc32 as stated" in shown.out
    damaged = bytearray(path.read_bytes())
    damaged[-20] ^= 1
    path.write_bytes(damaged)
    assert run_command(show.main, [str(path)]) == 0
    assert run_command(show.main, [str(path), "--check"]) == 3
    assert "does not have the crc32 that it states" in capsys.readouterr().err


def test_names_do_not_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tensors(tmp_path / "a.safetensors", {"w\x1b[2J\n": np.ones(1)}, {"key": "\x07"})
    assert run_command(show.main, [str(tmp_path / "a.safetensors")]) == 0
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "w\\x1b[2J" in shown


def test_the_door(make_base: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(door.main, []) == 0
    assert all(name in capsys.readouterr().out for name in ("merge",))
    assert run_command(door.main, ["show", str(make_base()), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["format"] == "ckpt"
    assert run_command(door.main, ["mege"]) == 2
    assert "unknown command 'mege'" in capsys.readouterr().err
