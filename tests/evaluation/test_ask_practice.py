"""The real command with the real practice model: five checkpoints in one call, killed and continued."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ckpt_tools.formats.tensors import open_tensors, write_tensors
from core.config import load_contest
from core.run_folder import RunFolder, new_run
from core.text.records import write_records
from data_convert.practice import reading

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.mindspore, pytest.mark.slow]


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run with five checkpoints: the base, each with another scale of its head."""
    folder = new_run(load_contest("practice_math"), tmp_path)
    write_records(folder.data / "squad.jsonl", reading.records(120, 9))
    folder.checkpoints.mkdir()
    with open_tensors(ROOT / "assets/practice/base.ckpt") as stored:
        tensors = {name: stored.read(name).astype(np.float32) for name in stored}
    for number in range(1, 6):
        changed = {**tensors, "lm_head.weight": np.roll(tensors["lm_head.weight"], number * (number > 3), axis=1)}
        write_tensors(folder.checkpoints / f"step_{number}.ckpt", changed)
    return folder


def texts(run: RunFolder) -> dict[str, dict[str, str]]:
    found = {}
    for path in sorted(run.predictions.glob("squad_*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        found[path.stem] = {row["id"]: row["text"] for row in rows}
        assert len(found[path.stem]) == len(rows)
    return found


def test_five_checkpoints_killed_and_continued_answer_as_if_nothing_had_happened(run: RunFolder) -> None:
    line = [sys.executable, str(ROOT / "eval_squad/run.py"), "--run", str(run.path), "--ckpt", "all", "--json"]
    whole = json.loads(subprocess.run(line, capture_output=True, check=True, timeout=300).stdout)
    expected = texts(run)
    assert len(expected) == 6
    assert {len(rows) for rows in expected.values()} == {120}
    assert expected["squad_step_1"] == expected["squad_base"] != expected["squad_step_5"]

    shutil.rmtree(run.predictions)
    shutil.rmtree(run.results)
    for wanted in ("base", "step_4"):
        # Killed as soon as the checkpoint has a first answer.
        with subprocess.Popen(line, stdout=subprocess.DEVNULL, env=os.environ) as process:
            path, deadline = run.predictions / f"squad_{wanted}.jsonl", time.monotonic() + 120
            while not (path.is_file() and path.stat().st_size):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
    assert len(texts(run)["squad_step_4"]) > 0
    again = json.loads(subprocess.run(line, capture_output=True, check=True, timeout=300).stdout)
    assert texts(run) == expected
    assert not list(run.predictions.glob("*.old-*"))
    for name, result in again["checkpoints"].items():
        assert result["contest"] == whole["checkpoints"][name]["contest"]
