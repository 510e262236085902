"""What a process has from the one that started it: its end (Linux), and what is noted in the environment."""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PR_SET_PDEATHSIG = 1


def die_with_parent(sign: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """Return a function that asks the kernel to send `sign` to the calling process when its parent ends.

    Call it in the new process: as subprocess' `preexec_fn`, or first thing in a script. As `preexec_fn` it also sees
    to it that the signal is heard (what a shell starts with `&` ignores SIGINT, and so does all that it starts), and
    sends it where the parent ended before it could be asked for.
    """
    library, starter = ctypes.CDLL(None), os.getpid()

    def ask() -> None:
        library.prctl(_PR_SET_PDEATHSIG, int(sign))
        if os.getpid() == starter:
            return
        if sign != signal.SIGKILL:
            signal.signal(sign, signal.SIG_DFL)
        if os.getppid() != starter:
            os.kill(os.getpid(), sign)

    return ask


@contextmanager
def told_to_children(name: str, value: str) -> Iterator[None]:
    """Set a variable of the environment for processes that are started in the `with` block; then it is as before."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = before
