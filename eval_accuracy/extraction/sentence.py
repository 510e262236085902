"""What a sentence is about where no name and no sign says so: its last number that is not beside the point."""

from __future__ import annotations

import re

from eval_accuracy.extraction.bounds import is_compared
from eval_accuracy.extraction.content import goes_on, is_ordinal
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
    r"|only\s)?\$?$|[每第]\s?$|(?<![A-Za-z])for\s$",
    re.IGNORECASE,
)
# "3 + " -> "3 + "
# "√" -> "√"
_OPERATOR = re.compile(r"(?:[0-9)][ \t]{0,3}[-+*/×÷^]|[√<>≤≥^±])[ \t]{0,3}\(?$")
# Before the second of two values.
# "3 or " -> "3 or "
# "3 到 " -> "3 到 "
_ALTERNATIVE = re.compile(
    r"[0-9)}$%][^0-9,，;；]{0,16}?(?:(?<![A-Za-z])(?:or\s(?:(?:maybe|perhaps|possibly|about|even|else)\s)?|to\s)"
    r"|或者?|还是|到|至(?![少多今]))[\s$\\(*]{0,6}(?:可能|也许)?是?\s?$",
    re.IGNORECASE,
)
# "twenty-one" -> "twenty"
_WORD = re.compile("[A-Za-z]+")
# A number that counts steps or pages of the solution, and one that numbers them.
# " steps in" -> " steps"
_COUNTED = re.compile(rf"\s?(?:{english(COUNTED_EN)}|(?:{COUNTED_ZH}))", re.IGNORECASE)
# "How many pages has it?" -> "pages"
_COUNTED_NOUN = re.compile(rf"{english(COUNTED_EN)}|[几多少0-9](?:{COUNTED_ZH})", re.IGNORECASE)
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


def last_in(
    text: str,
    start: int,
    end: int,
    fractions: bool,
    given: frozenset[str] = frozenset(),
    counting: bool = False,
) -> tuple[Number, bool] | None:
    """Return the number that a sentence is about, its last plain one, and whether that is beside the point.

    Args:
        text: as `numbers.plain` returns it.
        start: where the sentence begins.
        end: where it ends.
        fractions: whether p/q is a number.
        given: the numbers of the question: one of these is passed over where the sentence has another.
        counting: the question asks about pages, points or steps itself.

    `It costs 42 dollars to buy 6 tickets in 2 days` is about 42 where the question speaks of 6 tickets.
    """
    if not _DIGIT.search(text, start, end):
        said = _spoken(text, start, end) or last_chinese_number(text, start, end)
        return (said, False) if said else None
    last, stop, beside = None, end, None
    for _ in range(_MOST_NUMBERS):
        number = last_number(text, start, stop, fractions)
        if number is None or _is_part(text, start, number, end):
            break
        last = last or number
        digits = digits_in(text, number.start, number.end)
        if is_compared(text[start : number.start]):
            return None
        if (
            not given.issuperset(digits)
            and not is_ordinal(text, number.end, end)
            and (counting or not is_counter(text, start, number, end))
        ):
            if not _ADJUNCT.search(text, max(start, number.start - 14), number.start):
                return number, False
            beside = beside or number
        stop = number.start
    if last is None:
        return None
    # Its numbers in digits are all the question's own: the other one may be written out.
    if said := last_chinese_number(text, start, end, 2) or _spoken(text, start, end, 2):
        return said, False
    return beside or last, True


def _is_part(text: str, start: int, number: Number, end: int) -> bool:
    """Tell whether a number is part of a formula."""
    before = text[max(start, number.start - 12) : number.start]
    alternative = _ALTERNATIVE.search(text, max(start, number.start - 60), number.start)
    return _OPERATOR.search(before) is not None or alternative is not None or goes_on(text, number.end, end)


def _spoken(text: str, start: int, end: int, words: int = 1) -> Number | None:
    """Return the last number in at least so many English words, which is not `one` or `half`."""
    found = [match for match in ENGLISH.finditer(text, start, end) if len(_WORD.findall(match[0])) >= words]
    numbers = [english_number(text, match.start(), end) for match in found]
    several = [number for number in numbers if number and (words > 1 or number.value > 1)]
    return several[-1] if several else None


def counts(question: str) -> bool:
    """Tell whether a question speaks of pages, points or steps, so that a number of them may be its answer."""
    return _COUNTED_NOUN.search(question) is not None


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
