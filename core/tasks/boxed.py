r"""The answer that a LaTeX solution states in `\boxed{…}`."""

from __future__ import annotations

import re
from dataclasses import dataclass

# r"so \boxed{7}" -> r"\boxed"
_BOXED = re.compile(r"\\(?:boxed|fbox)\s{0,3}(?=[{\s0-9])")
# Only so much is read of a box, and kept of one that does not close, so that no text costs more than a moment.
_LONGEST_TEXT, _LONGEST_CLAUSE = 20_000, 400


@dataclass(frozen=True)
class Boxed:
    """What stands in a box; `closed` is False where the text ends before the brace does, or the box is too long."""

    content: str
    closed: bool = True


def last_boxed(text: str) -> Boxed | None:
    r"""Return the last `\boxed{…}` (or `\fbox{…}`, `\boxed 7`) of a text, nested braces whole; None without one."""
    found = list(_BOXED.finditer(text))
    if not found:
        return None
    start = found[-1].end()
    if not text.startswith("{", start):
        digit = text[start : start + 1].strip()
        return Boxed(digit) if digit else None
    depth = 0
    for at in range(start, min(len(text), start + _LONGEST_TEXT)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return Boxed(text[start + 1 : at].strip())
    return Boxed(text[start + 1 : start + _LONGEST_CLAUSE].strip(), closed=False)
