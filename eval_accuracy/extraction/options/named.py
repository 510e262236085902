"""The options of a question, two to ten, in whatever spelling: `A.x`, `A. x`, `(A) x`, `A) x`, `A、x`, `A: x`."""

from __future__ import annotations

import re
from functools import lru_cache

from eval_accuracy.extraction.numbers import plain

# As many options as a question may have.
LETTERS = "ABCDEFGHIJ"
# What a question has whose options stand in no form that is known.
USUAL = "ABCD"
# "Which?\n(B) two" -> {"wide": "B"}
# "Which?\nB.two" -> {"mark": "B"}
# "B. two" -> {"mark": "B"}
_OPTION = re.compile(
    r"(?:^|(?<=\n))[ \t]{0,8}(?:[-*•][ \t]{1,3})?\*{0,2}"
    r"(?:[(\[【](?P<wide>[A-J])[)\]】]\*{0,2}[ \t.:、]{0,3}|(?P<mark>[A-J])\*{0,2}[.．、:)\]]\*{0,2}[ \t]{0,3}|"
    r"(?P<space>[A-J])[ \t]{1,4}(?=\S))"
)
# "Which? (A) x (B) y" -> {"wide": "A"}
# "是？A. x B. y" -> {"mark": "A"}
_INLINE = re.compile(
    r"(?<![A-Za-z0-9_&'])(?:[(\[](?P<wide>[A-J])[)\]][ \t]{0,3}|(?P<mark>[A-J])[.．、:)](?![A-Z]\.)[ \t]{0,3})(?=\S)"
)
_LONGEST = 20_000


@lru_cache(maxsize=64)
def options_of(question: str) -> dict[str, str]:
    """Return the text of each option by its letter; empty where the question lists none.

    Each of two to ten options begins a line, or all stand in one line; letters go up from A without a gap.
    """
    text = plain(question[-_LONGEST:])
    for pattern in (_OPTION, _INLINE):
        for style in ("mark", "wide", "space"):
            if style in pattern.groupindex and (found := _run(pattern, style, text)):
                return found
    return {}


def letters_of(question: str, reference: str = "") -> str:
    """Return the letters that are answers to a question: those of its options; without options, A to D.

    Args:
        question: question and options.
        reference: the right letter, which is an answer in any case.
    """
    count = len(options_of(question)) or len(USUAL)
    if reference:
        count = max(count, 1 + LETTERS.index(reference))
    return LETTERS[:count]


def _run(pattern: re.Pattern[str], style: str, text: str) -> dict[str, str]:
    """Return the last run of options of one style whose letters go up from A."""
    starts: list[tuple[int, int]] = []
    for match in pattern.finditer(text):
        letter = match[style]
        if letter is None:
            continue
        if letter == "A":
            starts = [(match.start(), match.end())]
        elif starts and letter == LETTERS[len(starts)]:
            starts.append((match.start(), match.end()))
        if len(starts) == len(LETTERS):
            break
    if len(starts) < 2 or (style == "space" and len(starts) < 3):
        return {}
    ends = [start for start, _ in starts[1:]]
    last = text.find("\n\n", starts[-1][1])
    ends.append(last if last >= 0 else len(text))
    return {
        LETTERS[at]: text[start:end].strip(" \t\n;；,，")
        for at, ((_, start), end) in enumerate(zip(starts, ends, strict=True))
    }
