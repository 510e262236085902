"""Progress on standard error: a bar on a terminal, plain lines in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from core.secrets import blanked
from core.terminal import show, visible

T = TypeVar("T")
_SECONDS_BETWEEN_LINES = 10.0


def say(message: str) -> None:
    """Print one line of news to standard error, where it cannot mix with a command's result."""
    show(message, file=sys.stderr)


class Progress:
    """A counter of work done that shows itself as a bar on a terminal and as plain lines elsewhere.

    Use as a context manager; call `advance` as work is done.
    """

    def __init__(self, label: str, total: int, unit: str = "it") -> None:
        self.label, self.total, self.unit = visible(blanked(label)), total, unit
        self.done = 0
        self._started = self._said = time.monotonic()
        self._first: tuple[float, int] | None = None
        self._bar = None
        if sys.stderr.isatty():
            from tqdm import tqdm

            scale = unit == "bytes"
            self._bar = tqdm(
                total=total, desc=self.label, unit=unit, unit_scale=scale, file=sys.stderr, dynamic_ncols=True
            )

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
        elif kind is None:
            self._line()

    def advance(self, count: int = 1, note: str = "") -> None:
        """Count `count` more units as done; `note` (a loss, a name) is shown beside."""
        self.done += count
        self._first = self._first or (time.monotonic(), self.done)
        if self._bar is not None:
            self._bar.set_postfix_str(visible(blanked(note)), refresh=False)
            self._bar.update(count)
        elif time.monotonic() - self._said >= _SECONDS_BETWEEN_LINES:
            self._line(note)

    def _line(self, note: str = "") -> None:
        self._said = time.monotonic()
        seconds = self._said - self._started
        share = f" ({100 * self.done / self.total:.0f} %)" if self.total else ""
        left = self._left()
        tail = "".join(f", {part}" for part in (left, note) if part)
        say(f"{self.label}: {self.done}/{self.total} {self.unit}{share}, {seconds:.0f} s{tail}")

    def _left(self) -> str:
        """Return how long the rest takes at the speed since the first units were done; empty where that is not known.

        What comes before the first unit (compiling a network, loading weights) is not repeated for the others.
        """
        begun, first = self._first or (0.0, 0)
        if not first < self.done < self.total:
            return ""
        seconds = (self._said - begun) * (self.total - self.done) / (self.done - first)
        return f"{_shown(seconds)} left"


def _shown(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * length:
            return f"{seconds / length:.{0 if seconds >= 10 * length else 1}f} {unit}"
    return f"{seconds:.0f} s"


@contextmanager
def megabytes(label: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that counts bytes of `total` as done, and show them in megabytes, begun ones included."""
    done = 0
    with Progress(label, -(-total // 1_000_000), "MB") as shown:

        def advance(count: int) -> None:
            nonlocal done
            done += count
            shown.advance(-(-done // 1_000_000) - shown.done)

        yield advance


def track(items: Iterable[T], label: str, total: int, unit: str = "it") -> Iterator[T]:
    """Yield `items` while showing progress."""
    with Progress(label, total, unit) as progress:
        for item in items:
            yield item
            progress.advance()
