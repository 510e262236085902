"""Lines of a log, with the place they come from: what a screenshot shows."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError

_CHUNK_LIMIT = 1 << 20


@dataclass(frozen=True)
class Excerpt:
    """Lines of one file.

    Attributes:
        file: the file, relative to the run folder.
        sha256: hash of the whole file.
        total: number of lines of the whole file.
        lines: (line number from 1, text).
    """

    file: str
    sha256: str
    total: int
    lines: tuple[tuple[int, str], ...]

    @property
    def numbers(self) -> str:
        """The line numbers in short: `3, 7-9`."""
        spans: list[list[int]] = []
        for number, _ in self.lines:
            if spans and number == spans[-1][1] + 1:
                spans[-1][1] = number
            else:
                spans.append([number, number])
        return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)

    def origin(self) -> dict[str, Any]:
        """Return file, line numbers and hash, as an image keeps them."""
        return {"file": self.file, "lines": self.numbers, "sha256": self.sha256}


def find_excerpt(folder: Path, paths: Iterable[Path], pattern: str, first: int, last: int) -> Excerpt | None:
    """Return matching lines of the first file that has any.

    Args:
        folder: the run folder.
        paths: files to look into, in this order; read as streams, however long they are.
        pattern: regular expression that a line must contain; letter case does not matter.
        first: how many of the matching lines to keep from the beginning.
        last: how many from the end.

    Returns:
        None where no file has such a line.

    Raises:
        InputError: a file cannot be read.
    """
    wanted = re.compile(pattern, re.IGNORECASE)
    for path in paths:
        excerpt = _excerpt(folder, path, wanted, first, last)
        if excerpt.lines:
            return excerpt
    return None


def _excerpt(folder: Path, path: Path, wanted: re.Pattern[str], first: int, last: int) -> Excerpt:
    digest = hashlib.sha256()
    head: list[tuple[int, str]] = []
    tail: deque[tuple[int, str]] = deque(maxlen=last)
    number, begins = 0, True
    try:
        with path.open("rb") as stream:
            # A line longer than the limit comes in pieces; only its beginning is looked at.
            while raw := stream.readline(_CHUNK_LIMIT):
                digest.update(raw)
                if begins:
                    number += 1
                    text = raw.rstrip(b"\r\n").decode("utf-8", errors="backslashreplace")
                    if wanted.search(text):
                        (head if len(head) < first else tail).append((number, text))
                begins = raw.endswith(b"\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    return Excerpt(path.relative_to(folder).as_posix(), digest.hexdigest(), number, (*head, *tail))
