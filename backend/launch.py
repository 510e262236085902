"""Starting the workers, watching them, and saying in one sentence why they died."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from core.errors import InputError, KitError
from core.processes import die_with_parent
from core.progress import Progress

_POLL_SECONDS = 0.5
_FAULT = re.compile(r"^\s*(?:\w+\.)*(\w*(?:Error|Exception)): (.+)")


def check_port(port: int) -> None:
    """Make sure that msrun's scheduler can listen; InputError where something else does."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise InputError(f"port {port} is in use on this machine; choose another: machine.master_port=N") from error


def launch(command: Sequence[str], log_dir: Path, loss_log: Path, steps: int, threads: int) -> None:
    """Run the workers to their end, with a progress bar fed by their loss log.

    Args:
        command: what to start; `msrun` is looked up beside the running Python.
        log_dir: where the workers' logs go.
        loss_log: JSON Lines that rank 0 appends a step to.
        steps: total steps, for the bar.
        threads: processor threads for each worker.

    Raises:
        KitError: a worker failed; names it, its last error and its log.
    """
    log_dir.mkdir(parents=True, exist_ok=True)
    for old in [*log_dir.glob("*.log"), loss_log]:
        old.unlink(missing_ok=True)
    # msrun starts its workers with the first `python` on the PATH: let it be the one that runs now.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"}
    words = [sys.executable, "-m", "mindspore.parallel.cluster.run", *command[1:]]
    if command[0] != "msrun":
        words = list(command)
    with (log_dir / "launch.log").open("wb") as log:
        process = subprocess.Popen(
            words,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=log_dir,
            env=environment,
            start_new_session=True,
            # msrun takes its workers, which lead sessions of their own, with it on SIGINT only.
            preexec_fn=die_with_parent(signal.SIGINT),
        )
    try:
        with Progress("train", steps, "steps") as progress:
            position = 0
            while process.poll() is None:
                position = _advance(loss_log, position, progress)
                time.sleep(_POLL_SECONDS)
            _advance(loss_log, position, progress)
    finally:
        _end(process)
    if process.returncode:
        raise KitError(f"training stopped: {_why(log_dir)}; the workers' logs are in {log_dir}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End msrun, and with it its scheduler and its workers."""
    for sign, patience in ((signal.SIGINT, 20.0), (signal.SIGKILL, 10.0)):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue


def _advance(loss_log: Path, position: int, progress: Progress) -> int:
    """Read the loss log from byte `position` on; return where the last whole line ends."""
    try:
        with loss_log.open("rb") as stream:
            stream.seek(position)
            fresh = stream.read()
    except FileNotFoundError:
        return position
    whole, newline, _ = fresh.rpartition(b"\n")
    if not newline:
        return position
    lines = whole.split(b"\n")
    progress.advance(len(lines), f"loss {json.loads(lines[-1])['loss']:.3f}")
    return position + len(whole) + 1


def _why(log_dir: Path) -> str:
    """Find the last error that a worker wrote; its name and text."""
    for log in sorted(log_dir.glob("worker_*.log")) + [log_dir / "launch.log"]:
        if not log.is_file():
            continue
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in reversed(lines):
            found = _FAULT.match(line)
            if found:
                return f"{log.stem}: {found[1]}: {found[2]}"
    return "a worker ended without a word (killed, or out of memory)"
