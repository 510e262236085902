"""Prealgebra: percentages, fractions, shares, speeds, order of operations, means."""

from __future__ import annotations

import random
from fractions import Fraction

from data_convert.practice.english.latex import Problem, boxed, frac, in_brackets, tex


def percent_of(rng: random.Random) -> Problem:
    """A percentage of a number; the answer may be a fraction."""
    percent, number = rng.randrange(1, 200), rng.randrange(2, 500)
    answer = tex(Fraction(percent * number, 100))
    solution = (
        rf"A percent is one hundredth, so we compute ${frac(percent, 100)} \cdot {number} = "
        f"{frac(percent * number, 100)} = {boxed(answer)}$."
    )
    ending = " Express your answer as a fraction in lowest terms if it is not a whole number."
    return Problem(rf"What is ${percent}\%$ of ${number}$?{ending}", solution, answer)


def fraction_sum(rng: random.Random) -> Problem:
    """Two fractions added or subtracted."""
    b, d = rng.randrange(2, 25), rng.randrange(2, 25)
    a, c = rng.randrange(1, 3 * b), rng.randrange(1, 3 * d)
    sign = rng.choice("+-")
    top = a * d + c * b if sign == "+" else a * d - c * b
    answer = tex(Fraction(top, b * d))
    shown = f"{frac(a, b)} {sign} {frac(c, d)}"
    solution = (
        f"Over the common denominator ${b * d}$ this is\n"
        rf"\[{shown} = {frac(a * d, b * d)} {sign} {frac(c * b, b * d)} = {frac(top, b * d)}.\]"
        f"\nIn lowest terms that is ${boxed(answer)}$."
    )
    return Problem(f"Compute ${shown}$. Express your answer in lowest terms.", solution, answer)


def ratio_share(rng: random.Random) -> Problem:
    """A sum shared in a ratio; the larger share is asked for."""
    small = rng.randrange(1, 12)
    large = rng.randrange(small + 1, 16)
    part = rng.randrange(2, 60)
    first, second = rng.sample(["Ana", "Bo", "Carl", "Dina", "Eve", "Finn", "Gus", "Hana"], 2)
    total, answer = (small + large) * part, str(large * part)
    problem = (
        rf"{first} and {second} share \${total} in the ratio ${large}:{small}$, {first} taking the larger share. "
        f"How many dollars does {first} receive?"
    )
    solution = (
        f"There are ${large} + {small} = {large + small}$ equal parts of "
        rf"${total} \div {large + small} = {part}$ dollars each. {first} receives ${large}$ of them, which is "
        rf"${large} \cdot {part} = {boxed(answer)}$ dollars. {second} is left with ${small * part}$ dollars."
    )
    return Problem(problem, solution, answer)


def average_speed(rng: random.Random) -> Problem:
    """Two stretches at two speeds; the average speed of the whole is asked for."""
    first, second = rng.sample(range(10, 91, 5), 2)
    hours, more = rng.randrange(2, 9), rng.randrange(2, 9)
    way = first * hours + second * more
    answer = tex(Fraction(way, hours + more))
    problem = (
        f"A bus drives for {hours} hours at {first} miles per hour and then for {more} hours at {second} miles per "
        "hour. What is its average speed for the whole trip, in miles per hour? Express your answer as an integer or "
        "a common fraction."
    )
    solution = (
        rf"The bus covers ${hours} \cdot {first} + {more} \cdot {second} = {way}$ miles in ${hours + more}$ hours, so "
        f"its average speed is ${frac(way, hours + more)} = {boxed(answer)}$ miles per hour."
    )
    return Problem(problem, solution, answer)


def order_of_operations(rng: random.Random) -> Problem:
    """An expression with brackets, a square and a product; often negative."""
    a, b = rng.randrange(-40, 41), rng.randrange(2, 10)
    c, d = rng.randrange(-9, 10), rng.randrange(1, 10)
    inside = c - d
    answer = str(a - b * inside**2)
    shown = rf"{a} - {b} \cdot ({c} - {d})^2"
    solution = (
        rf"The brackets come first: ${c} - {d} = {inside}$. Its square is ${inside**2}$, and "
        rf"${a} - {b} \cdot {inside**2} = {a} - {b * inside**2} = {boxed(answer)}$."
    )
    return Problem(f"Evaluate ${shown}$.", solution, answer)


def missing_number(rng: random.Random) -> Problem:
    """The mean and all numbers but one are given."""
    known = [rng.randrange(-20, 60) for _ in range(rng.randrange(3, 6))]
    count, mean = len(known) + 1, rng.randrange(-10, 40)
    answer = str(mean * count - sum(known))
    problem = f"The mean of the numbers ${', '.join(map(str, known))}$ and $n$ is ${mean}$. What is the value of $n$?"
    solution = (
        rf"The ${count}$ numbers add up to ${count} \cdot {in_brackets(mean)} = {mean * count}$. The known ones add up "
        f"to ${sum(known)}$, so $n = {mean * count} - {in_brackets(sum(known))} = {boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


TEMPLATES = (percent_of, fraction_sum, ratio_share, average_speed, order_of_operations, missing_number)
