"""What is stated, as a value: a plain number with its unit, another expression, arithmetic left undone, words."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import NamedTuple

from eval_accuracy.extraction.bounds import goes_beyond, spoils_formula, spoils_number
from eval_accuracy.extraction.formulas import CLOSING, REGION, inside, read_formula
from eval_accuracy.extraction.numbers import (
    VULGAR,
    Number,
    chinese_number,
    english_number,
    first_number,
    last_chinese_number,
)
from eval_accuracy.extraction.words import (
    CONCLUSION_EN,
    CONCLUSION_ZH,
    COPULA_EN,
    COPULA_ZH,
    either,
    english,
)

NUMBER, EXPRESSION, UNDONE, WORDS, EMPTY = "number", "expression", "undone", "words", "empty"

# Marks around a value, and words before it that leave it what it is.
_MARKS = (
    r"[\s*_`\"“”'‘’~:]|\$|\\[(\[,;!]|\\(?:boxed|fbox|text|textbf|mathbf|mathrm|mathbb|displaystyle|bf|large|Large"
    r"|huge|quad|qquad|left)(?![A-Za-z])\s?\{?"
    r"|[\u2190-\u21ff\u2300-\u2bff\ufe0f\U0001f000-\U0001faff]|A\)|<[a-z]{1,10}>"
    r"|\{(?=\s?[-+0-9.$\\])(?![^{}]{0,20}\\over)"
)
_MILD = (
    r"about|approximately|approx\.?|roughly|around|exactly|precisely|just|only|simply|equal\sto|a\stotal\sof"
    r"|in\stotal|the\s(?:number|value|amount|integer|decimal|fraction)|an?\s(?:final\s|grand\s)?(?:value|number|sum|difference|product|quotient|mean|average|area|mass|weight"
    r"|discount|profit|length|distance|cost|price|score|speed|rate|answer|result|height)\sof|thus|therefore"
    r"|then|hence|now|also|it's|it\sis|that's|this\sis|but|rather|而是|而|但是?"
    "|clearly|indeed|obviously|finally|约等于|大约|大概|约为?|近似|差不多|总共|一共|共|恰好|正好|刚好|整数|分数"
    "|小数|数字|数值|值|了|就|也"
)
# "  **$about 7" -> "  **$about "
_LEAD = re.compile(
    f"(?:{_MARKS}|{english(COPULA_EN, CONCLUSION_EN)}|(?:{_MILD})(?![A-Za-z])|{either(COPULA_ZH, CONCLUSION_ZH)}"
    r"|[≈≒=]|[xyXY]\s?=){0,24}",
    re.IGNORECASE,
)
# "7**. " -> "**. "
_TRAIL = re.compile(
    r"(?:\(\s?[√✓✔]\s?\)|[✓✔✅]|[\s*_`\"“”'‘’~。,，;；:!?！？]|(?<!\.)\.|\\[)\],;!]|(?<!\\)\$|</[a-z]{1,10}>)+$"
)
# The rest of an expression that a number begins. A unit's letter is none; a variable's is.
# " + 4" -> " + 4"
# "k × 12" -> " × 1"
_ARITHMETIC = re.compile(
    r"\s{0,3}(?:(?!\^\s?\{?\s?\\circ)[-+*/×÷^·]\s{0,3}[({\[√\\$]{0,3}[-+]?\s?[0-9(√\\{]|\\(?:times|div|cdot)"
    r"|[xX×]\s?[0-9(]|[加减乘除]以?上?去?\s?[-+0-9]|\([-+*/×÷^0-9.() √]{1,40}\))"
)
# r"\sqrt{3}" -> r"\sqrt"
_FORMULA = re.compile(
    r"\s{0,3}(?:[-+*/×÷^·]\s{0,3}[({\[√\\$]{0,3}(?:[a-zA-Zπθαβ](?![a-zA-Z])|\\)"
    r"|\^(?!\s?\{?\s?\\circ|\{?[23]\}?\s?[a-z])|[√π∞±≤≥≠<>∪∩∈]|_\s?[{(0-9]|(?:\*\*)(?=[0-9a-z])"
    r"|\\(?:sqrt|pi|frac|[dtc]frac|pm|mp|le|ge|leq|geq|lt|gt|ne|neq|in|cup|cap|binom|infty|pmod|mod|bmod|log|ln"
    r"|sin|cos|tan|alpha|beta|theta|mathrm\{i\}|choose|to|sim|cdots|ldots|dots|over|ell|lambda|mu|sigma|phi|omega"
    "|gamma|delta|epsilon|vec|overline|bar|hat)(?![a-z])"
    r"|[abcdefijknpqrtuvwxyzABCDEFGHIMNOPQRSTUXYZ](?![A-Za-z'°.])(?!\s?/\s?[a-z]{1,3}\b)(?<![ ]))"
)
# "(-5)^2" -> ")^"
_POWER_OF_BRACKET = re.compile(r"\s?[)\]}]{1,2}\s?(?:\^|\*\*|[*/×÷+-]\s?[0-9(√]|[²³⁴])(?!\s?\{?\s?\\circ)")
# "!$" -> "!"
_FACTORIAL = re.compile(r"\s?!(?=\s*(?:[$*/+)=^-]|\\[)\]]|[0-9])|!)")
# Behind the unit: a second value of a list, a range or a ratio.
# ", 7)" -> ", 7"
_SECOND = re.compile(
    r"[\s$*})%]{0,4}(?:\\text\s?\{)?\s{0,3}(?:[,，、;；:~～|&/]|\\,|\\;|to\b|or\b|and\b|through\b|vs\.?|versus"
    r"|或者?|和|与|及|至|到|以及|还是|-|\.\.\.?|\\(?:sim|to|ldots|cdots|dots|quad|qquad|&)|⋯|…)"
    r"(?:[\s$\\,(\[{]|text\s?\{|or\b|and\b|\}|else|maybe|perhaps|about|可能|也许|是|quad"
    r"|[a-z]\s?=){0,12}[-+]?[.]?[0-9½¼¾一二两三四五六七八九十]"
)
# r"\text{ cm}^2 of" -> r"\text{ cm}^2"
_UNIT = re.compile(
    r"[\s$*]{0,3}(?:\\(?:text|mbox|mathrm|textrm|,|;|!|:|\s)\s?\{?|[ ~]){0,4}"
    r"(?:(?:square|cubic|sq\.?|平方|立方)?\s?(?![或和与至到])[A-Za-z°℃%'’‰\u3400-\u9fff](?:(?![或和与至到])[A-Za-z°%\u3400-\u9fff./'’-]){0,24}"
    r"|\\(?:circ|degree|%)|\^\{?\\circ\}?|°|\\%)?"
    r"\}?(?:\s?\^?\s?\{?[23²³]\}?(?![0-9.,]))?\}?"
)
# "27th" -> "th"
_ORDINAL = re.compile(r"(?:st|nd|rd|th)(?![A-Za-z])")
# "3 apples, " -> "3"
_DIGIT = re.compile(rf"[0-9{VULGAR}]")
# "3x " -> "x "
_NAMED_BEFORE = re.compile(r"(?:(?<![A-Za-z])[b-zB-Z]|[)}\]])\s{0,2}$")
# "x + y" -> "x"
_MATHEMATICAL = re.compile(
    r"\\[a-zA-Z]{2,}|(?<![A-Za-z])[b-zB-HJ-Z](?![A-Za-z'])|[=<>≤≥±√π∞^+×÷∅∪∩∈]|[({\[]\s?[-a-z0-9]"
)


# " of 61" -> " of 6"
_OF_NUMBER = re.compile(r"\s?(?:of|的)\s?[-+$\\(]{0,4}[0-9]")
# "3 + x" -> " x"
_VARIABLE = re.compile(
    r"(?<![A-Za-z\\])[a-wyzA-WYZ](?![A-Za-z])|(?<![0-9\s])\s?x|\\(?:pi|sqrt|theta|alpha|infty)|[π√∞]"
)
# "3 m" -> " m"
_UNIT_LETTER = re.compile(
    r"\s?[mgLlshVWNJKCAtFTRQYM](?![A-Za-z0-9^_*+=(])|\s[a-zA-Z](?:\^?[23²³])?(?=\s|$|[.,;。，])|\s?[mM]\^?\{?[23]"
)
# Behind a formula: the rest of what it is part of.
# " factorial" -> " factorial"
_GOES_ON_BEHIND = re.compile(
    r"\s?(?:factorial|squared|cubed|thousand|million|billion|hundred|dozen|percent\sof|more\sthan|less\sthan|times"
    r"|plus|minus|divided|of\s\$|to\sthe)(?![A-Za-z])|\s?(?:[-+/=<>≤≥]|\*(?!\*))\s?[-$\\({\[0-9A-Za-z]|\^",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Content:
    """What a part of a text states.

    Attributes:
        kind: "number" (a plain one, with or without a unit), "expression" (a value that is no plain number: `(3, 7)`,
            `x > 3`, `3 or 7`), "undone" (arithmetic that nobody carried out: `3 + 4`), "words" or "empty".
        start, end: where it stands, without marks around it.
        number: the number; None for the other kinds.
        unit: what stands right behind the number.
    """

    kind: str
    start: int
    end: int
    number: Number | None = None
    unit: str = ""


class Ways(NamedTuple):
    r"""How contents are read.

    Attributes:
        fractions: whether p/q and \frac{p}{q} are numbers; else they are divisions left undone.
        free: whether arithmetic left undone is a value of its own: of a free problem it may be, of a template not.
    """

    fractions: bool
    free: bool = False


def read_content(text: str, start: int, end: int, ways: Ways, mathematical: bool = False) -> Content:
    r"""Read `text[start:end]` (plain text) as the one value it states.

    Args:
        text: as `numbers.plain` returns it.
        start: where the part begins.
        end: where it ends.
        ways: what counts as a number.
        mathematical: it begins within a formula (`$x = 3!$` after its `=`), where `3!` and `3k` are no plain numbers.

    `**7 cm**` is the number 7, `about 7, not 8` the number 7, `(3, 7)` an expression, `Monday` words.
    """
    content = _read(text, start, end, ways, mathematical)
    return replace(content, kind=EXPRESSION) if content.kind == UNDONE and ways.free else content


def _read(text: str, start: int, end: int, ways: Ways, mathematical: bool) -> Content:
    if mathematical:
        start += len(text[start:end]) - len(text[start:end].lstrip(" $"))
        closing = CLOSING.search(text, start, end)
        inner = (start, closing.start() if closing else end)
        return _of_formula(text, start, inner, (closing.end() if closing else end, end), ways)
    region = REGION.search(text, start, end)
    if region and not _DIGIT.search(text, start, region.start()):
        if spoils_formula(text, start, region.start()):
            return Content(EXPRESSION, start, region.end())
        return _of_formula(text, start, inside(region), (region.end(), end), ways)
    lead = _LEAD.match(text, start, end)
    first = lead.end() if lead else start
    trail = _TRAIL.search(text, first, end)
    last = trail.start() if trail else end
    if first >= last:
        return Content(EMPTY, first, first)
    number = _first(text, first, last, ways.fractions)
    if number is None:
        if _DIGIT.search(text, first, last):
            return Content(EXPRESSION, first, last)
        return Content(EXPRESSION if _MATHEMATICAL.search(text, first, last) else WORDS, first, last)
    kind, unit = _kind(text, first, last, number, ways.fractions)
    if kind != NUMBER:
        return Content(kind, first, last)
    return Content(NUMBER, first, last, number, unit)


def _of_formula(text: str, start: int, inner: tuple[int, int], after: tuple[int, int], ways: Ways) -> Content:
    """Return what a formula states, with what stands behind it: `$7$ cm`, `$7$ or $8$`."""
    found = read_formula(text, *inner, ways.fractions)
    if found.start >= found.end:
        return Content(EMPTY, found.start, found.start)
    unit = _UNIT.match(text, *after)
    behind_unit = (unit.end() if unit else after[0], after[1])
    if _SECOND.match(text, *behind_unit) and _DIGIT.search(text, *inner):
        return Content(EXPRESSION, found.start, after[1])
    if _SECOND.match(text, *after) or goes_beyond(text[slice(*after)]) or _GOES_ON_BEHIND.match(text, *after):
        return Content(EXPRESSION, found.start, after[1] if _SECOND.match(text, *after) else found.end)
    if found.number is not None:
        behind = text[found.number.end : found.end].strip() or (unit[0].strip() if unit else "")
        return Content(NUMBER, found.start, found.end, found.number, behind)
    return Content(UNDONE if found.undone else WORDS if found.words else EXPRESSION, found.start, found.end)


def last_formula(text: str, start: int, end: int, ways: Ways) -> Content | None:
    """Return what the last formula of a sentence states, where no number follows it; None without one."""
    regions = list(REGION.finditer(text, start, end))
    if not regions or _DIGIT.search(text, regions[-1].end(), end):
        return None
    before = max(start, regions[-1].start() - 24)
    if spoils_formula(text, before, regions[-1].start()):
        return Content(EXPRESSION, before, regions[-1].end())
    return _of_formula(text, start, inside(regions[-1]), (regions[-1].end(), end), ways)


def stands_first(text: str, start: int, content: Content) -> bool:
    """Tell whether nothing but marks and words like `so` or `about` stands before a content."""
    lead = _LEAD.match(text, start, content.start)
    return not text[lead.end() if lead else start : content.start].strip(" $\\([*_")


def goes_on(text: str, at: int, end: int) -> bool:
    """Tell whether the number that ends at a place is the beginning of an expression: `3 + 4`, `3k`, but not `3 m`."""
    if _ARITHMETIC.match(text, at, end):
        return True
    return _FORMULA.match(text, at, end) is not None and not _is_unit_letter(text, at, end)


def is_ordinal(text: str, at: int, end: int) -> bool:
    """Tell whether the number that ends at a place is an ordinal: `27th`."""
    return _ORDINAL.match(text, at, end) is not None


def _first(text: str, start: int, end: int, fractions: bool) -> Number | None:
    """Return the number that a part begins with in words, else its first in digits, else its last in Chinese."""
    spoken = chinese_number(text, start, end) or english_number(text, start, end)
    if spoken and (spoken.end == end or not _DIGIT.search(text, spoken.end, end)):
        return spoken
    if _DIGIT.search(text, start, end):
        return first_number(text, start, end, fractions)
    return last_chinese_number(text, start, end)


def _kind(text: str, start: int, end: int, number: Number, fractions: bool) -> tuple[str, str]:
    """Return the kind of a part with a number in it, and the number's unit."""
    at = number.end
    if _POWER_OF_BRACKET.match(text, at, end):
        return UNDONE, ""
    signed = text[number.start : number.start + 1] in "+-" and _NAMED_BEFORE.search(text, start, number.start)
    if signed or spoils_number(text, start, number.start):
        before = text[start : number.start]
        plain_sum = not any(
            char.isalpha() and char.isascii() for char in before.replace("\\times", "").replace("\\cdot", "")
        )
        return (UNDONE if plain_sum and _ARITHMETIC.match(text, at, end) else EXPRESSION), ""
    if number.percent and _OF_NUMBER.match(text, at, end):  # 39 percent of 61
        return EXPRESSION, ""
    if not fractions and number.fraction is None and _ARITHMETIC.match(text, at, end):
        return UNDONE, ""
    if _ORDINAL.match(text, at, end):
        return EXPRESSION, ""
    if _FACTORIAL.match(text, at, end + 1) and end > at + 2:
        return EXPRESSION, ""
    if _ARITHMETIC.match(text, at, end):
        variables = _variables(text, at, end)
        return (EXPRESSION if variables else UNDONE), ""
    if _FORMULA.match(text, at, end) and not _is_unit_letter(text, at, end):
        return EXPRESSION, ""
    unit = _UNIT.match(text, at, end)
    behind = unit.end() if unit else at
    if _SECOND.match(text, at, end) or _SECOND.match(text, behind, end) or goes_beyond(text[at:end]):
        return EXPRESSION, ""
    opened, closed = (
        text.count("(", start, at) + text.count("[", start, at),
        text.count(")", at, end) + text.count("]", at, end),
    )
    if opened and closed and "," in text[at:end] and _DIGIT.search(text, at, end):
        return EXPRESSION, ""
    return NUMBER, unit[0].strip() if unit else ""


def _variables(text: str, at: int, end: int) -> bool:
    return _VARIABLE.search(text, at, end) is not None


def _is_unit_letter(text: str, at: int, end: int) -> bool:
    return _UNIT_LETTER.match(text, at, end) is not None
