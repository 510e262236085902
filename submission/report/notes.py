"""A team's own words: a Markdown file whose headings say which section of the report they belong to.

    # 微调算法介绍            (or `algorithm`, or `Fine-tuning algorithm`)
    We drop all questions with fractions, because …

Words under a heading that is none of the report's make a section of their own; those before the first heading open the
report. They are read at each packing, so they are never lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.errors import InputError
from core.files import read_text
from core.terminal import visible

_MOST = 1 << 18
_HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*")
_NUMBER = re.compile(r"^\d+(?:\.\d+)*[.、\s]\s*")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")


@dataclass(frozen=True)
class Notes:
    """Words by heading, in the order of the file; "" is what stands before the first one."""

    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, titles: Iterable[str]) -> tuple[str, ...]:
        """Return the lines under any of these headings; case and numbers before them count for nothing."""
        wanted = {plain(title) for title in titles}
        return tuple(line for title, lines in self.parts.items() if plain(title) in wanted for line in lines)

    def others(self, titles: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the parts whose headings are none of these."""
        known = {plain(title) for title in titles}
        return {title: lines for title, lines in self.parts.items() if plain(title) not in known}

    def changed(self, change: Callable[[str], str]) -> Notes:
        """Return the words with each line changed."""
        return Notes({change(title): tuple(map(change, lines)) for title, lines in self.parts.items()})


def plain(title: str) -> str:
    """Return a heading as it is compared."""
    return " ".join(_NUMBER.sub("", title).casefold().split())


def read_notes(path: Path) -> Notes:
    """Read a team's words.

    Raises:
        InputError: the file is missing, too long, or no UTF-8.
    """
    if not path.is_file():
        raise InputError(f"{path}: there is no such file; submission.notes names a Markdown file of your own words")
    if path.stat().st_size > _MOST:
        raise InputError(f"{path}: submission.notes has more than {_MOST >> 10} KiB; a jury reads no more")
    return parse_notes(read_text(path))


def parse_notes(text: str) -> Notes:
    """Split Markdown at its headings; lines that look like one inside a block of code are none."""
    parts: dict[str, list[str]] = {}
    title, fence = "", ""
    for raw in text.replace("\r\n", "\n").removeprefix("\ufeff").split("\n"):
        line = visible(raw.expandtabs(4).rstrip())
        mark = _FENCE.match(line)
        if mark:
            fence = mark[1] if not fence else "" if line.strip().startswith(fence) else fence
        heading = _HEADING.fullmatch(line) if not fence else None
        if heading:
            title = heading[1]
        else:
            parts.setdefault(title, []).append(line)
    stripped = {title: _stripped(lines) for title, lines in parts.items()}
    return Notes({title: lines for title, lines in stripped.items() if lines})


def _stripped(lines: list[str]) -> tuple[str, ...]:
    while lines and not lines[0]:
        lines = lines[1:]
    while lines and not lines[-1]:
        lines = lines[:-1]
    return tuple(lines)
