"""Probability: dice, balls, coins, random numbers; answers are common fractions."""

from __future__ import annotations

import math
import random
from fractions import Fraction

from data_convert.practice.english.latex import Problem, boxed, frac, tex

_ENDING = " Express your answer as a common fraction."


def dice_sum(rng: random.Random) -> Problem:
    """The sum of two fair dice with any numbers of sides."""
    first, second = rng.randrange(4, 21), rng.randrange(4, 21)
    total = rng.randrange(2, first + second + 1)
    low, high = max(1, total - second), min(first, total - 1)
    answer = tex(Fraction(high - low + 1, first * second))
    problem = (
        f"A fair die with ${first}$ sides, numbered $1$ to ${first}$, and a fair die with ${second}$ sides, numbered "
        f"$1$ to ${second}$, are rolled. What is the probability that the sum is ${total}$?{_ENDING}"
    )
    solution = (
        rf"There are ${first} \cdot {second} = {first * second}$ equally likely outcomes. The first die can show any "
        f"number from ${low}$ to ${high}$, and the second must then show the rest, which makes ${high - low + 1}$ "
        f"outcomes. The probability is ${boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def same_colour(rng: random.Random) -> Problem:
    """Two balls without replacement: the probability of the same colour."""
    red, blue, green = (rng.randrange(2, 13) for _ in range(3))
    total = red + blue + green
    pairs = [math.comb(count, 2) for count in (red, blue, green)]
    answer = tex(Fraction(sum(pairs), math.comb(total, 2)))
    problem = (
        f"A bag holds ${red}$ red, ${blue}$ blue and ${green}$ green balls. Two balls are drawn at random without "
        f"replacement. What is the probability that they have the same color?{_ENDING}"
    )
    solution = (
        rf"There are $\binom{{{total}}}{{2}} = {math.comb(total, 2)}$ pairs. Of these ${pairs[0]}$ are both red, "
        f"${pairs[1]}$ both blue and ${pairs[2]}$ both green, ${sum(pairs)}$ in all. The probability is "
        f"${frac(sum(pairs), math.comb(total, 2))} = {boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def at_least_heads(rng: random.Random) -> Problem:
    """Fair coins: at least some heads."""
    coins = rng.randrange(3, 13)
    least = rng.randrange(1, coins + 1)
    ways = sum(math.comb(coins, heads) for heads in range(least, coins + 1))
    answer = tex(Fraction(ways, 2**coins))
    problem = f"${coins}$ fair coins are flipped. What is the probability of at least ${least}$ heads?{_ENDING}"
    if least == 1:
        solution = f"The only outcome without heads is all tails, so ${ways}$ of the ${2**coins}$ outcomes qualify. "
    else:
        steps = " + ".join(rf"\binom{{{coins}}}{{{heads}}}" for heads in range(least, coins + 1))
        solution = f"Of the $2^{{{coins}}} = {2**coins}$ outcomes, ${steps} = {ways}$ have at least ${least}$ heads. "
    return Problem(problem, f"{solution}The probability is ${boxed(answer)}$.", answer)


def random_multiple(rng: random.Random) -> Problem:
    """A random integer of a range: the probability that a number divides it."""
    low = rng.randrange(1, 200)
    high, divisor = low + rng.randrange(20, 200), rng.randrange(3, 15)
    count = high // divisor - (low - 1) // divisor
    answer = tex(Fraction(count, high - low + 1))
    problem = (
        f"An integer is chosen at random from ${low}$ to ${high}$, inclusive. What is the probability that it is "
        f"divisible by ${divisor}$?{_ENDING}"
    )
    solution = (
        f"There are ${high - low + 1}$ integers from ${low}$ to ${high}$. The number of multiples of ${divisor}$ among "
        f"them is ${high // divisor} - {(low - 1) // divisor} = {count}$, so the probability is ${boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


TEMPLATES = (dice_sum, same_colour, at_least_heads, random_multiple)
