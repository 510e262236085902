"""What a user gets for wrong input to the main job: one sentence, exit code 2, nothing left behind."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.pipeline.conftest import main_job


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "KIT_LOGS": str(tmp_path / "logs")}


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--contest", "maths"], "unknown contest 'maths'"),
        (["train.epoch=3"], "did you mean 'train.epochs'"),
        (["data.train=absent.jsonl", "data.squad=absent.json"], "absent.jsonl is not a file; data.squad"),
        (["--contest", "math_llama3"], "data.train is not set"),
        (["--run", "nowhere"], "is not a run folder"),
    ],
)
def test_one_sentence_and_nothing_left(environment: dict[str, str], words: list[str], part: str) -> None:
    done = main_job(environment, *words, timeout=60)
    assert done.returncode == 2
    assert part in done.stderr
    assert done.stderr.count("error:") == 1
    assert "Traceback" not in done.stderr
    assert not Path(environment["KIT_LOGS"]).exists()


def test_a_base_in_several_files_is_refused_before_training(environment: dict[str, str], tmp_path: Path) -> None:
    index = tmp_path / "model.safetensors.index.json"
    index.write_text("{}")
    done = main_job(environment, f"model.checkpoint={index}", timeout=60)
    assert done.returncode == 2
    assert "training takes its base as one file" in done.stderr
    assert not Path(environment["KIT_LOGS"]).exists()


def test_a_port_in_use_is_said_before_anything_starts(environment: dict[str, str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = main_job(environment, f"machine.master_port={port}", timeout=60)
    assert done.returncode == 2
    assert f"port {port} is in use" in done.stderr
    assert not Path(environment["KIT_LOGS"]).exists()


def test_a_malformed_line_is_named_and_leaves_no_run(environment: dict[str, str], tmp_path: Path) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text('{"problem": "计算 1 + 1 等于多少？", "solution": "2"}\n{"problem": \n', encoding="utf-8")
    done = main_job(environment, f"data.train={corpus}", timeout=60)
    assert done.returncode == 2
    assert f"{corpus}:2: malformed JSON" in done.stderr
    assert list(Path(environment["KIT_LOGS"]).iterdir()) == []


def test_a_base_model_of_another_shape_is_refused_before_training(environment: dict[str, str]) -> None:
    done = main_job(environment, "model.num_layers=5", timeout=60)
    assert done.returncode == 2
    assert "does not fit model practice: model.layers.4" in done.stderr
    assert not Path(environment["KIT_LOGS"]).exists()
