"""Number theory: divisors, common multiples, remainders, last digits, other bases, primes, weekdays."""

from __future__ import annotations

import math
import random

from data_convert.practice.english.latex import Problem, boxed

_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


def _factors(number: int) -> list[tuple[int, int]]:
    """Return the prime factorisation of a number > 1 as (prime, exponent)."""
    found, prime = [], 2
    while number > 1:
        exponent = 0
        while number % prime == 0:
            number, exponent = number // prime, exponent + 1
        if exponent:
            found.append((prime, exponent))
        prime = prime + 1 if prime * prime <= number else max(prime + 1, number)
    return found


def _product(factors: list[tuple[int, int]]) -> str:
    return r" \cdot ".join(str(prime) if power == 1 else f"{prime}^{power}" for prime, power in factors)


def divisors(rng: random.Random) -> Problem:
    """How many positive divisors a number has."""
    number = rng.randrange(12, 2400)
    factors = _factors(number)
    answer = str(math.prod(power + 1 for _, power in factors))
    steps = "".join(f"({power} + 1)" for _, power in factors)
    solution = (
        f"The prime factorization is ${number} = {_product(factors)}$. A divisor takes each prime any number of times "
        f"up to its exponent, so there are ${steps} = {boxed(answer)}$ divisors. Both $1$ and ${number}$ are counted."
    )
    return Problem(f"How many positive divisors does ${number}$ have?", solution, answer)


def common_multiple(rng: random.Random) -> Problem:
    """The least common multiple or the greatest common divisor of two numbers."""
    shared = rng.randrange(2, 30)
    a, b = shared * rng.randrange(2, 30), shared * rng.randrange(2, 30)
    divisor = math.gcd(a, b)
    largest = rng.random() < 0.5
    answer = str(divisor if largest else a * b // divisor)
    what = "greatest common divisor" if largest else "least common multiple"
    solution = f"We factor ${a} = {_product(_factors(a))}$ and ${b} = {_product(_factors(b))}$. "
    if largest:
        solution += f"Taking each common prime with its smaller exponent gives ${boxed(answer)}$."
    else:
        solution += f"Taking each prime with its larger exponent gives ${boxed(answer)}$."
    return Problem(f"What is the {what} of ${a}$ and ${b}$?", solution, answer)


def last_digit(rng: random.Random) -> Problem:
    """The units digit of a large power."""
    base, exponent = rng.randrange(2, 100), rng.randrange(11, 200)
    cycle = [base % 10]
    while cycle[-1] * base % 10 != cycle[0]:
        cycle.append(cycle[-1] * base % 10)
    answer = str(cycle[(exponent - 1) % len(cycle)])
    solution = (
        f"The units digits of the powers of ${base}$ repeat in a cycle of length ${len(cycle)}$: "
        f"${', '.join(map(str, cycle))}$. The exponent ${exponent}$ falls on place "
        f"${(exponent - 1) % len(cycle) + 1}$ of the cycle, so the units digit is ${boxed(answer)}$."
    )
    return Problem(f"What is the units digit of ${base}^{{{exponent}}}$?", solution, answer)


def power_remainder(rng: random.Random) -> Problem:
    """The remainder of a power, found by repeated squaring."""
    base, exponent, modulus = rng.randrange(2, 30), rng.randrange(5, 40), rng.randrange(5, 30)
    answer = str(pow(base, exponent, modulus))
    squares, power = [], 1
    while power <= exponent:
        squares.append(rf"{base}^{{{power}}} \equiv {pow(base, power, modulus)}")
        power *= 2
    parts = [str(1 << bit) for bit in range(exponent.bit_length() - 1, -1, -1) if exponent >> bit & 1]
    solution = (
        rf"Squaring again and again modulo ${modulus}$, we find ${', '.join(squares)}$. The exponent "
        f"is ${' + '.join(parts)}$, and multiplying the matching powers leaves a remainder of ${boxed(answer)}$."
    )
    problem = f"What is the remainder when ${base}^{{{exponent}}}$ is divided by ${modulus}$?"
    return Problem(problem, solution, answer)


def base_conversion(rng: random.Random) -> Problem:
    """A number written in another base; the answer carries the base as a subscript."""
    number, base = rng.randrange(30, 3000), rng.randrange(2, 10)
    digits, rest = [], number
    while rest:
        rest, digit = divmod(rest, base)
        digits.append(str(digit))
    answer = "".join(reversed(digits)) + f"_{base}"
    solution = (
        f"Dividing by ${base}$ over and over leaves the remainders ${', '.join(digits)}$. Read from the last to the "
        f"first they are the digits, so ${number}_{{10}} = {boxed(answer)}$."
    )
    return Problem(f"Write ${number}_{{10}}$ in base ${base}$.", solution, answer)


def congruence(rng: random.Random) -> Problem:
    """A linear congruence with one solution."""
    modulus = rng.randrange(5, 60)
    a = rng.choice([value for value in range(2, modulus) if math.gcd(value, modulus) == 1])
    b = rng.randrange(1, modulus)
    inverse = pow(a, -1, modulus)
    answer = str(b * inverse % modulus)
    problem = rf"What is the smallest non-negative integer $x$ such that ${a}x \equiv {b} \pmod{{{modulus}}}$?"
    solution = (
        rf"Because ${a} \cdot {inverse} = {a * inverse} \equiv 1 \pmod{{{modulus}}}$, we multiply both sides by "
        rf"${inverse}$: $x \equiv {inverse} \cdot {b} = {inverse * b} \pmod{{{modulus}}}$. The smallest non-negative "
        f"solution is ${boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def prime_or_not(rng: random.Random) -> Problem:
    """Whether a number is prime; the answer is a word."""
    number = 2 * rng.randrange(50, 5000) + 1
    factors = _factors(number)
    least = factors[0][0]
    answer = r"\text{Yes}" if least == number else r"\text{No}"
    if least == number:
        reason = f"No prime up to $\\lfloor\\sqrt{{{number}}}\\rfloor = {math.isqrt(number)}$ divides ${number}$."
    else:
        reason = rf"We find ${number} = {least} \cdot {number // least}$."
    problem = f"Is ${number}$ a prime number? Answer Yes or No."
    return Problem(problem, f"{reason} The answer is ${boxed(answer)}$.", answer)


def weekday_after(rng: random.Random) -> Problem:
    """The day of the week some days later; the answer is a word."""
    today, days = rng.randrange(7), rng.randrange(10, 2000)
    answer = rf"\text{{{_DAYS[(today + days) % 7]}}}"
    problem = f"Today is {_DAYS[today]}. What day of the week will it be ${days}$ days from now?"
    solution = (
        rf"Weekdays repeat every $7$ days, and ${days} = 7 \cdot {days // 7} + {days % 7}$. So we count ${days % 7}$ "
        f"days on from {_DAYS[today]} and arrive at ${boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


TEMPLATES = (
    divisors,
    common_multiple,
    last_digit,
    power_remainder,
    base_conversion,
    congruence,
    prime_or_not,
    weekday_after,
)
