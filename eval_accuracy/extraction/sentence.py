"""What a sentence is about where no name and no sign says so: its last number that is not beside the point."""

from __future__ import annotations

import re

from eval_accuracy.extraction.content import goes_on, is_bounded, is_ordinal
from eval_accuracy.extraction.english_numerals import NUMERAL as ENGLISH
from eval_accuracy.extraction.numbers import VULGAR, Number, digits_in, english_number, last_chinese_number, last_number
from eval_accuracy.extraction.words import COUNTED_EN, COUNTED_ZH, COUNTER_EN, COUNTER_ZH, english

_MOST_NUMBERS = 8
# "3 apples, " -> "3"
_DIGIT = re.compile(rf"[0-9{VULGAR}]")
# A number that says in how many days, of how many, per what.
# "ran 87 m in " -> "in "
_ADJUNCT = re.compile(
    r"(?<![A-Za-z])(?:in|of|per|every|each|within|after|over|by|from|than|at|on|day|with)\s(?:the\s|all\s|just\s"
    r"|only\s)?\$?$|[每第]\s?$",
    re.IGNORECASE,
)
# "3 + " -> "3 + "
# "√" -> "√"
_OPERATOR = re.compile(r"(?:[0-9)][ \t]{0,3}[-+*/×÷^]|[√<>≤≥^±])[ \t]{0,3}\(?$")
# A number that counts steps or pages of the solution, and one that numbers them.
# " steps in" -> " steps"
_COUNTED = re.compile(rf"\s?(?:{english(COUNTED_EN)}|(?:{COUNTED_ZH}))", re.IGNORECASE)
# "on page " -> "page "
_COUNTER = re.compile(rf"(?:{english(COUNTER_EN)}|(?:{COUNTER_ZH}))[\s:#.]{{0,3}}$", re.IGNORECASE)
# A word that no formula, and no list of numbers, holds.
# "There's -39" -> "There"
_WORDS_OF_PROSE = re.compile(
    r"(?<![A-Za-z\\{])(?!(?:or|and|to|than|less|more|greater|least|most|at|between|not|either|maybe|mod|text|cm|mm"
    r"|km|kg|pi|sqrt|perhaps|from)\b|sin|cos|tan|log|ln\b)[A-Za-z]{2,}"
    r"|[\u3400-\u9fff](?<![或和与至到是大小于等少多不间介最])",
    re.IGNORECASE,
)
# Prose: three words in a row, or several Chinese characters.
# "has the value" -> "has the value"
_PROSE = re.compile(
    r"(?<![A-Za-z\\])(?!(?:or|and|to|the|than|less|more|least|most|at|between|not|either"
    r"|maybe)\b)[A-Za-z]{3,}\s+[A-Za-z]{2,}\s+[A-Za-z]{2,}|[\u3400-\u9fff]{5}"
)


def last_in(text: str, start: int, end: int, fractions: bool, given: frozenset[str] = frozenset()) -> Number | None:
    """Return the number that a sentence is about: its last plain one, but for those that are beside the point.

    Args:
        text: as `numbers.plain` returns it.
        start: where the sentence begins.
        end: where it ends.
        fractions: whether p/q is a number.
        given: the numbers of the question: one of these is passed over where the sentence has another.

    `It costs 42 dollars to buy 6 tickets in 2 days` is about 42 where the question speaks of 6 tickets.
    """
    if not _DIGIT.search(text, start, end):
        first = english_number(text, start + len(text[start:end]) - len(text[start:end].lstrip()), end)
        return first if first and first.value != 1 else last_chinese_number(text, start, end)
    last, stop, beside = None, end, None
    for _ in range(_MOST_NUMBERS):
        number = last_number(text, start, stop, fractions)
        if number is None or _is_part(text, start, number, end):
            break
        last = last or number
        digits = digits_in(text, number.start, number.end)
        if is_bounded(text[start : number.start]):
            return None
        if (
            not given.issuperset(digits)
            and not is_ordinal(text, number.end, end)
            and not is_counter(text, start, number, end)
        ):
            if not _ADJUNCT.search(text, max(start, number.start - 14), number.start):
                return number
            beside = beside or number
        stop = number.start
    if last is None:
        return None
    # Its numbers in digits are all the question's own: the other one may be written out.
    return (
        (last_chinese_number(text, start, end, 2) or _spoken(text, start, end) if beside is None else None)
        or beside
        or last
    )


def _is_part(text: str, start: int, number: Number, end: int) -> bool:
    """Tell whether a number is part of a formula."""
    before = text[max(start, number.start - 12) : number.start]
    return _OPERATOR.search(before) is not None or goes_on(text, number.end, end)


def _spoken(text: str, start: int, end: int) -> Number | None:
    """Return the last number of two or more English words."""
    found = [match for match in ENGLISH.finditer(text, start, end) if " " in match[0] or "-" in match[0]]
    return english_number(text, found[-1].start(), end) if found else None


def is_counter(text: str, start: int, number: Number, end: int) -> bool:
    """Tell whether a number counts or numbers steps, pages or ways of the solution: `3 steps`, `第 2 步`, `page 7`."""
    return (
        _COUNTED.match(text, number.end, end) is not None
        or _COUNTER.search(text, max(start, number.start - 20), number.start) is not None
    )


def is_formula(text: str, start: int, end: int, words: bool) -> bool:
    """Tell whether a part is a formula or a list of numbers, with few words; with `words` it needs no digit."""
    if not words and not _DIGIT.search(text, start, end):
        return False
    return _WORDS_OF_PROSE.search(text, start, end) is None


def is_prose(text: str, start: int, end: int) -> bool:
    """Tell whether a part is a sentence rather than a formula with a few words."""
    return _PROSE.search(text, start, end) is not None
