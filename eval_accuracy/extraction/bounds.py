"""What makes a value more, or less, than the number that stands in it: `at least 7`, `x > 7`, `the cube of 7`."""

from __future__ import annotations

import re

from eval_accuracy.extraction.words import (
    BEHIND_EN,
    BEHIND_ZH,
    BOUND_EN,
    BOUND_ZH,
    COMPARED_EN,
    COMPARED_ZH,
    NUMERAL_WORDS,
    either,
    english,
)

# "结果大于 5" -> "大于"
# "is at least 7" -> "at least"
_COMPARED = re.compile(rf"[<>≤≥]|{english(COMPARED_EN)}|{either(COMPARED_ZH)}", re.IGNORECASE)
_SPOILS = rf"[<>≤≥±√]|{english(COMPARED_EN, BOUND_EN)}|{either(COMPARED_ZH, BOUND_ZH)}"
# Words before a formula, which has its own signs.
# "x > " -> ">"
_WORDS_BEFORE = re.compile(_SPOILS, re.IGNORECASE)
# Words and signs before a number: an operator too, and another number.
# "x > " -> ">"
# "k × " -> "× "
_BEFORE = re.compile(
    r"[≠^|!∈∪∩∞π]|[×÷/]\s{0,3}[({\[$]{0,2}$|(?<![*\s])(?<![A-Za-z]{2})\s{0,3}(?:[-+]|\*(?!\*))\s{0,3}[({\[$]{0,2}$"
    r"|\\(?!(?:text|textbf|mathbf|mathrm|displaystyle|left|boxed|fbox|,|;|!|quad|qquad|\(|\[|\$|\s|therefore|because"
    rf"|implies|Rightarrow|approx|newline|\\)(?![a-z]))|{_SPOILS}|(?<![A-Za-z])[a-zA-Z]\s?[({{]$|[0-9]",
    re.IGNORECASE,
)
# What a function of a number is called: `the cube of 7`, but not `a total of 7` or `the number of apples`.
# "the remainder of " -> "the remainder of "
_FUNCTION = re.compile(
    r"(?<![A-Za-z])(?:the|its|their|twice|half)\s(?!(?:answer|result|value|number|amount|total|sum|count|quantity|score"
    r"|distance|price|cost|age|mean|average)\b)[a-z]+(?:\s[a-z]+){0,2}\sof\s(?:the\s(?:number|integer)\s)?[$\\(*]{0,4}$",
    re.IGNORECASE,
)
# " or more" -> " or more"
_BEHIND = re.compile(
    rf"^\s{{0,3}}(?:[A-Za-z]{{1,20}}\s){{0,2}}?{english(BEHIND_EN)}"
    rf"|^\s{{0,3}}[\u3400-\u9fff]{{0,4}}?{either(BEHIND_ZH)}"
    rf"|^\s(?:of\s(?:\$|\\\(|[b-z]\b)|point\s(?:{NUMERAL_WORDS})\b|out\sof\s[-+$\\(]{{0,4}}[0-9])",
    re.IGNORECASE,
)


def is_compared(text: str) -> bool:
    """Tell whether words make a number more, or less, than it is: `at least`, 不超过."""
    return _COMPARED.search(text) is not None


def spoils_formula(text: str, start: int, end: int) -> bool:
    """Tell whether the words before a formula make its value another one: `the cube of $7$`."""
    return _WORDS_BEFORE.search(text, start, end) is not None or _FUNCTION.search(text, start, end) is not None


def spoils_number(text: str, start: int, end: int) -> bool:
    """Tell whether what stands before a number makes its value another one: `k × 7`, `less than 7`, `(3, 7`."""
    return _BEFORE.search(text, start, end) is not None or _FUNCTION.search(text, start, end) is not None


def goes_beyond(text: str) -> bool:
    """Tell whether the words behind a number make its value another one: `7 or more`, `7 squared`, `7 point five`."""
    return _BEHIND.search(text) is not None
