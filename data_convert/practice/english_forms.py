"""The Chinese templates' questions in English: words of the kit's own, the values of the corpus' solver."""

from __future__ import annotations

import random
from functools import lru_cache

from core.tasks.math import MathQuestion
from data_convert.practice.knowledge import load
from data_convert.typed.solver import digits


def english_form(question: MathQuestion, rng: random.Random) -> tuple[str, str]:
    """Return an English wording of a question of one of the Chinese types, and of its solution."""
    wordings = _wordings()[question.type]
    fields = {"data": ", ".join(question.operands), "value": digits(question)}
    asked, solved = rng.choice(wordings["questions"]), rng.choice(wordings["solutions"])
    return asked.format(*question.operands, **fields), solved.format(*question.operands, **fields)


@lru_cache
def _wordings() -> dict[str, dict[str, list[str]]]:
    loaded: dict[str, dict[str, list[str]]] = load("math_en.yaml")
    return loaded
