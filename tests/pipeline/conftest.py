"""One small run of the main job, for all tests that look at what a run leaves behind."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass

import pytest

from core.places import ROOT
from core.run_folder import RunFolder


@dataclass(frozen=True)
class MainJob:
    """A finished main job: its run, what it printed, and the environment it ran in."""

    run: RunFolder
    output: str
    environment: dict[str, str]
    settings: list[str]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main_job(environment: dict[str, str], *words: str, timeout: int = 600) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "pipeline/job.py", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> MainJob:
    """The practice contest in small: a real msrun with two workers, five merged checkpoints, a zip."""
    logs = tmp_path_factory.mktemp("logs")
    environment = {**os.environ, "KIT_LOGS": str(logs)}
    settings = [
        "data.records=320",
        "data.shards=3",
        "data.retention_records=0",
        "data.test_records=20",
        "data.squad_records=20",
        "train.epochs=1",
        "submission.team=测试队",
        f"machine.master_port={free_port()}",
    ]
    done = main_job(environment, *settings)
    assert done.returncode == 0, done.stderr[-3000:]
    return MainJob(RunFolder((logs / "latest").resolve()), done.stdout, environment, settings)
