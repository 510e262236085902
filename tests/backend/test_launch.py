"""What is known of workers from outside: the rows they write, and why they stopped."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from backend.launch import last_error, launch, new_rows
from core.errors import KitError
from core.places import ROOT


def test_only_whole_lines_are_read_and_none_twice(tmp_path: Path) -> None:
    log = tmp_path / "loss.jsonl"
    assert new_rows(log, 0) == (0, [])
    log.write_bytes(b'{"step": 1}\n{"st')
    position, rows = new_rows(log, 0)
    assert (position, rows) == (12, [{"step": 1}])
    assert new_rows(log, position) == (12, [])
    log.write_bytes(b'{"step": 1}\n{"step": 2}\n')
    assert new_rows(log, position) == (24, [{"step": 2}])


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Traceback …\n  mindspore.common.MemoryError: no room\nleft behind\n", "worker_1: MemoryError: no room"),
        ("error: model.ckpt: does not fit\n", "worker_1: model.ckpt: does not fit"),
        ("ValueError: the first\nRuntimeError: the last\n", "worker_1: RuntimeError: the last"),
        ("nothing to see\n", "no error in the logs (killed, or out of memory)"),
    ],
)
def test_why_a_worker_stopped_is_its_last_error(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "worker_0.log").write_text("step 1\n", encoding="utf-8")
    (tmp_path / "worker_1.log").write_text(written, encoding="utf-8")
    assert last_error(tmp_path) == said


def test_a_worker_by_itself_that_fails_is_told_of_with_its_error(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise ValueError('no such layer')"]
    with pytest.raises(KitError, match="training stopped: launch: ValueError: no such layer; the workers' logs are in"):
        launch(command, tmp_path / "log", tmp_path / "loss.jsonl", 1, threads=1)


def test_a_worker_that_msrun_misses_ends_the_training_at_once(tmp_path: Path) -> None:
    said = "[ERROR] ME(7:8,MainProcess): Worker process 4711 exit with exception. Error code: -9."
    command = [sys.executable, "-c", f"import time; print({said!r}, flush=True); time.sleep(300)"]
    began = time.monotonic()
    with pytest.raises(KitError, match=r"no error in the logs \(killed by signal 9, or out of memory\)"):
        launch(command, tmp_path / "log", tmp_path / "loss.jsonl", 1, threads=1)
    assert time.monotonic() - began < 60


def test_a_process_whose_starter_is_gone_already_ends_too_and_hears_what_a_shell_lets_it_ignore() -> None:
    code = (
        "import os, signal, subprocess, sys, time\n"
        "from core.processes import die_with_parent\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "ask = die_with_parent(signal.SIGINT)\n"
        "def late():\n"
        "    os.kill(os.getppid(), signal.SIGKILL)\n"
        "    while os.getppid() == parent: time.sleep(0.01)\n"
        "    ask()\n"
        "parent = os.getpid()\n"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], preexec_fn=late)\n"
    )
    # Its output stays open as long as any of them lives.
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, timeout=30, check=False)


@pytest.mark.parametrize(("done", "shown", "kept"), [(2, "train: 3/3 steps", 3), (0, "train: 1/3 steps", 1)])
def test_steps_that_were_done_before_stay_in_the_log_and_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], done: int, shown: str, kept: int
) -> None:
    losses = tmp_path / "loss.jsonl"
    losses.write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "loss": 1.5}\n')
    one_more = f"open({str(losses)!r}, 'a').write('{{\"step\": 3, \"loss\": 1.0}}\\n')"
    begun: list[int] = []
    launch(
        [sys.executable, "-c", one_more],
        tmp_path / "log",
        losses,
        3,
        threads=1,
        started=lambda: begun.append(1),
        done=done,
    )
    assert shown in capsys.readouterr().err
    assert len(losses.read_text().splitlines()) == kept
    assert begun == [1]  # the row of a step of this start, not one of before
