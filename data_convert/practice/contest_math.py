"""Practice math at the stage-1 corpus' size: 800,000 Chinese template problems with repeats, then 9,993 English ones.

The corpus was drawn type by type, so its small types repeat: n draws from s equally likely questions leave about
s(1 - e^(-n/s)) distinct ones. The published distinct counts give the draws back: 8,665 areas of 100 x 100 are 20,000
draws, 6,275 discounts and 6,266 sales 10,000 each, 39,227 roots and 39,207 powers 40,000, 40,080 equations of 200 x 201
some 240,000; operations, functions and means hardly repeat; one of the 45 fractions occurs 480 times, as it does in
20,000 draws. What then remains of 800,000 is 20,000 masses.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from itertools import accumulate, islice

from core.tasks.math import MathQuestion
from core.text.records import Record
from data_convert.practice import english
from data_convert.practice.distinct import distinct
from data_convert.practice.english_forms import english_form
from data_convert.typed.solver import question_text, solution

# Records of the corpus: template problems, distinct ones among them, English problems (all distinct).
TEMPLATED, DISTINCT, ENGLISH = 800_000, 538_949, 9_993


def _hundredths(number: int) -> str:
    return f"{number / 100:.2f}"


def _two(rng: random.Random) -> tuple[str, ...]:
    return _hundredths(rng.randint(-1_000_000, 1_000_000)), _hundredths(rng.randint(-1_000_000, 1_000_000))


def _division(rng: random.Random) -> tuple[str, ...]:
    divisor = rng.randint(1, 1_000_000) * rng.choice((-1, 1))
    return _hundredths(rng.randint(-1_000_000, 1_000_000)), _hundredths(divisor)


def _power(rng: random.Random) -> tuple[str, ...]:
    base = rng.randint(1, 100_000) * rng.choice((-1, 1))
    return _hundredths(base), str(rng.randint(0, 5))


def _sqrt(rng: random.Random) -> tuple[str, ...]:
    return (_hundredths(rng.randint(0, 1_000_000)),)


def _equation(rng: random.Random) -> tuple[str, ...]:
    return str(rng.randint(1, 100) * rng.choice((-1, 1))), str(rng.randint(-100, 100))


def _function(rng: random.Random) -> tuple[str, ...]:
    return _hundredths(rng.randint(1, 1000)), str(rng.randint(1, 100)), str(rng.randint(1, 99))


def _mean(rng: random.Random) -> tuple[str, ...]:
    return tuple(str(rng.randint(1, 100)) for _ in range(rng.randint(3, 10)))


def _up_to_100(rng: random.Random) -> tuple[str, ...]:
    return str(rng.randint(1, 100)), str(rng.randint(1, 100))


def _mass(rng: random.Random) -> tuple[str, ...]:
    return str(rng.randint(1, 10)), str(rng.randint(1, 10))


def _fraction(rng: random.Random) -> tuple[str, ...]:
    top, bottom = sorted(rng.sample(range(1, 11), 2))
    return str(top), str(bottom)


# Draws of each type among the 800,000, and how its operands are drawn.
_TYPES: dict[str, tuple[int, Callable[[random.Random], tuple[str, ...]]]] = {
    "add": (90_000, _two),
    "sub": (90_000, _two),
    "mul": (90_000, _two),
    "div": (90_000, _division),
    "equation": (240_000, _equation),
    "power": (40_000, _power),
    "sqrt": (40_000, _sqrt),
    "function": (20_000, _function),
    "mean": (20_000, _mean),
    "area": (20_000, _up_to_100),
    "mass": (20_000, _mass),
    "fraction": (20_000, _fraction),
    "discount": (10_000, _up_to_100),
    "sales": (10_000, _up_to_100),
}
TYPES = (*_TYPES, "english")


def questions(rng: random.Random, types: Collection[str] = TYPES) -> Iterator[MathQuestion]:
    """Yield questions of the Chinese templates without end, the types in the corpus' proportions; repeats occur."""
    names = [name for name in _TYPES if name in types]
    bounds = list(accumulate(_TYPES[name][0] for name in names))
    while True:
        name = rng.choices(names, cum_weights=bounds)[0]
        yield MathQuestion(name, _TYPES[name][1](rng))


def default_count(language: str, unique: bool) -> int:
    """Return the corpus' number of records: its distinct ones with `unique`, no free-form problems in Chinese."""
    return (DISTINCT if unique else TEMPLATED) + (0 if language == "zh" else ENGLISH)


def records(
    count: int, seed: int, language: str = "both", types: Collection[str] = TYPES, unique: bool = False
) -> Iterator[Record]:
    """Yield `count` records, the same for the same arguments; the template problems first, as in the corpus.

    Args:
        count: number of records, divided between templates and free-form English as in the corpus.
        seed: of the draws.
        language: "both" is the corpus' look, Chinese templates and English free-form problems; "zh" the templates
            alone; "en" the templates in English words and the free-form problems.
        types: the types to draw, of `TYPES`; "english" are the free-form problems.
        unique: no problem twice; else the templates repeat as in the corpus. Free-form problems are always distinct.

    Raises:
        InputError: there are not so many distinct problems.
    """
    free = _free_form_share(count, language, types, unique)
    rng = random.Random(f"math:{seed}")
    drawn: Iterator[tuple[str, str, str]]
    if language == "en":
        drawn = (("english", *english_form(question, rng)) for question in questions(rng, types))
        if unique:
            drawn = distinct(drawn, lambda item: item[1])
    else:
        asked = questions(rng, types)
        asked = distinct(asked, question_text) if unique else asked
        drawn = ((question.type, question_text(question), solution(question)) for question in asked)
    problems = distinct(english.problems(random.Random(f"english:{seed}")), lambda item: item.problem)
    written = (("english", item.problem, item.solution) for item in problems)
    parts = (islice(drawn, count - free), islice(written, free))
    for number, (kind, problem, solved) in enumerate(item for part in parts for item in part):
        yield Record(str(number), "math", problem, solved, f"practice:{number}", {"type": kind})


def _free_form_share(count: int, language: str, types: Collection[str], unique: bool) -> int:
    if language == "zh" or "english" not in types:
        return 0
    if not set(types) - {"english"}:
        return count
    return round(count * ENGLISH / default_count("both", unique))
