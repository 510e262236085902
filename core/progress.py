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
        if self._bar is not None:
            self._bar.set_postfix_str(visible(blanked(note)), refresh=False)
            self._bar.update(count)
        elif time.monotonic() - self._said >= _SECONDS_BETWEEN_LINES:
            self._line(note)

    def _line(self, note: str = "") -> None:
        self._said = time.monotonic()
        seconds = self._said - self._started
        share = f" ({100 * self.done / self.total:.0f} %)" if self.total else ""
        tail = f", {note}" if note else ""
        say(f"{self.label}: {self.done}/{self.total} {self.unit}{share}, {seconds:.0f} s{tail}")


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
