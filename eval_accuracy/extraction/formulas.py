r"""Formulas in a text, `$…$` and its kin: each is one value, whole; a plain number only where it is nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eval_accuracy.extraction.numbers import Number, first_number

# "is $7$ cm" -> {"dollars": "7"}
# r"is \(7\)" -> {"round": "7"}
REGION = re.compile(
    r"\$\$(?P<display>[^$]{1,400}?)\$\$|(?<!\\)\$(?P<dollars>(?!\s)(?:\\\$|[^$\n]){1,300}?(?<![\s\\])"
    r"|\s(?=[^$\n]{0,80}[\\^=(])[^$\n]{1,300}?)\$(?![0-9])"
    r"|\\\((?P<round>.{1,400}?)\\\)|\\\[(?P<square>.{1,400}?)\\\]",
    re.DOTALL,
)
# Where a formula ends that began before.
# "7$ cm" -> "$"
CLOSING = re.compile(r"(?<!\\)\$|\\\)|\\\]")
# What may stand around the value in a formula.
# r" \displaystyle{ 7" -> r" \displaystyle{ "
_BEFORE = re.compile(
    r"(?:\s|\\[,;!:]|\\(?:displaystyle|boxed|fbox|mathbf|boldsymbol|textbf|mathrm|text|bm|bf|large|Large|left\s?(?=\())(?![a-z])\s?\{?"
    r"|\\\$(?=\s?[0-9.])|[~*]){0,8}"
)
# r" \text{ cm}." -> " \\text{ cm}."
_BEHIND = re.compile(
    r"(?:\s|\\[,;!: ]|~|\\?%|\^\s?\{?\s?\\circ\s?\}?|\\degree|°|[.。,，*}]"
    r"|\\(?:text|mathrm|mbox|textrm|operatorname|rm)\s?\{(?!\s*(?:[ijkexyzabcnpqrt]\s*\}|or\b|and\b|(?:or|and|if|when|mod|to|thousand|million|billion"
    r"|hundred|trillion|dozen|factorial|squared|cubed|percent\sof)\b))[^{}0-9]{0,40}\}"
    r"(?:\^\s?\{?[23²³]\}?)?|\\?(?:(?:cm|mm|km|dm|nm|ml|cl|in|mi|min|oz|pm|am|mph|rpm|ppm)(?![A-Za-z])"
    r"|(?!(?:[a-cm-rt-zi-k]{2,3}|[A-Z]{2})(?![A-Za-z]))[a-zA-Zμ]{2,}(?![A-Za-z{]))(?<!\\pi)(?<!pi)(?:\^\s?\{?[23]\}?)?|[²³]"
    r"|/(?=\s?(?:\\text|\\mathrm|[a-z]))|(?<=[\s,;~])[mgsLNJWhVAF](?![A-Za-z(^_])(?:\^\s?\{?[23]\}?)?|[\u3400-\u9fff]{1,8})*"
)
# Commands that a unit must not be taken for.
# r"\cdot" -> r"\cdot"
_OPERATION = re.compile(
    r"\\(?:cdot|times|div|pm|mp|pi|theta|alpha|beta|gamma|infty|sqrt|frac|le|ge|leq|geq|leqslant|geqslant|lt|gt"
    "|neq?|in|cup|cap|to|sin|cos|tan|log|ln|cdots|ldots|dots|over|quad|qquad|pmod|bmod|mod|choose|i|mathbf|vec"
    "|hat|land|lor|approx|sim|equiv|ell|lambda|mu|sigma|phi|omega|rho|tau|delta|varphi)(?![a-z])"
    r"|(?<![A-Za-z\\])(?:mod|or|and|if|when|factorial|sin|cos|tan|log|ln|thousand|million|billion)(?![A-Za-z])"
)
# "3 + 4" -> "3 + 4"
_ARITHMETIC = re.compile(r"(?:[-+*/×÷()0-9.,\s^{}]|\\(?:times|cdot|div|left|right)(?![a-z]))+")
# "3!" -> "3"
_DIGIT = re.compile(r"[0-9]")
# r"\text{Monday}" -> r"\text{Monday}"
_ONLY_TEXT = re.compile(r"\s*\\(?:text|textbf|mathrm|mbox|textrm|textit|mathbf)\s?\{[^{}]*\}\s*")


@dataclass(frozen=True)
class Formula:
    r"""The value of a formula.

    Attributes:
        number: its number, where it is a plain one with a unit at most; else None.
        undone: it is arithmetic that nobody carried out.
        words: it is words (`\text{Monday}`).
        start, end: where it stands, without space around it.
    """

    number: Number | None
    undone: bool
    words: bool
    start: int
    end: int


def inside(match: re.Match[str]) -> tuple[int, int]:
    """Return where the inside of a `REGION` stands."""
    return match.span(next(name for name, value in match.groupdict().items() if value is not None))


def read_formula(text: str, start: int, end: int, fractions: bool) -> Formula:
    r"""Read `text[start:end]` (plain text), the inside of a formula: `90^\circ` is 90, `3k` and `(3, 7)` none."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in ".。,，"):
        end -= 1
    if _ONLY_TEXT.fullmatch(text, start, end) and not _DIGIT.search(text, start, end):
        return Formula(None, False, True, start, end)
    lead = _BEFORE.match(text, start, end)
    at = lead.end() if lead else start
    number = first_number(text, at, end, fractions)
    if number is not None and not text[at : number.start].strip(" {"):
        tail = _BEHIND.match(text, number.end, end)
        whole = tail is not None and tail.end() == end and not _OPERATION.search(text, number.end, end)
        if whole and not (number.scale == 3 and text[number.end - 1] in "kK"):
            return Formula(number, False, False, start, end)
    undone = _DIGIT.search(text, start, end) is not None and _ARITHMETIC.fullmatch(text, start, end) is not None
    undone = undone and "," not in text[start:end]  # a pair is a value: `(3, 7)`
    return Formula(None, undone, False, start, end)
