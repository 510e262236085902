"""Algebra: equations, inequalities, functions, radicals, series, polynomials."""

from __future__ import annotations

import random
from fractions import Fraction

from data_convert.practice.english.latex import (
    Problem,
    boxed,
    frac,
    in_brackets,
    linear,
    polynomial,
    radical,
    sqrt,
    square_part,
    tex,
)


def _not_zero(rng: random.Random, largest: int) -> int:
    return rng.choice((-1, 1)) * rng.randrange(1, largest + 1)


def linear_equation(rng: random.Random) -> Problem:
    """An unknown on both sides; the answer is often a negative fraction."""
    a, c = rng.sample(range(-12, 13), 2)
    b, d = _not_zero(rng, 30), _not_zero(rng, 30)
    answer = tex(Fraction(d - b, a - c))
    problem = f"Solve for $x$: ${polynomial(a, b)} = {polynomial(c, d)}$."
    solution = (
        f"Collecting the terms with $x$ on the left and the numbers on the right gives ${polynomial(a - c, 0)} = "
        f"{d - b}$. Therefore $x = {boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def quadratic_roots(rng: random.Random) -> Problem:
    """A quadratic that factors, one root perhaps a fraction; the answer is a list."""
    q, s = rng.randrange(1, 6), _not_zero(rng, 12)
    p = _not_zero(rng, 12)
    roots = sorted({Fraction(p, q), Fraction(s)})
    answer = ", ".join(map(tex, roots))
    problem = (
        f"Find all real solutions of ${polynomial(q, -p - q * s, p * s)} = 0$. If there is more than one, list them "
        "from least to greatest, separated by commas."
    )
    solution = (
        f"The left side factors as $({polynomial(q, -p)})({polynomial(1, -s)})$. Setting each factor equal to zero "
        f"gives $x = {boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def quadratic_inequality(rng: random.Random) -> Problem:
    """A quadratic inequality; the answer is an interval or a union of two."""
    low, high = sorted(rng.sample(range(-15, 16), 2))
    sign = rng.choice(["<", r"\le", ">", r"\ge"])
    opening, closing = ("[", "]") if "e" in sign else ("(", ")")
    if sign in ("<", r"\le"):
        answer, where = f"{opening}{low},{high}{closing}", "between the roots"
    else:
        answer = rf"(-\infty,{low}{closing} \cup {opening}{high},\infty)"
        where = "outside the roots"
    shown = polynomial(1, -low - high, low * high)
    solution = (
        f"We have ${shown} = ({polynomial(1, -low)})({polynomial(1, -high)})$, with roots ${low}$ and ${high}$. The "
        rf"parabola opens upward, so the inequality holds {where}: $x \in {boxed(answer)}$."
    )
    problem = f"For which real values of $x$ is ${shown} {sign} 0$? Express your answer in interval notation."
    return Problem(problem, solution, answer)


def linear_system(rng: random.Random) -> Problem:
    """Two linear equations; the answer is an ordered pair."""
    x, y = rng.randrange(-12, 13), rng.randrange(-12, 13)
    a, b, c = _not_zero(rng, 9), _not_zero(rng, 9), _not_zero(rng, 9)
    d = rng.choice([value for value in range(-9, 10) if value and a * value != b * c])
    answer = f"({x},{y})"
    rows = rf"{linear(a, b)} &= {a * x + b * y}, \\" + f"\n{linear(c, d)} &= {c * x + d * y}."
    problem = (
        "Find the ordered pair $(x,y)$ that satisfies both equations:\n"
        r"\begin{align*}" + f"\n{rows}\n" + r"\end{align*}"
    )
    solution = (
        f"Multiplying the first equation by ${d}$ and the second by ${b}$ and subtracting removes $y$ and leaves "
        f"${polynomial(a * d - b * c, 0)} = {(a * d - b * c) * x}$, so $x = {x}$. Then the first equation gives "
        f"$y = {y}$, and the solution is ${boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def composition(rng: random.Random) -> Problem:
    """A linear function of a quadratic one at a number."""
    a, b = _not_zero(rng, 9), _not_zero(rng, 15)
    c, n = _not_zero(rng, 15), rng.randrange(-9, 10)
    inner = n * n + c
    answer = str(a * inner + b)
    problem = f"Let $f(x) = {polynomial(a, b)}$ and $g(x) = {polynomial(1, 0, c)}$. What is $f(g({n}))$?"
    solution = (
        f"First, $g({n}) = {in_brackets(n)}^2 {'-' if c < 0 else '+'} {abs(c)} = {inner}$. Then $f({inner}) = "
        rf"{a} \cdot {in_brackets(inner)} {'-' if b < 0 else '+'} {abs(b)} = {boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def simplify_radical(rng: random.Random) -> Problem:
    """The square root of a number with a square factor."""
    outside = rng.randrange(2, 31)
    inside = _square_free(rng, 100)
    number = outside * outside * inside
    answer = radical(number)
    solution = (
        f"The largest square that divides ${number}$ is ${outside}^2 = {outside * outside}$, and ${number} = "
        rf"{outside * outside} \cdot {inside}$. So ${sqrt(number)} = {sqrt(outside * outside)} \cdot {sqrt(inside)} = "
        f"{boxed(answer)}$."
    )
    return Problem(f"Simplify ${sqrt(number)}$.", solution, answer)


def rationalize(rng: random.Random) -> Problem:
    """A whole number over a square root."""
    top, inside = rng.randrange(2, 61), _square_free(rng, 100)
    quotient = Fraction(top, inside)
    root = f"{quotient.numerator if quotient.numerator > 1 else ''}{sqrt(inside)}"
    answer = root if quotient.denominator == 1 else frac(root, quotient.denominator)
    solution = (
        f"Multiplying numerator and denominator by ${sqrt(inside)}$ gives\n"
        rf"\[{frac(top, sqrt(inside))} = {frac(top, inside)} \cdot {sqrt(inside)} = {boxed(answer)}.\]"
    )
    return Problem(f"Rationalize the denominator of ${frac(top, sqrt(inside))}$.", solution, answer)


def geometric_series(rng: random.Random) -> Problem:
    """The sum of an infinite geometric series."""
    bottom = rng.randrange(2, 13)
    ratio = Fraction(rng.choice((-1, 1)) * rng.randrange(1, bottom), bottom)
    first = rng.randrange(1, 41)
    answer = tex(first / (1 - ratio))
    problem = f"An infinite geometric series has first term ${first}$ and common ratio ${tex(ratio)}$. What is its sum?"
    solution = (
        rf"The ratio is less than $1$ in absolute value, so the series converges to $\frac{{a}}{{1 - r}}$ with "
        f"$a = {first}$ and $1 - r = {tex(1 - ratio)}$. The sum is ${boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def arithmetic_series(rng: random.Random) -> Problem:
    """The sum of the first terms of an arithmetic sequence."""
    first, step, count = rng.randrange(-30, 60), _not_zero(rng, 12), rng.randrange(8, 60)
    last = first + (count - 1) * step
    answer = str(count * (first + last) // 2)
    problem = (
        f"The first term of an arithmetic sequence is ${first}$ and the second is ${first + step}$. What is the sum "
        f"of its first ${count}$ terms?"
    )
    solution = (
        rf"The common difference is ${step}$, so the last of the ${count}$ terms is ${first} + {count - 1} \cdot "
        rf"{in_brackets(step)} = {last}$. The sum is $\frac{{{count}}}{{2}}({first} + {in_brackets(last)}) = "
        f"{boxed(answer)}$. (The mean of the first and the last term, times the number of terms.)"
    )
    return Problem(problem, solution, answer)


def vertex(rng: random.Random) -> Problem:
    """The vertex of a parabola; the answer is a point."""
    a, h, k = _not_zero(rng, 6), _not_zero(rng, 9), rng.randrange(-20, 21)
    answer = f"({h},{k})"
    problem = (
        f"What is the vertex of the parabola $y = {polynomial(a, -2 * a * h, a * h * h + k)}$? Express your answer as "
        "an ordered pair."
    )
    solution = (
        rf"The $x$-coordinate of the vertex is $-\frac{{b}}{{2a}} = {h}$. Putting $x = {h}$ into the equation gives "
        f"$y = {k}$, so the vertex is ${boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def polynomial_remainder(rng: random.Random) -> Problem:
    """The remainder of a cubic divided by x - r."""
    a, b, c, d = _not_zero(rng, 6), rng.randrange(-9, 10), rng.randrange(-9, 10), rng.randrange(-20, 21)
    root = _not_zero(rng, 5)
    answer = str(a * root**3 + b * root**2 + c * root + d)
    problem = f"What is the remainder when ${polynomial(a, b, c, d)}$ is divided by ${polynomial(1, -root)}$?"
    solution = (
        f"By the Remainder Theorem the remainder is the value of the polynomial at $x = {root}$. Its terms there are "
        f"${a * root**3}$, ${b * root**2}$, ${c * root}$ and ${d}$, which add up to ${boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def logarithm(rng: random.Random) -> Problem:
    """A logarithm whose base and argument are powers of one number."""
    number = rng.choice((2, 3, 5, 6, 7, 10))
    m, n = rng.randrange(1, 5), rng.choice([power for power in range(-6, 7) if power])
    base, power = number**m, number ** abs(n)
    shown = str(power) if n > 0 else frac(1, power)
    answer = tex(Fraction(n, m))
    solution = (
        f"Since ${base} = {number}^{m}$ and ${shown} = {number}^{{{n}}}$, the equation ${base}^y = {shown}$ becomes "
        f"${m}y = {n}$. Hence $y = {boxed(answer)}$."
    )
    return Problem(rf"Evaluate $\log_{{{base}}} {shown}$.", solution, answer)


def _square_free(rng: random.Random, below: int) -> int:
    while True:
        number = rng.randrange(2, below)
        if square_part(number)[0] == 1:
            return number


TEMPLATES = (
    linear_equation,
    quadratic_roots,
    quadratic_inequality,
    linear_system,
    composition,
    simplify_radical,
    rationalize,
    geometric_series,
    arithmetic_series,
    vertex,
    polynomial_remainder,
    logarithm,
)
