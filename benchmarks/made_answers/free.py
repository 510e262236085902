"""Made answers to free problems: values that are no plain number, and other spellings of expressions."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace

from benchmarks.made_answers import Made, free_equals, free_equals_four, free_equals_three, free_values
from benchmarks.made_answers.free_forms import LATEX, QUESTIONS, SOLUTIONS, WORDS
from benchmarks.made_answers.others import boxes
from data_convert.practice import english
from data_convert.practice.english.latex import Problem

_FAMILIES = {
    "one": free_equals.ONE,
    "two": free_equals.TWO,
    "three": free_equals_three.THREE,
    "four": free_equals_four.FOUR,
}
_STEPS = ("n + 4", "2x - 1", r"\frac{7}{12}", "(4, 15)", "113", r"\sqrt{17}")
_NUMBER = re.compile("@([nmlh])")
_DRAWN = re.compile("@([abcdoexyruvgtqmips])")


def answers(count: int, name: str, seed: str) -> Iterator[Made]:
    """Yield `count` made answers of set `name`; the same for the same seed.

    In turn: a value that is no number against a number (some are the number itself, right), an expression, right or
    wrong; every tenth is a made competition problem of the kit instead.
    """
    rng = random.Random(f"free:{name}:{seed}")
    problems = english.problems(rng)
    for number in range(count):
        if number % 10 == 9:
            yield _competition(rng, name, next(problems))
        else:
            yield (_equal if number % 2 else _no_number)(rng, name)


def _competition(rng: random.Random, name: str, problem: Problem) -> Made:
    gold = boxes(problem.solution)[-1]
    right = rng.random() < 0.5
    value = gold if right else re.sub(r"[0-9]+(?=[^0-9]*$)", lambda match: str(int(match[0]) + 1), gold)
    right = right or value == gold
    made = _answer(rng, name, "competition problem", gold, value, right, False)
    return replace(made, question=problem.problem, reference=problem.solution)


def _no_number(rng: random.Random, name: str) -> Made:
    gold, other, third = rng.sample(range(10, 100), 3)
    numbers = {"n": str(gold), "m": str(other), "l": str(third), "h": str(rng.choice([2, 3, 4, 5, 6, 7, 8]))}
    if rng.random() < 0.25:
        return _answer(rng, name, "number", str(gold), str(gold), True, False)
    if rng.random() < 0.12:
        wrong = rng.choice((str(other), f"-{gold}", f"{gold}{other}"))
        return _answer(rng, name, "number", str(gold), wrong, False, False)
    in_words = rng.random() < 0.3
    kinds = (free_values.WORDS if in_words else free_values.LATEX)[name]
    kind = rng.choice(list(kinds))
    value = _NUMBER.sub(lambda match: numbers[match[1]], rng.choice(kinds[kind]))
    return _answer(rng, name, kind, str(gold), value, False, in_words)


def _equal(rng: random.Random, name: str) -> Made:
    family, gold, right, wrong = rng.choice(_FAMILIES[name])
    drawn = _draw(rng)
    is_right = rng.random() < 0.5

    def fill(text: str) -> str:
        return _DRAWN.sub(lambda match: drawn[match[1]], text)

    value = fill(rng.choice((*right, gold) if is_right else wrong))
    return _answer(rng, name, f"expression: {family}", fill(gold), value, is_right, False)


def _draw(rng: random.Random) -> dict[str, str]:
    a, b, c, d = rng.sample(range(2, 10), 4)
    odd, even = rng.choice((1, 3, 5, 7, 9)), rng.choice((2, 4, 8, 16))
    low = rng.randint(-9, 5)
    root = rng.choice((2, 3, 5, 7, 11))
    return {
        "a": str(a),
        "b": str(b),
        "c": str(c),
        "d": str(d),
        "o": str(odd),
        "e": str(even),
        "x": str(low),
        "y": str(low + rng.randint(1, 9)),
        "r": str(root),
        "i": str(a * a * root),
        "u": bin(a + 4)[2:],
        "v": bin(a + 9)[2:],
        "g": str(a),
        "t": str(2**a),
        "q": f"{odd / 4:g}",
        "m": str(2 * a + 1),
        "p": str(a * b),
        "s": str(a + b),
    }


def _answer(rng: random.Random, name: str, kind: str, gold: str, value: str, right: bool, in_words: bool) -> Made:
    form = rng.choice((WORDS if in_words else LATEX)[name])
    said, shown = form[:30], value if in_words else f"${value}$"
    while "@z" in form:
        form = form.replace("@z", rng.choice(_STEPS), 1)
    text = form.replace("@x", shown).replace("@y", value)
    reference = rng.choice(SOLUTIONS).replace("@y", gold)
    return Made(f"free: {kind}", said, rng.choice(QUESTIONS), reference, text, right)
