"""A job that is killed, or loses a worker: it says so, leaves nothing behind, and goes on when it is started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.places import ROOT
from core.run_folder import find_run
from tests.pipeline.conftest import free_port
from tests.processes import descendants, job, left, worker

pytestmark = [pytest.mark.slow, pytest.mark.mindspore, pytest.mark.timeout(900)]


def test_a_killed_worker_is_one_sentence_and_the_job_goes_on_when_started_again(tmp_path: Path) -> None:
    environment = {**os.environ, "KIT_LOGS": str(tmp_path)}
    settings = [
        "data.records=320",
        "data.retention_records=0",
        "data.test_records=10",
        "data.squad_records=10",
        "train.epochs=20",
        "submission.checkpoints=manifest",
        f"machine.master_port={free_port()}",
    ]
    command = [sys.executable, "pipeline/job.py", *settings]
    with job(command, ROOT, environment) as process:
        _training(process, tmp_path).kill()
        _, news = process.communicate(timeout=180)
    assert process.returncode == 1
    assert "error: training stopped" in news
    assert "Traceback" not in news
    run = find_run(str(tmp_path / "latest"))
    assert run.finished("convert")
    assert not run.finished("train")
    assert not (run.results / "ratio.json").exists()
    with job(command, ROOT, environment) as again:
        _training(again, tmp_path)
        started = descendants(again.pid)
        again.send_signal(signal.SIGINT)
        _, news = again.communicate(timeout=120)
    assert not left(started, seconds=60)
    assert "convert: done before" in news
    assert again.returncode == 130
    assert len(list(tmp_path.glob("practice_math-*"))) == 1


@pytest.mark.parametrize("sign", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.release)])
def test_nothing_goes_on_when_the_job_is_killed(tmp_path: Path, sign: signal.Signals) -> None:
    environment = {**os.environ, "KIT_LOGS": str(tmp_path)}
    settings = ["data.records=320", "train.epochs=50", f"machine.master_port={free_port()}"]
    with job([sys.executable, "pipeline/job.py", *settings], ROOT, environment) as process:
        _training(process, tmp_path)
        started = descendants(process.pid)
        process.send_signal(sign)
        process.communicate(timeout=60)
    assert len(started) > 2
    assert not left(started, seconds=60)


def _training(job: subprocess.Popen[Any], logs: Path) -> psutil.Process:
    """Wait for a training step of the job whose runs lie in `logs`, then return its worker 1."""
    deadline = time.monotonic() + 180
    loss = logs / "latest" / "train" / "loss.jsonl"
    while time.monotonic() < deadline:
        if loss.is_file() and loss.stat().st_size and (found := worker(job.pid, 1)):
            return found
        assert job.poll() is None, "the job ended before a worker came up"
        time.sleep(0.2)
    raise AssertionError("no worker came up within three minutes")
