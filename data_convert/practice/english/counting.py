"""Counting: arrangements, committees, lattice paths, multiples."""

from __future__ import annotations

import math
import random
from collections import Counter

from data_convert.practice.english.latex import Problem, boxed, frac

_WORDS = (
    "ALGEBRA BANANA COFFEE LETTER PEPPER SUMMER WINTER ORANGE PUZZLE RABBIT KITTEN MIRROR COMMITTEE BALLOON BUBBLE "
    "CARROT CHEESE COLLEGE DINNER EXCEL FOLLOW GOGGLES HAMMER LEVEL MADAM MAMMAL MINIMUM MURMUR NEEDLE NOON PAPER "
    "PARALLEL PEACE RADAR RIVER ROTATOR SETTEE SEVEN SPEED TENNIS TOMATO VALLEY WOODEN YELLOW ZIGZAG ANSWER BOTTLE "
    "BRIDGE CIRCLE SQUARE TRIANGLE NUMBER FACTOR DIVISOR PRODUCT SERIES MATRIX VECTOR RADIUS DECIMAL INTEGER"
).split()


def letter_arrangements(rng: random.Random) -> Problem:
    """Distinct arrangements of a word's letters, some of which repeat; sometimes with the first letter fixed."""
    word = rng.choice(_WORDS)
    fixed = rng.choice([None, *sorted(set(word))])
    free = word if fixed is None else word.replace(fixed, "", 1)
    repeated = [count for _, count in sorted(Counter(free).items()) if count > 1]
    answer = str(math.factorial(len(free)) // math.prod(map(math.factorial, repeated)))
    asked = f"In how many distinct ways can the letters of the word {word} be arranged"
    asked += "?" if fixed is None else f" if the first letter must be {fixed}?"
    start = "There are" if fixed is None else f"With {fixed} in the first place there remain"
    total = f"{len(free)}!"
    if repeated:
        below = r" \cdot ".join(f"{count}!" for count in repeated)
        steps = f"Equal letters can change places unseen, so the number of arrangements is ${frac(total, below)} = "
    else:
        steps = f"All of them differ, so the number of arrangements is ${total} = "
    return Problem(asked, f"{start} ${len(free)}$ letters to arrange. {steps}{boxed(answer)}$.", answer)


def committee(rng: random.Random) -> Problem:
    """A committee with a given number from each of two groups."""
    first, second = rng.sample(["teachers", "students", "parents", "doctors", "nurses", "engineers", "writers"], 2)
    n, m = rng.randrange(3, 13), rng.randrange(3, 13)
    k, j = rng.randrange(1, min(n, 5)), rng.randrange(1, min(m, 5))
    ways, more = math.comb(n, k), math.comb(m, j)
    answer = str(ways * more)
    problem = (
        f"A club has ${n}$ {first} and ${m}$ {second}. In how many ways can it choose a committee of exactly ${k}$ of "
        f"the {first} and ${j}$ of the {second}?"
    )
    solution = (
        rf"There are $\binom{{{n}}}{{{k}}} = {ways}$ ways to choose the {first} and $\binom{{{m}}}{{{j}}} = {more}$ "
        rf"ways to choose the {second}. The choices are independent, so there are ${ways} \cdot {more} = "
        f"{boxed(answer)}$ committees."
    )
    return Problem(problem, solution, answer)


def grid_paths(rng: random.Random) -> Problem:
    """Lattice paths to the right and up that pass through a given point."""
    x, y = rng.randrange(3, 10), rng.randrange(3, 10)
    a, b = rng.randrange(1, x), rng.randrange(1, y)
    before, after = math.comb(a + b, a), math.comb(x - a + y - b, x - a)
    answer = str(before * after)
    problem = (
        f"A bug walks from $(0,0)$ to $({x},{y})$. Each step takes it one unit to the right or one unit up. How many "
        f"different paths pass through the point $({a},{b})$?"
    )
    solution = (
        rf"From $(0,0)$ to $({a},{b})$ there are $\binom{{{a + b}}}{{{a}}} = {before}$ paths, and from there on "
        rf"$\binom{{{x - a + y - b}}}{{{x - a}}} = {after}$. Together that makes ${before} \cdot {after} = "
        f"{boxed(answer)}$ paths."
    )
    return Problem(problem, solution, answer)


def multiples_of_either(rng: random.Random) -> Problem:
    """How many numbers are multiples of one of two numbers, by inclusion and exclusion."""
    limit = rng.randrange(50, 1000)
    a, b = sorted(rng.sample(range(2, 16), 2))
    both = math.lcm(a, b)
    counts = limit // a, limit // b, limit // both
    answer = str(counts[0] + counts[1] - counts[2])
    problem = f"How many positive integers not greater than ${limit}$ are multiples of ${a}$ or of ${b}$ (or of both)?"
    solution = (
        f"There are ${counts[0]}$ multiples of ${a}$ and ${counts[1]}$ multiples of ${b}$. The ${counts[2]}$ multiples "
        f"of ${both}$ were counted twice, so the number is ${counts[0]} + {counts[1]} - {counts[2]} = {boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


TEMPLATES = (letter_arrangements, committee, grid_paths, multiples_of_either)
