"""Marked texts as a tag for each character: BIO, or BMES with letters for the last and an only character too."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import did_you_mean
from core.text.markup import Marked, Span

OUTSIDE = "O"
# Of each scheme the letters for the first, a middle, the last and an only character of a span.
LETTERS = {"BIO": ("B", "I", "I", "B"), "BMES": ("B", "M", "E", "S")}


class TagError(Exception):
    """What is wrong with the tag of the character `at`, in a clause."""

    def __init__(self, at: int, said: str) -> None:
        super().__init__(said)
        self.at = at


def tags_of(line: Marked, scheme: str) -> list[str]:
    """Return the tag of each character of a text."""
    first, middle, last, only = LETTERS[scheme]
    found = [OUTSIDE] * len(line.text)
    for start, end, kind in line.spans:
        found[start:end] = [f"{middle}-{kind}"] * (end - start)
        found[end - 1] = f"{last}-{kind}"
        found[start] = f"{first if end - start > 1 else only}-{kind}"
    return found


def spans_of(found: Sequence[str], scheme: str, types: Sequence[str]) -> list[Span]:
    """Return the spans that tags say.

    Raises:
        TagError: a tag that is unknown, or cannot stand where it stands.
    """
    spans: list[Span] = []
    start, kind, may_end = -1, "", True  # of the span that is open; whether it may end before the next character
    for at, tag in enumerate([*found, OUTSIDE]):
        letter, _, of = tag.partition("-")
        if tag != OUTSIDE and (letter not in LETTERS[scheme] or of not in types):
            known = [OUTSIDE, *(f"{one}-{name}" for name in types for one in dict.fromkeys(LETTERS[scheme]))]
            raise TagError(at, f"tag {tag!r} is none of {scheme}{did_you_mean(tag, known)}")
        goes_on = letter in "IME" and tag != OUTSIDE
        if goes_on and (start < 0 or of != kind or (scheme == "BMES" and may_end)):
            raise TagError(at, f"tag {tag!r} goes on with a span that is not open; begin it with B-{of}")
        if start >= 0 and not goes_on:
            if not may_end:
                raise TagError(min(at, len(found) - 1), f"a span of {kind} has no end: E-{kind} must close it")
            spans.append(Span(start, at, kind))
            start = -1
        if not goes_on and tag != OUTSIDE:
            start, kind = at, of
        may_end = scheme == "BIO" or letter in "ES"
    return spans
