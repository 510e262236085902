"""Multiple-choice questions with drawn numbers: the right answer among near misses. Their words are data."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

Words = tuple[str, ...]
_ROMAN = {
    1000: "M",
    900: "CM",
    500: "D",
    400: "CD",
    100: "C",
    90: "XC",
    50: "L",
    40: "XL",
    10: "X",
    9: "IX",
    5: "V",
    4: "IV",
    1: "I",
}
_PRIMES = [
    number for number in range(11, 1000) if all(number % divisor for divisor in range(2, 32) if divisor < number)
]
# Odd, and no multiple of 5: they look like primes.
_COMPOSITES = [number for number in range(21, 1000, 2) if number % 5 and number not in set(_PRIMES)]


@dataclass(frozen=True)
class Made:
    """What a question is made of: the fields of its wording, the right answer, at least three wrong ones."""

    fields: dict[str, str]
    value: str
    wrong: list[str]


def _near(value: int, rng: random.Random) -> list[str]:
    """Return eight wrong numbers close to `value` in size or in digits, none of them negative."""
    shown = str(value)
    swapped = int(shown[:-2] + shown[-1] + shown[-2]) if len(shown) > 1 else value + 3
    candidates = [value + 1, value - 1, value + 2, value - 2, value + 10, value - 10, swapped, value * 10, value + 5]
    wrong = sorted({number for number in candidates if number >= 0 and number != value})
    return [str(number) for number in rng.sample(wrong, len(wrong))]


def _number(value: int, rng: random.Random, **fields: object) -> Made:
    return Made({name: str(field) for name, field in fields.items()}, str(value), _near(value, rng))


def _add(rng: random.Random, _: Words) -> Made:
    a, b = rng.randrange(10, 1000), rng.randrange(10, 1000)
    return _number(a + b, rng, a=a, b=b)


def _subtract(rng: random.Random, _: Words) -> Made:
    a = rng.randrange(20, 1000)
    b = rng.randrange(10, a)
    return _number(a - b, rng, a=a, b=b)


def _multiply(rng: random.Random, _: Words) -> Made:
    a, b = rng.randrange(2, 100), rng.randrange(2, 20)
    return _number(a * b, rng, a=a, b=b)


def _divide(rng: random.Random, _: Words) -> Made:
    value, b = rng.randrange(2, 100), rng.randrange(2, 20)
    return _number(value, rng, a=value * b, b=b)


def _perimeter(rng: random.Random, _: Words) -> Made:
    b = rng.randrange(2, 60)
    a = b + rng.randrange(1, 60)
    return _number(2 * (a + b), rng, a=a, b=b)


def _angle(rng: random.Random, _: Words) -> Made:
    a = rng.randrange(10, 120)
    b = rng.randrange(10, 170 - a)
    return _number(180 - a - b, rng, a=a, b=b)


def _sequence(rng: random.Random, _: Words) -> Made:
    first, step = rng.randrange(1, 30), rng.randrange(2, 15)
    kind = rng.randrange(4)
    if kind == 0:
        terms = [first + step * at for at in range(6)]
    elif kind == 1:
        factor = rng.choice((2, 3))
        terms = [first * factor**at for at in range(6)]
    elif kind == 2:
        terms = [first + step * at * (at + 1) // 2 for at in range(6)]
    else:
        terms = [first, first + step]
        while len(terms) < 6:
            terms.append(terms[-1] + terms[-2])
    return _number(terms[-1], rng, terms=", ".join(map(str, terms[:-1])))


def _extreme(rng: random.Random, choose: Callable[[list[str]], str]) -> Made:
    """Four numbers with the same whole part and one to three decimals: the longest need not be the largest."""
    whole = rng.randrange(10)
    numbers: dict[Fraction, str] = {}
    while len(numbers) < 4:
        places = rng.randrange(1, 4)
        text = f"{whole}.{rng.randrange(1, 10**places):0{places}d}"
        numbers.setdefault(Fraction(text), text)
    texts = list(numbers.values())
    value = choose(texts)
    return Made({}, value, [text for text in texts if text != value])


def _largest(rng: random.Random, _: Words) -> Made:
    return _extreme(rng, lambda texts: max(texts, key=Fraction))


def _smallest(rng: random.Random, _: Words) -> Made:
    return _extreme(rng, lambda texts: min(texts, key=Fraction))


def _prime(rng: random.Random, _: Words) -> Made:
    return Made({}, str(rng.choice(_PRIMES)), [str(number) for number in rng.sample(_COMPOSITES, 3)])


def _divisor(rng: random.Random, _: Words) -> Made:
    shared = rng.randrange(2, 25)
    a, b = rng.sample(range(2, 25), 2)
    return _number(math.gcd(a * shared, b * shared), rng, a=a * shared, b=b * shared)


def _multiple(rng: random.Random, _: Words) -> Made:
    a, b = rng.sample(range(2, 40), 2)
    return _number(math.lcm(a, b), rng, a=a, b=b)


def _percent(rng: random.Random, _: Words) -> Made:
    a, b = rng.randrange(1, 20) * 5, rng.randrange(1, 60) * 20
    return _number(a * b // 100, rng, a=a, b=b)


def _interest(rng: random.Random, _: Words) -> Made:
    a, b, years = rng.randrange(2, 10), rng.randrange(1, 100) * 100, rng.randrange(2, 8)
    return _number(a * b * years // 100, rng, a=a, b=b, years=years)


def _mean(rng: random.Random, _: Words) -> Made:
    count, last = rng.randrange(3, 6), 0
    while not 1 <= last <= 120:
        mean, terms = rng.randrange(10, 80), [rng.randrange(1, 90) for _ in range(count - 1)]
        last = count * mean - sum(terms)
    terms.append(last)
    return _number(mean, rng, terms=", ".join(map(str, terms)))


def _median(rng: random.Random, _: Words) -> Made:
    terms = rng.sample(range(1, 100), 5)
    return _number(sorted(terms)[2], rng, terms=", ".join(map(str, terms)))


def _equation(rng: random.Random, _: Words) -> Made:
    a, x, b = rng.randrange(2, 15), rng.randrange(1, 40), rng.randrange(1, 60)
    return _number(x, rng, a=a, b=b, c=a * x + b)


def _fractions(rng: random.Random, _: Words) -> Made:
    a, b = (Fraction(rng.randrange(1, 10), rng.randrange(2, 12)) for _ in range(2))
    total = a + b
    below = a.denominator + b.denominator
    wrong = {
        Fraction(a.numerator + b.numerator, below),
        total + 1,
        total + Fraction(1, 2),
        total + Fraction(1, below),
        abs(a - b),
    }
    return Made({"a": str(a), "b": str(b)}, str(total), sorted(str(number) for number in wrong - {total}))


def _binary(rng: random.Random, _: Words) -> Made:
    a = rng.randrange(5, 256)
    return Made({"a": str(a)}, f"{a:b}", [f"{int(number):b}" for number in _near(a, rng)])


def _hexadecimal(rng: random.Random, _: Words) -> Made:
    a = rng.randrange(17, 1024)
    return Made({"a": str(a)}, f"{a:X}", [f"{int(number):X}" for number in _near(a, rng)])


def _roman_text(number: int) -> str:
    text = ""
    for size, letters in _ROMAN.items():
        times, number = divmod(number, size)
        text += letters * times
    return text


def _roman(rng: random.Random, _: Words) -> Made:
    a = rng.randrange(4, 390)
    near = [int(number) for number in _near(a, rng)]
    return Made({"a": str(a)}, _roman_text(a), [_roman_text(number) for number in near if number])


def _letter(rng: random.Random, _: Words) -> Made:
    start = rng.randrange(20)
    a = rng.randrange(2, 26 - start)
    at = start + a
    others = [place for place in range(max(0, at - 3), min(26, at + 4)) if place != at]
    wrong = [chr(65 + place) for place in rng.sample(others, 3)]
    return Made({"a": str(a), "b": chr(65 + start)}, chr(65 + at), wrong)


def _weekday(rng: random.Random, words: Words) -> Made:
    today, a = rng.randrange(7), rng.randrange(2, 200)
    value = words[(today + a) % 7]
    return Made({"a": str(a), "today": words[today]}, value, [word for word in words if word != value])


def _clock(rng: random.Random, _: Words) -> Made:
    now, a = rng.randrange(24 * 60), rng.randrange(5, 200)

    def shown(minute: int) -> str:
        return f"{minute // 60 % 24:02d}:{minute % 60:02d}"

    wrong = [shown(now + a + shift) for shift in (60, -60, 10, -10, 40, -40)]
    return Made({"now": shown(now), "a": str(a)}, shown(now + a), wrong)


def _ranking(rng: random.Random, words: Words) -> Made:
    names = rng.sample(words[4:], 4)
    place = rng.randrange(4)
    fields = dict(zip("abcd", names, strict=True)) | {"which": words[place]}
    return Made(fields, names[place], [name for name in names if name != names[place]])


def _convert(rng: random.Random, words: Words) -> Made:
    small, large, factor = rng.choice(words).split("/")
    a = rng.randrange(2, 60)
    value = a * int(factor)
    wrong = {value * 10, value * 100, value // 10, value + int(factor), value - int(factor)} - {value}
    return Made({"small": small, "large": large, "a": str(a)}, str(value), [str(number) for number in sorted(wrong)])


MAKERS: dict[str, Callable[[random.Random, Words], Made]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "perimeter": _perimeter,
    "angle": _angle,
    "sequence": _sequence,
    "largest": _largest,
    "smallest": _smallest,
    "prime": _prime,
    "divisor": _divisor,
    "multiple": _multiple,
    "percent": _percent,
    "interest": _interest,
    "mean": _mean,
    "median": _median,
    "equation": _equation,
    "fractions": _fractions,
    "binary": _binary,
    "hexadecimal": _hexadecimal,
    "roman": _roman,
    "letter": _letter,
    "weekday": _weekday,
    "clock": _clock,
    "ranking": _ranking,
    "convert": _convert,
}
