"""A corpus, test file or base that changes under its name between two starts: the job's own commands, for real.

Training is kept from starting by a port that something else listens on.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.places import ROOT
from core.run_folder import RunFolder
from tests.pipeline.conftest import main_job

# Each of them starts the main job several times.
pytestmark = pytest.mark.slow


def write_corpus(file: Path, plus: str, count: int = 60) -> Path:
    rows = [{"problem": f"What is {n} + {plus}?", "solution": f"{n} + {plus} = {n + int(plus)}"} for n in range(count)]
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture
def port() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "KIT_LOGS": str(tmp_path / "logs")}


@pytest.fixture
def settings(tmp_path: Path, port: int) -> list[str]:
    shutil.copy(ROOT / "assets/practice/base.ckpt", tmp_path / "base.ckpt")
    return [
        f"data.train={write_corpus(tmp_path / 'corpus.jsonl', '1')}",
        f"data.test={write_corpus(tmp_path / 'test.jsonl', '7', 10)}",
        f"model.checkpoint={tmp_path / 'base.ckpt'}",
        "data.retention_records=0",
        "train.epochs=5",
        "data.squad_records=10",
        f"machine.master_port={port}",
    ]


@pytest.fixture
def run(environment: dict[str, str], settings: list[str]) -> RunFolder:
    """A run that is converted, as after a job that was interrupted when training began."""
    done = command(environment, "data_convert/run.py", "--contest", "practice_math", *settings)
    assert done.returncode == 0, done.stderr
    return RunFolder((Path(environment["KIT_LOGS"]) / "latest").resolve())


def command(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )


def trained(run: RunFolder) -> None:
    """Note that the run is trained, with an adapter in its place."""
    with run.step("train"):
        (run.train / "adapters" / "step_7").mkdir(parents=True)


def records(run: RunFolder) -> str:
    return (run.data / "train.jsonl").read_text(encoding="utf-8")


def test_a_corpus_that_changed_before_training_is_converted_again(
    environment: dict[str, str], settings: list[str], run: RunFolder, tmp_path: Path
) -> None:
    assert "+ 500?" not in records(run)
    again = main_job(environment, *settings, timeout=60)
    assert "convert: done before" in again.stderr
    corpus = write_corpus(tmp_path / "corpus.jsonl", "500")
    done = main_job(environment, *settings, timeout=60)
    assert f"— convert: {corpus} (data.train) has changed since it was done; it is done again" in done.stderr
    assert "is in use" in done.stderr.splitlines()[-2]
    assert done.returncode == 2
    assert (run.finished("convert"), run.finished("train")) == (True, False)
    assert "+ 500?" in records(run)
    assert "+ 1?" not in records(run)
    assert len(list(run.path.parent.glob("practice_math-*"))) == 1


@pytest.mark.parametrize(
    ("name", "setting", "again"),
    [
        ("corpus.jsonl", "data.train", "convert, train"),
        ("test.jsonl", "data.test", "convert, train"),
        ("base.ckpt", "model.checkpoint", "train"),
    ],
)
def test_what_changed_after_training_ends_the_job_until_it_is_forced(
    environment: dict[str, str],
    settings: list[str],
    run: RunFolder,
    tmp_path: Path,
    name: str,
    setting: str,
    again: str,
) -> None:
    trained(run)
    file, before, kept = tmp_path / name, records(run), (tmp_path / name).read_bytes()
    if name == "base.ckpt":
        file.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    else:
        write_corpus(file, "500")
    events = (run.path / "events.jsonl").read_bytes()
    done = main_job(environment, *settings, timeout=60)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"error: {run.path}: changed under the same name after training: {file} ({setting}) since step "
        f"{again.split(',')[0]!r}. Restore what was there before, or give --force to redo: {again}"
    )
    assert records(run) == before
    assert (run.path / "events.jsonl").read_bytes() == events
    file.write_bytes(kept)
    assert "train: done before" in main_job(environment, *settings, timeout=60).stderr
    if name == "corpus.jsonl":
        write_corpus(file, "500")
        forced = main_job(environment, *settings, "--force", timeout=60)
        assert "is in use" in forced.stderr
        assert "+ 500?" in records(run)
        assert not run.finished("train")


def test_commands_by_hand_see_the_change_too(
    environment: dict[str, str], settings: list[str], run: RunFolder, tmp_path: Path
) -> None:
    corpus = write_corpus(tmp_path / "corpus.jsonl", "500")
    words = ["--run", str(run.path)]
    refused = command(environment, "finetune/run.py", *words)
    assert refused.returncode == 2
    assert f"{corpus} (data.train) has changed since step 'convert', and train would use what" in refused.stderr
    again = command(environment, "data_convert/run.py", *words)
    assert again.returncode == 0, again.stderr
    assert "+ 500?" in records(run)
    trained(run)
    write_corpus(tmp_path / "test.jsonl", "500", 10)
    refused = command(environment, "data_convert/run.py", *words)
    assert refused.returncode == 2
    assert "--force to redo: convert, train" in refused.stderr
    refused = command(environment, "eval_accuracy/run.py", *words, "--ckpt", "all")
    assert refused.returncode == 2
    assert "(data.test) has changed since step 'convert', and accuracy would use" in refused.stderr


def test_a_corpus_that_is_gone_is_not_needed_any_more(
    environment: dict[str, str], settings: list[str], run: RunFolder, tmp_path: Path
) -> None:
    (tmp_path / "corpus.jsonl").unlink()
    done = main_job(environment, *settings, timeout=60)
    assert "convert: done before" in done.stderr
    assert "is in use" in done.stderr
