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
def head_and_options(question: str) -> tuple[str, dict[str, str]]:
    """Return what stands before the options of a question, and the text of each by its letter.

    Each of two to ten options begins a line, or all stand in one line; letters go up from A without a gap. A question
    that lists none has an empty mapping.
    """
    start = max(0, len(question) - _LONGEST)
    text = plain(question[start:])
    for pattern in (_OPTION, _INLINE):
        for style in ("mark", "wide", "space"):
            if style in pattern.groupindex and (found := _run(pattern, style, text)):
                first, options = found
                return question[: start + first], options
    return question, {}


def options_of(question: str) -> dict[str, str]:
    """Return the text of each option of a question by its letter; empty where it lists none."""
    return head_and_options(question)[1]


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


def _run(pattern: re.Pattern[str], style: str, text: str) -> tuple[int, dict[str, str]] | None:
    """Return the last run of options of one style whose letters go up from A, and where it begins."""
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
        return None
    ends = [start for start, _ in starts[1:]]
    last = text.find("\n\n", starts[-1][1])
    ends.append(last if last >= 0 else len(text))
    texts = {
        LETTERS[at]: text[start:end].strip(" \t\n;；,，")
        for at, ((_, start), end) in enumerate(zip(starts, ends, strict=True))
    }
    return starts[0][0], texts
