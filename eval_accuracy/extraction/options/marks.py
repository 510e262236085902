"""The characters that stand for letters of options in a marked text, and what is noted beside them."""

from __future__ import annotations

import re

# A mark's number is that of BASE and a bit for each letter; these may follow it or stand before it.
BASE = 0xE000
QUOTED = "\ue801"  # after it: the option's own text stood there
ITEM = "\ue802"  # after it: the mark of a list's point, its text follows
PHRASE = "\ue803"  # before it: the contest's own sentence stood there
OPTION = "\ue804"  # before it: it was called an option by that word
T = f"[\ue001-\ue3ff]{QUOTED}?"

# "x \ue001" -> "\ue001"
PRIVATE = re.compile("[\ue000-\uf8ff\u200b-\u200f\u2060\ufeff]")


def letters_in(mark: str) -> str:
    """Return the letters that a mark stands for."""
    bits = ord(mark) - BASE
    return "".join(chr(ord("A") + at) for at in range(10) if bits >> at & 1)


def readable(text: str) -> str:
    """Return a marked text with `⟨B⟩` for its marks."""
    out = [f"⟨{letters_in(char)}⟩" if "\ue001" <= char <= "\ue3ff" else char for char in text]
    return PRIVATE.sub("", "".join(out).replace(ITEM, ": ")).strip()
