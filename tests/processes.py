"""The processes that a test started, found as children of its own process and never by what others are called."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil


@contextmanager
def job(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start a command; where the test fails or is out of time before its end, end it and all that it started."""
    # What a shell starts with `&` ignores SIGINT, and a test run may have been started so.
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, cwd=cwd, env=env, stderr=subprocess.PIPE, text=True, preexec_fn=heard)
    try:
        yield process
    finally:
        if process.poll() is None:
            below = descendants(process.pid)
            process.kill()
            for child in below:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            process.communicate()


def descendants(of: int | None = None) -> set[psutil.Process]:
    """Return what runs below process `of` (None: below the test's own process)."""
    try:
        return set(psutil.Process(of).children(recursive=True))
    except psutil.NoSuchProcess:
        return set()


def worker(of: int | None, rank: int) -> psutil.Process | None:
    """Return worker `rank` among the descendants that msrun started, or None as long as there is none."""
    for process in descendants(of):
        try:
            if process.environ().get("RANK_ID") == str(rank) and any("worker.py" in word for word in process.cmdline()):
                return process
        except psutil.Error:  # it ended meanwhile
            continue
    return None


def left(processes: set[psutil.Process], seconds: float) -> set[psutil.Process]:
    """Wait until all of `processes` ended, and return those that run after so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        running = {process for process in processes if _runs(process)}
        if not running or time.monotonic() > deadline:
            return running
        time.sleep(0.2)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
