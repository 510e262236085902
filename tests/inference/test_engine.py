from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import InputError
from inference.engine import Completion, ScriptedEngine, cut_at_stop
from inference.mindformers_ascend import AscendEngine, ascend_devices, generation_settings


def test_the_earliest_stop_string_cuts() -> None:
    assert cut_at_stop("one two three two", ["three", "two"]) == "one "
    assert cut_at_stop("one two", ["", "four"]) == "one two"


def test_scripted_engine_keeps_order_limits_and_stop() -> None:
    engine = ScriptedEngine({"a": "w x y z", "b": "stop here"}, {("a", "w"): -0.5})
    seen: list[tuple[int, Completion]] = []
    answers = engine.generate(["b", "a"], 3, stop=[" here"], on_done=lambda *done: seen.append(done))
    assert [answer.text for answer in answers] == ["stop", "w x y"]
    assert [index for index, _ in seen] == [0, 1]
    assert engine.loglikelihood(["a", "a"], ["w", "?"]) == [-0.5, float("-inf")]


@pytest.mark.skipif(ascend_devices() > 0, reason="this machine has an NPU")
def test_without_an_npu_the_ascend_engine_says_so() -> None:
    with pytest.raises(InputError, match="no Ascend NPU"):
        AscendEngine({}, Path("base.ckpt"), None)  # type: ignore[arg-type]


def test_ascend_settings_use_the_cache_and_hold_every_position() -> None:
    settings = generation_settings({"num_layers": 2}, batch_size=64, max_length=1000)
    assert settings["use_past"] is True
    assert settings["num_layers"] == 2
    assert settings["num_blocks"] * settings["block_size"] >= 64 * 1000


def test_importing_the_room_imports_no_mindspore() -> None:
    modules = "engine, ledger, predict, http, mindspore_cpu, mindformers_ascend, llama_weights"
    code = f"import sys; from inference import {modules}; assert not {{'mindspore', 'numpy'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[2], check=True, timeout=60)
