"""A process of the kit's own that answers lines with lines, and is ended where an answer takes too long.

What others made (templates, formulas) is run in one: it sets itself limits that the kernel keeps, and whoever asks
outlives it.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from contextlib import suppress

from core.places import ROOT


class Ended(Exception):
    """No answer came: the process is at its end. `late`: it was ended because it took too long."""

    def __init__(self, late: bool) -> None:
        super().__init__("takes too long" if late else "has ended")
        self.late = late


class LineProcess:
    """A process that is asked line by line.

    It sees no variables of the environment but PATH, and what it writes to standard error is dropped.
    """

    def __init__(self, code: str) -> None:
        """Start it.

        Args:
            code: Python that may import the kit; it reads standard input and writes standard output.
        """
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, sys.argv[1]); {code}", str(ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PATH": os.environ.get("PATH", "")},
        )

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    def send(self, line: str) -> None:
        """Send a line that is not answered."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # `ask` finds that nothing comes back
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def ask(self, line: str, seconds: float) -> bytes:
        """Send a line and return the one that answers it, with its line break.

        Raises:
            Ended: it is at its end, or was ended because no whole line came in so many seconds.
        """
        self.send(line)
        deadline = time.monotonic() + seconds
        assert self._process.stdout is not None
        out = self._process.stdout
        found = bytearray()
        with selectors.DefaultSelector() as waiting:
            waiting.register(out, selectors.EVENT_READ)
            while not found.endswith(b"\n"):
                if not waiting.select(max(0.0, deadline - time.monotonic())):
                    self._process.kill()
                    self._process.wait()
                    raise Ended(late=True)
                piece = os.read(out.fileno(), 1 << 16)
                if not piece:
                    self._process.wait()
                    raise Ended(late=False)
                found += piece
        return bytes(found)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(BrokenPipeError):
                if pipe is not None:
                    pipe.close()
        self._process.wait()
