"""Answers of a form that was read before: the same words around another number are read the same way.

A model that was trained on a corpus ends its answers in a few ways (`方程的解为：-0.94`, `面积为 32 平方厘米`).
Such a line is read once for all numbers of a form, and another number put in the place of the first. A form holds
everything by which a pattern of this package could tell two numbers apart: the sign, how many digits stand before and
behind the point, and the digits themselves where they are at most two, or none but 0, 1 and 5 (`第1`, `0.01`, `1000`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from eval_accuracy.extraction.candidates import Asked
from eval_accuracy.extraction.content import NUMBER, Ways
from eval_accuracy.extraction.ending import has_other_answers
from eval_accuracy.extraction.english_numerals import NUMERAL as ENGLISH
from eval_accuracy.extraction.found import Found
from eval_accuracy.extraction.numbers import Number, last_chinese_number, whole_number
from eval_accuracy.extraction.sentence import is_counter
from eval_accuracy.extraction.statements import STATED

# So many forms are kept; a longer text is read as a whole.
_MOST_FORMS, _LONGEST = 1 << 14, 300
_DIGITS = r"(?P<sign>-?)(?P<whole>[0-9]{1,40})(?:\.(?P<places>[0-9]{1,60}))?"
# A line with one number.
# "面积为 32.5 平方厘米" -> {"before": "面积为 ", "whole": "32", "places": "5", "behind": " 平方厘米"}
# "形式为：7/10" -> {"before": "形式为：", "whole": "7", "more": "/10"}
_LINE = re.compile(
    rf"(?P<before>[^0-9\n]{{0,80}}?){_DIGITS}(?P<more>/[0-9]{{1,20}}|[eE][-+]?[0-9]{{1,4}})?(?P<behind>[^0-9\n]{{0,60}})"
)
_PART = r"[-+*/×÷^√0-9 ]|\.(?=[0-9])"
# An equation of numbers and signs.
# "(2 + 0.5) * 4 = 10" -> {"whole": "10"}
_EQUATION = re.compile(
    rf" {{0,9}}(?=[-0-9√(])(?!\([0-9]{{1,2}}\) )(?:{_PART}|\((?:{_PART}){{1,90}}\)){{1,120}}= {{0,3}}{_DIGITS}"
)
# Digits that patterns of this package name (`10`, `0.01`, `0.5`).
_NAMED_DIGITS = frozenset("015")
# "x = 7" -> "7"
_DIGIT = re.compile("[0-9]")


class _Key(NamedTuple):
    """What decides how a line is read."""

    before: str
    sign: str
    digits: str | tuple[int, int]
    more: str
    behind: str
    ends: bool
    behind_lines: bool
    type: str
    ways: Ways
    words: bool


class Form(NamedTuple):
    """The last line of a text, with one number in it.

    Attributes:
        key: what decides how it is read.
        line: where the line stands.
        number: where the number stands.
        digits: the number as it is written, with its sign.
        places: how many digits stand behind its point; -1 where it is a fraction, or has an exponent.
    """

    key: _Key
    line: tuple[int, int]
    number: tuple[int, int]
    digits: str
    places: int

    @property
    def behind_lines(self) -> bool:
        """Whether other lines stand before it."""
        return self.key.behind_lines


class _Known(NamedTuple):
    """How lines of a form are read; parts reach from so far before the number to so far behind its digits."""

    marker: str
    stage: str
    unit: str
    percent: bool
    behind: int
    clause: tuple[int, int]
    formula: tuple[int, int] | None


_KNOWN: dict[_Key, _Known] = {}


def of_equation(text: str, same: str) -> Found | None:
    """Return what a text states that is one equation of numbers, `3 + 4 = 7`: the number behind its `=`."""
    match = _EQUATION.fullmatch(same) if len(same) <= _LONGEST else None
    if match is None:
        return None
    start, end = match.start("sign"), match.end()
    number = Number(Decimal(same[start:end]), len(match["places"] or ""), start, end)
    return Found("=", text[start:end], number, STATED, text.strip())


def form_of(same: str, asked: Asked) -> Form | None:
    """Return the form of the last line of a text; None where it has not one number, or the question has the same."""
    end = len(same.rstrip())
    closing = same.find("\n", end)
    start, end = same.rfind("\n", 0, end) + 1, len(same) if closing < 0 else closing
    match = _LINE.fullmatch(same, start, end)
    if match is None:
        return None
    before, sign, whole, places, more, behind = match.groups()
    digits = f"{whole}.{places}" if places else whole
    if digits in asked.digits or (more and more.strip("/eE+-") in asked.digits):
        return None
    shape = digits if _is_named(digits) else (len(whole), len(places or ""))
    ending = _shape_of(more) if more else ""
    key = _Key(before, sign, shape, ending, behind, end < len(same), start > 0, asked.type, asked.ways, asked.words)
    place = (match.start("sign"), match.start("behind"))
    return Form(key, (start, end), place, same[slice(*place)], -1 if more else len(places or ""))


def _is_named(digits: str) -> bool:
    """Tell whether digits are few, or of those that patterns name."""
    return len(digits) < 3 or _NAMED_DIGITS.issuperset(digits.replace(".", ""))


def _shape_of(more: str) -> str:
    """Return `/` or the exponent's mark and sign, with the digits or how many they are."""
    digits = more.lstrip("/eE+-")
    return more if _is_named(digits) else f"{more[: -len(digits)]}{len(digits)} digits"


def recall(form: Form, text: str, same: str, asked: Asked) -> Found | None:
    """Return what a text of a known form states; None where the form is not known."""
    known = _KNOWN.get(form.key)
    if known is None or (form.behind_lines and has_other_answers(same, asked)):
        return None
    start, end = form.number
    place = (start, end + known.behind)
    return Found(
        known.marker,
        text[slice(*place)],
        _number(form, place, known.percent),
        known.stage,
        text[start - known.clause[0] : end + known.clause[1]],
        NUMBER,
        known.unit,
        text[start - known.formula[0] : end + known.formula[1]] if known.formula else "",
    )


def keep(form: Form, text: str, same: str, found: Found) -> None:
    """Keep how a text of a form was read, where that holds for every number of the form."""
    number, (start, end) = found.number, form.number
    if number is None or number.start != start or number.end < end or is_counter(same, form.line[0], number, end):
        return
    place = (start, number.end)
    if number != _number(form, place, number.percent) or found.span != text[slice(*place)]:
        return
    clause, formula = _around(found.clause, text, form), _around(found.formula, text, form)
    if _has_numerals(same, form) or _DIGIT.search(found.marker + found.unit) or not clause:
        return
    if found.formula and not formula:
        return
    if len(_KNOWN) >= _MOST_FORMS:
        _KNOWN.clear()
    _KNOWN[form.key] = _Known(
        found.marker, found.stage, found.unit, number.percent, number.end - end, clause, formula
    )  # fmt: skip


def _has_numerals(same: str, form: Form) -> bool:
    """Tell whether a line has another number, in words: the two may be compared."""
    parts = ((form.line[0], form.number[0]), (form.number[1], form.line[1]))
    return any(ENGLISH.search(same, *part) or last_chinese_number(same, *part) for part in parts)


def _around(part: str, text: str, form: Form) -> tuple[int, int] | None:
    """Return how far a part of a text reaches before and behind the number; None where it does not hold it."""
    start, end = form.number
    at = start - part.find(text[start:end])
    if at > start or at < form.line[0] or not text.startswith(part, at):
        return None
    return start - at, at + len(part) - end


def _number(form: Form, place: tuple[int, int], percent: bool = False) -> Number | None:
    """Return the number of a text, which stands at a place with its percent sign."""
    if form.places >= 0:
        return Number(Decimal(form.digits), form.places, *place, None, percent)
    number = whole_number(form.digits)
    return replace(number, start=place[0], end=place[1], percent=percent) if number else None
