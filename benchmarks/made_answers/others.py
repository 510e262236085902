r"""Readers to compare the kit's with, on the same answers.

`math_verify`: the package Math-Verify (not installed with the kit), with its default extraction; a decimal that it
reads may also be the gold value rounded as rule `rounded` allows, so that both are held to one rule. Of choices it
reads a letter with its string extraction.

`opencompass`: a plain rebuilding, in own words, of what OpenCompass does with replies: of math the last `\boxed{}`,
else what follows a phrase of answering, else the last number before another question; of choices the first of a list
of phrases that fits, else the first letter that stands alone.
"""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import cache
from typing import Any

from benchmarks.made_answers import Made
from benchmarks.made_answers.choice_questions import LETTERS
from benchmarks.made_answers.readers import Reading
from benchmarks.made_answers.values import Gold, is_right

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_FRACTION = re.compile(r"(-?\d+)/(\d+)")
_SECONDS = 2


def missing(reader: str) -> str:
    """Return what a reader lacks to run; empty where it lacks nothing."""
    if reader == "math-verify" and importlib.util.find_spec("math_verify") is None:
        return "math-verify is left out: pip install math-verify==0.9.0 brings it"
    return ""


def math_verify(made: Made) -> Reading:
    """Read with Math-Verify."""
    parse, verify, letters = _math_verify()
    if made.is_choice:
        found = parse(made.text, [letters], parsing_timeout=_SECONDS)
        letter = str(found[-1]).upper() if found else ""
        return Reading(letter == made.reference, letter)
    gold_text = reference_value(made.reference)
    gold = parse(f"${gold_text}$", parsing_timeout=_SECONDS)
    found = parse(made.text, parsing_timeout=_SECONDS)
    right = bool(verify(gold, found, timeout_seconds=_SECONDS)) or any(
        _rounded(shown, gold_text) for shown in found if isinstance(shown, str)
    )
    return Reading(right, str(found[-1]) if found else "", str(found))


@cache
def _math_verify() -> tuple[Callable[..., list[Any]], Callable[..., bool], Any]:
    package = importlib.import_module("math_verify")
    for name in ("math_verify", "latex2sympy2_extended"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return package.parse, package.verify, package.StringExtractionConfig(strings=tuple(LETTERS))


def reference_value(reference: str) -> str:
    r"""Return a reference's value: what is boxed, else what stands behind its last sign of equality or colon."""
    if boxed := boxes(reference):
        return boxed[-1]
    last = re.split("[=：:]", reference)[-1]
    match = _FRACTION.search(last) or _NUMBER.search(last)
    return match[0] if match else last.strip()


def boxes(text: str) -> list[str]:
    r"""Return the contents of every complete \boxed{}."""
    found = []
    for start in re.finditer(r"\\boxed\s*\{", text):
        depth, at = 1, start.end()
        while at < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        if not depth:
            found.append(text[start.end() : at - 1])
    return found


def _rounded(shown: str, gold_text: str) -> bool:
    """Tell whether a plain number is right under rule `rounded`; no, where either is no plain number."""
    shown = shown.replace(",", "").strip("$ ")
    if not _NUMBER.fullmatch(shown):
        return False
    try:
        value = Fraction(gold_text) if "/" in gold_text else Fraction(Decimal(gold_text))
    except (ValueError, InvalidOperation):
        return False
    return is_right(shown, Gold("", gold_text, value, value))


_FINAL = re.compile(r"(?:final answer|answer|答案)\s*(?:is|be|是|为|应为|[:：])\s*(.+)", re.IGNORECASE)
_OTHER_QUESTION = re.compile(r"Question:|问题：|题目：|\nQ:")


def opencompass(made: Made) -> Reading:
    """Read as OpenCompass does, on the whole."""
    if made.is_choice:
        count = sum(f"\n{letter}" in made.question or f"\n({letter}" in made.question for letter in LETTERS)
        letter = first_option(made.text, LETTERS[:count])
        return Reading(letter == made.reference, letter)
    gold = reference_value(made.reference)
    found = _math_text(made.text)
    same = _squeezed(found) == _squeezed(gold)
    return Reading(bool(found) and (same or _rounded(found, gold)), found)


def _math_text(text: str) -> str:
    if boxed := boxes(text):
        return boxed[-1]
    asked = _OTHER_QUESTION.search(text, 1)
    text = text[: asked.start()] if asked else text
    if finals := _FINAL.findall(text):
        tail = str(finals[-1])
        math = re.search(r"\$([^$]+)\$", tail)
        if math:
            return math[1]
        text = tail.split("\n")[0]
        number = _FRACTION.search(text) or _NUMBER.search(text)
        return number[0] if number else text.strip(" .。")
    numbers = _NUMBER.findall(text.replace(",", ""))
    return str(numbers[-1]) if numbers else ""


def _squeezed(text: str) -> str:
    return re.sub(r"\s|\\left|\\right|\\[,;! ]|\$", "", text).replace("dfrac", "frac").replace("tfrac", "frac")


# In order; {o} is the class of the options' letters.
_PHRASES: Sequence[str] = (
    r"答案(?:选项)?(?:是|为|应为|应该是|选)\s*[:：]?\s*选?项?\s*[(（\[]?([{o}])",
    r"答案\s*[:：]\s*选?项?\s*[(（\[]?([{o}])",
    r"(?:故选|应选|选择|所以选|我选|选)\s*[:：]?\s*[(（]?([{o}])(?![A-Za-z])",
    r"[Aa]nswer(?: is|:)\s*(?:option\s*)?[(\[*]*([{o}])\b",
    r"(?:correct|right) (?:answer|option|choice) is:?\s*(?:option\s*)?[(\[*]*([{o}])\b",
    r"([{o}])\s*(?:项|选项)?(?:是)?(?:正确|对的)",
    r"([{o}]) is (?:correct|right|the answer)",
    r"(?:是|为|选)\s*选?项?[:：]?\s*([{o}])[。.]?$",
    r"^\s*选?项?([{o}])\s*(?:$|[.。,，:：、)）\s])",
    r"^[(（\[]([{o}])[)）\]]",
    r"\\boxed\s*\{{\s*(?:\\text\s*\{{)?\(?([{o}])",
    r"(?<![A-Za-z])([{o}])(?![A-Za-z])",
)


def first_option(text: str, letters: str) -> str:
    """Return the option of the first phrase that fits; empty where none does."""
    for phrase in _PHRASES:
        if match := re.search(phrase.format(o=letters), text, re.MULTILINE):
            return match[1]
    return ""
