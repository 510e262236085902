"""Processes that end with the one that started them (Linux)."""

from __future__ import annotations

import ctypes
import signal
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1


def die_with_parent(sign: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """Return a function that asks the kernel to send `sign` to the calling process when its parent ends.

    Call it in the new process: as subprocess' `preexec_fn`, or first thing in a script.
    """
    library = ctypes.CDLL(None)

    def ask() -> None:
        library.prctl(_PR_SET_PDEATHSIG, int(sign))

    return ask
