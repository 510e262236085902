"""Asking a templated math question in other words, its operands carried over verbatim."""

from __future__ import annotations

import re
from functools import lru_cache

from core.errors import KitError
from core.tasks.math import MathQuestion
from data_convert.answers.phrasings import PHRASINGS

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_SLOT = re.compile(r"(\{(?:[0-9]|data)\})")


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
    operands = [text.removeprefix("+") for text in asked.operands]
    text = template.format(*operands, data=", ".join(operands))
    expected = [word for item in _items(template, len(operands)) for word in _meant(item, operands)]
    if list(numbers_in(text)) != expected:
        raise KitError(f"the phrasing {template!r} does not carry the operands {asked.operands} verbatim")
    return text


def _meant(item: str, operands: list[str]) -> list[str]:
    if item == "{data}":
        return operands
    return [operands[int(item[1:-1])]] if item.startswith("{") else [item]


@lru_cache(maxsize=1024)
def _items(template: str, operands: int) -> tuple[str, ...]:
    """Return what a phrasing holds in its order: "{0}" for an operand, "{data}", or a number of its own."""
    pieces = [[part] if _SLOT.match(part) else numbers_in(part) for part in _SLOT.split(template)]
    items = tuple(item for piece in pieces for item in piece)
    slots = sorted(item for item in items if item.startswith("{"))
    if slots != ["{data}"] and slots != [f"{{{at}}}" for at in range(operands)]:
        raise KitError(f"the phrasing {template!r} does not hold each of {operands} operands once")
    return items
