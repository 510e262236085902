"""Asking a templated math question in other words, its operands carried over verbatim."""

from __future__ import annotations

import re
from functools import lru_cache

from core.errors import KitError
from core.math_types import MathQuestion
from data_convert.answers.phrasings import PHRASINGS

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_SLOT = re.compile(r"\{([0-9]|data)\}")


def numbers_in(text: str) -> tuple[str, ...]:
    """Return the numbers of a text as they are written, in their order; a minus sign right before one is its own."""
    return tuple(_NUMBER.findall(text))


def paraphrase(asked: MathQuestion, language: str, number: int) -> str:
    """Return the question in other words.

    Args:
        asked: a question of a templated type.
        language: "zh" or "en".
        number: which of the phrasings; counted round.

    Raises:
        KitError: the text does not hold exactly the operands (a defect of a phrasing).
    """
    choices = PHRASINGS[language][asked.type]
    template: str = choices[number % len(choices)]
    text = template.format(*asked.operands, data=", ".join(asked.operands))
    if numbers_in(text) != _expected(template, asked):
        raise KitError(f"the phrasing {template!r} does not carry the operands {asked.operands} of its question")
    return text


def _expected(template: str, asked: MathQuestion) -> tuple[str, ...]:
    written = [text.removeprefix("+") for text in asked.operands]
    expected: list[str] = []
    for item in _items(template):
        if item == "data":
            expected.extend(written)
        else:
            expected.append(written[int(item[1:])] if item.startswith("{") else item)
    return tuple(expected)


@lru_cache(maxsize=1024)
def _items(template: str) -> tuple[str, ...]:
    """Return what a template's text holds in its order: "{0}" for an operand, "data", or a number of its own."""
    items: list[str] = []
    at = 0
    for slot in _SLOT.finditer(template):
        items.extend(numbers_in(template[at : slot.start()]))
        items.append("data" if slot[1] == "data" else "{" + slot[1])
        at = slot.end()
    return (*items, *numbers_in(template[at:]))
