"""Starting the workers, watching them, and saying in one sentence why they died."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from backend.environment import worker_environment
from core.errors import KitError
from core.files import fresh, make_folder, remove_file
from core.processes import die_with_parent
from core.progress import Progress
from core.secrets import without_secrets
from core.untrusted import JSON_LINE, load_json

_POLL_SECONDS = 0.5
# "error: no such file" -> "no such file"; a traceback's "  mindspore.MyError: no memory" -> "MyError: no memory";
# MindPet's "An <class 'x.OwnerError'> occurred, not yours." -> "OwnerError: not yours."
_FAULT = re.compile(r"^\s*(?:error: |(?:\w+\.)*(?=\w*(?:Error|Exception): ))(.+)")
_OCCURRED = re.compile(r"An <class '(?:\w+\.)*(\w+)'> occurred, (.+)")
_TAIL = 2**16
# What msrun says as soon as it misses a worker; it then waits half a minute for the scheduler to miss it too.
_DIED = re.compile(rb"Worker process \d+ exit with exception\. Error code: (-?\d+)")


class Observer:
    """Told what the workers do while they do it. This one says the loss."""

    def note(self, rows: Sequence[dict[str, Any]], process: int) -> str:
        """Take the rows of steps that were done, and return what is shown beside the bar.

        Args:
            rows: of loss.jsonl, one or more.
            process: number of the process that the workers are children of.

        Raises:
            KitError: training cannot come to any good; the workers are ended.
        """
        return f"loss {rows[-1]['loss']:.3f}"

    def look(self, seconds: float) -> None:
        """Called again and again; the last step was done (or, before the first, they were started) so long ago."""


def launch(
    command: Sequence[str],
    log_dir: Path,
    loss_log: Path,
    steps: int,
    threads: int,
    started: Callable[[], None] = lambda: None,
    observer: Observer | None = None,
    done: int = 0,
) -> None:
    """Run the workers to their end, with a progress bar fed by their loss log.

    Args:
        command: what to start; `msrun` is looked up beside the running Python.
        log_dir: where the workers' logs go.
        loss_log: JSON Lines that rank 0 appends a step to.
        steps: total steps, for the bar.
        threads: processor threads for each worker.
        started: called once the first step is done: the workers have taken their memory then.
        observer: told what the workers do; None: the loss is shown, and no more.
        done: steps that were done before, from whose state the workers go on; loss_log has them already.

    Raises:
        KitError: a worker failed; names it, its last error and its log.
    """
    observer = observer or Observer()
    make_folder(log_dir)
    for old in [*log_dir.glob("*.log"), *([] if done else [loss_log])]:
        remove_file(old)
    with running(command, log_dir, OMP_NUM_THREADS=str(threads)) as process, Progress("train", steps, "steps") as shown:
        position, ended, last = loss_log.stat().st_size if done else 0, False, time.monotonic()
        shown.advance(done)
        while not ended:
            died = bool(exit_codes(log_dir))
            ended = died or process.poll() is not None
            position, rows = new_rows(loss_log, position)
            if rows:
                started()
                last = time.monotonic()
                shown.advance(len(rows), observer.note(rows, process.pid))
            observer.look(time.monotonic() - last)
            if not ended:
                time.sleep(_POLL_SECONDS)
    if died or process.returncode:
        raise KitError(f"training stopped: {last_error(log_dir)}; the workers' logs are in {log_dir}")


@contextmanager
def running(command: Sequence[str], log_dir: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start msrun, or one worker by itself, and end it with its workers where it has not ended by itself.

    Args:
        command: what to start; `msrun` is looked up beside the running Python.
        log_dir: where it runs; what it prints goes to launch.log there.
        environment: variables for it, besides those of this process.
    """
    words = list(command)
    if words[0] == "msrun":
        words = [sys.executable, "-m", "mindspore.parallel.cluster.run", *words[1:]]
    with fresh(log_dir / "launch.log") as log:
        process = subprocess.Popen(
            words,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=log_dir,
            env={**without_secrets(os.environ), **worker_environment(log_dir), **environment},
            start_new_session=True,
            # msrun takes its workers, which lead sessions of their own, with it on SIGINT only.
            preexec_fn=die_with_parent(signal.SIGINT),
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End msrun, its scheduler and its workers, and the readers of its logs (tail -f) that a failure leaves behind."""
    for sign, patience in ((signal.SIGINT, 20.0), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue


def new_rows(path: Path, position: int) -> tuple[int, list[Any]]:
    """Read the whole lines of a JSON Lines file from byte `position` on; return where they end, and their values."""
    try:
        with path.open("rb") as stream:
            stream.seek(position)
            whole, newline, _ = stream.read().rpartition(b"\n")
    except FileNotFoundError:
        return position, []
    if not newline:
        return position, []
    return position + len(whole) + 1, [
        load_json(line, str(path), JSON_LINE, any_number=True) for line in whole.split(b"\n")
    ]


def exit_codes(log_dir: Path) -> list[int]:
    """Return the exit codes of workers that msrun found to have died, -9 for one that was ended by signal 9."""
    try:
        with (log_dir / "launch.log").open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
            return [int(found[1]) for found in _DIED.finditer(stream.read())]
    except FileNotFoundError:
        return []


def last_error(log_dir: Path) -> str:
    """Find the last error that a worker wrote: the log's name and the error; else by what signal one was ended."""
    killed = [-code for code in exit_codes(log_dir) if code < 0]
    for log in [*sorted(log_dir.glob("worker_*.log")), *([] if killed else [log_dir / "launch.log"])]:
        text = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
        for line in reversed(text.splitlines()):
            if found := _FAULT.match(line):
                return f"{log.stem}: {found[1]}"
            if found := _OCCURRED.search(line):
                return f"{log.stem}: {found[1]}: {found[2]}"
    by = f"killed by signal {killed[0]}" if killed else "killed"
    return f"no error in the logs ({by}, or out of memory)"
