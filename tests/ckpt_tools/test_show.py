"""Showing a checkpoint, and the room's one door."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ckpt_tools import __main__ as door
from ckpt_tools import show
from ckpt_tools.layout import TensorInfo
from ckpt_tools.tensors import tensor_layout, write_tensors
from core.errors import run_command


def test_json_and_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.safetensors"
    write_tensors(path, {"w": np.zeros((2, 3), np.float16), "n": np.array(1, np.int64)}, {"note": "第一轮"})
    assert run_command(show.main, [str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "file": str(path),
        "format": "safetensors",
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


@pytest.mark.parametrize("file_format", ["ckpt", "safetensors"])
def test_sixteen_gigabytes_are_shown_at_once(tmp_path: Path, file_format: str) -> None:
    infos = [TensorInfo(f"model.layers.{i}.weight", "float32", (32768, 4096)) for i in range(32)]
    layout = tensor_layout(file_format, infos)
    path = tmp_path / f"large.{file_format}"
    with path.open("wb") as out:  # sparse: only the headers take place
        for part in layout.parts:
            out.write(part.header)
            out.seek(part.length, 1)
        out.truncate(layout.size)
    shown = show.describe(path)
    assert shown["bytes"] == 32 * 32768 * 4096 * 4
    assert shown["count"] == 32


def test_the_door(make_base: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(door.main, []) == 0
    assert all(name in capsys.readouterr().out for name in ("merge",))
    assert run_command(door.main, ["show", str(make_base()), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["format"] == "ckpt"
    assert run_command(door.main, ["mege"]) == 2
    assert "unknown command 'mege'" in capsys.readouterr().err
