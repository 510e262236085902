"""A process that compares formulas, and is ended where a comparison takes too long or too much memory."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import lru_cache

from core.places import ROOT
from eval_accuracy.equivalence.symbolic import may_be_same

# Seconds for one comparison, and for the library to load.
LIMIT, START_LIMIT = 2.0, 60.0


@dataclass
class Spent:
    """What comparisons cost this process: how many were asked, how many were given up, seconds in all."""

    asked: int = 0
    given_up: int = 0
    seconds: float = 0.0


SPENT = Spent()


@lru_cache(maxsize=1 << 14)
def same_formula(left: str, right: str) -> bool:
    """Tell whether two formulas are shown to have the same value within `LIMIT` seconds.

    Raises:
        OSError: the process that compares does not start.
    """
    return may_be_same(left, right) and _PROCESS.ask(left, right)


class _Process:
    """Starts when it is first asked; after a comparison that took too long it starts anew."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, left: str, right: str) -> bool:
        """Return its answer; False where there is none in time."""
        process = self._process or self._start()
        started = time.perf_counter()
        SPENT.asked += 1
        answer = _exchange(process, json.dumps([left, right]), LIMIT)
        SPENT.seconds += time.perf_counter() - started
        if answer is None:
            SPENT.given_up += 1
            self._end()
        return answer == "true"

    def _start(self) -> subprocess.Popen[bytes]:
        # A program of its own: it needs nothing of the one that asks, whose threads must not be forked.
        command = [sys.executable, "-c", "from eval_accuracy.equivalence.serve import main; main()"]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self._process = process
        if _exchange(process, json.dumps(["x+1", "1+x"]), START_LIMIT) != "true":
            self._end()
            raise OSError("the process that compares formulas did not start: is latex2sympy2_extended installed?")
        return process

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
        self._process = None


def _exchange(process: subprocess.Popen[bytes], line: str, limit: float) -> str | None:
    """Send a line and return the line that answers it; None where none comes within the limit, in seconds."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(line.encode() + b"\n")
        ready, _, _ = select.select([process.stdout], [], [], limit)
        answer = process.stdout.readline() if ready else b""
    except OSError:
        return None
    return answer.decode().strip() or None


_PROCESS = _Process()
