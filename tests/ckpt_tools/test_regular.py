"""Descriptions and logs that might not end, such as pipes and devices, are refused at once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ckpt_tools.conversion.model_settings import hf_settings
from ckpt_tools.counting.counts import count_log
from ckpt_tools.formats import regular
from ckpt_tools.formats.regular import read_regular_json
from ckpt_tools.formats.sources import open_source
from ckpt_tools.merging.adapter import read_info
from core.errors import InputError


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("adapter.json", lambda path: read_info(path.parent)),
        ("config.json", hf_settings),
        ("model.safetensors.index.json", open_source),
        ("pytorch_model.bin.index.json", open_source),
        ("worker_0.log", count_log),
    ],
)
def test_what_might_not_end_is_refused(tmp_path: Path, name: str, read: Callable[[Path], Any]) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    with pytest.raises(InputError, match=f"{name}: is not a regular file"):
        read(path)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match=f"{name}: is not a regular file"):
        read(path)


def test_a_description_is_of_a_sensible_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.json").write_text("[1]")
    assert read_regular_json(tmp_path / "a.json") == [1]
    monkeypatch.setattr(regular, "_MAX_JSON", 2)
    with pytest.raises(InputError, match="more than 2 bytes"):
        read_regular_json(tmp_path / "a.json")
