"""The command that converts: its words, its run folder, and what becomes of it when something stands in its way."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.places import ROOT
from core.run_folder import RunFolder

# Each of them starts commands as a user does; in `fast`, test_convert.py tries what they do.
pytestmark = pytest.mark.slow

SMALL = ["data.retention_records=0", "data.squad_records=20"]


def _corpus(path: Path, *more: str) -> Path:
    rows = [{"problem": f"计算 {n} + 1 等于多少？", "solution": f"{n} + 1 = {n + 1}"} for n in range(60)]
    path.write_text("\n".join([*map(json.dumps, rows), *more]), encoding="utf-8")
    return path


def _run(logs: Path, *words: str, before: Callable[[], None] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "data_convert/run.py", *words]
    environment = {**os.environ, "KIT_LOGS": str(logs)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, preexec_fn=before)


def _runs(logs: Path) -> list[Path]:
    return sorted(path.parent for path in logs.glob("*/run.yaml") if not path.parent.is_symlink())


def test_settings_and_options_stand_in_any_order_and_json_is_all_that_is_printed(tmp_path: Path) -> None:
    file = _corpus(tmp_path / "train.jsonl")
    words = ["--contest", "practice_math", f"data.train={file}", "--json", *SMALL, "--processes", "1"]
    # The weights of the base model are none of conversion's business.
    done = _run(tmp_path, *words, "model.checkpoint=absent.ckpt")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["converted"] == 54
    (run,) = _runs(tmp_path)
    assert RunFolder(run).finished("convert")
    again = _run(tmp_path, "--run", str(run))
    assert (again.returncode, again.stdout) == (2, "")
    assert (
        again.stderr
        == f"error: {run} is already converted; --force converts it again and redoes all that was made from it\n"
    )


def test_as_many_records_as_allowed_are_passed_over_and_listed(tmp_path: Path) -> None:
    file = _corpus(tmp_path / "train.jsonl", "{")
    words = ["--contest", "practice_math", f"data.train={file}", *SMALL, "--max-bad"]
    done = _run(tmp_path, *words, "1")
    assert done.returncode == 0, done.stderr
    (run,) = _runs(tmp_path)
    listed = (run / "data" / "skipped.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["where"] for line in listed] == [f"{file}:61"]
    assert "data.max_bad" in _run(tmp_path, *words, "-1").stderr


def test_the_same_words_go_on_with_what_was_interrupted(tmp_path: Path) -> None:
    file = _corpus(tmp_path / "train.jsonl", "{")
    words = ["--contest", "practice_math", f"data.train={file}", *SMALL]
    failed = _run(tmp_path, *words)
    assert failed.returncode == 2
    assert failed.stderr.startswith(f"error: {file}:61: malformed JSON")
    _corpus(file)
    assert _run(tmp_path, *words).returncode == 0
    assert len(_runs(tmp_path)) == 1
    assert _run(tmp_path, *words).returncode == 0
    assert len(_runs(tmp_path)) == 2, "what was done is not done again, but anew"


def test_a_run_is_converted_by_one_command_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = _corpus(tmp_path / "train.jsonl")
    _run(tmp_path, "--contest", "practice_math", f"data.train={file}", *SMALL)
    (path,) = _runs(tmp_path)
    with RunFolder(path).locked():
        # A command that the holder starts may go on; one of somebody else may not.
        assert _run(tmp_path, "--run", str(path), "--force").returncode == 0
        monkeypatch.delenv("KIT_RUN_HELD")
        refused = _run(tmp_path, "--run", str(path), "--force")
        monkeypatch.setenv("KIT_RUN_HELD", str(path))
    assert refused.returncode == 2
    assert "another process is working on this run; wait until it has finished" in refused.stderr
    assert "KIT_RUN_HELD" not in os.environ


@pytest.mark.parametrize("size", [2_000, 100_000], ids=["the records", "the shards"])
def test_a_disk_without_room_is_one_sentence(tmp_path: Path, size: int) -> None:
    file = _corpus(tmp_path / "train.jsonl")

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    words = ["--contest", "practice_math", f"data.train={file}", *SMALL]
    done = _run(tmp_path, *words, before=small_files)
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: ")
    assert "File too large; make room, or set KIT_LOGS to a folder on a larger disk" in last
    assert "Traceback" not in done.stderr
    assert _run(tmp_path, *words).returncode == 0
    (run,) = _runs(tmp_path)
    assert not list((run / "data").glob(".*"))


def test_no_processes_are_too_few(tmp_path: Path) -> None:
    done = _run(tmp_path, "--contest", "practice_math", "--processes", "0")
    assert (done.returncode, done.stderr) == (2, "error: --processes 0: at least 1 is expected\n")
