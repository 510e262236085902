"""A process that compares formulas, and is ended where a comparison takes too long or too much memory."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from core.line_process import Ended, LineProcess
from eval_accuracy.equivalence.symbolic import may_be_same

# Seconds for one comparison, and for the library to load.
LIMIT, START_LIMIT = 2.0, 60.0
_SAME = b"true\n"


@dataclass
class Spent:
    """What comparisons cost this process: how many were asked, how many were given up, seconds in all."""

    asked: int = 0
    given_up: int = 0
    seconds: float = 0.0


SPENT = Spent()


Outcome = Literal["same", "different", "given up"]


@lru_cache(maxsize=1 << 14)
def compared(left: str, right: str) -> Outcome:
    """Compare two formulas: shown to have the same value, not shown, or given up after `LIMIT` seconds.

    Raises:
        OSError: the process that compares does not start.
    """
    return _PROCESS.ask(left, right) if may_be_same(left, right) else "different"


class _Comparer:
    """Starts a process when it is first asked; after a comparison that took too long it starts another."""

    def __init__(self) -> None:
        self._process: LineProcess | None = None

    @property
    def pid(self) -> int | None:
        """The number of its process; None before it is first asked, and after one was ended."""
        return self._process.pid if self._process else None

    def ask(self, left: str, right: str) -> Outcome:
        """Return what the process answers, "given up" where there is no answer in time."""
        process = self._process or self._start()
        started = time.perf_counter()
        SPENT.asked += 1
        try:
            return "same" if process.ask(json.dumps([left, right]), LIMIT) == _SAME else "different"
        except Ended:
            SPENT.given_up += 1
            self._end()
            return "given up"
        finally:
            SPENT.seconds += time.perf_counter() - started

    def _start(self) -> LineProcess:
        self._process = LineProcess("from eval_accuracy.equivalence.serve import main; main()")
        try:
            loaded = self._process.ask(json.dumps(["x+1", "1+x"]), START_LIMIT) == _SAME
        except Ended:
            loaded = False
        if not loaded:
            self._end()
            raise OSError("the process that compares formulas did not start: is latex2sympy2_extended installed?")
        return self._process

    def _end(self) -> None:
        if self._process is not None:
            self._process.close()
        self._process = None


_PROCESS = _Comparer()
