"""The answers of the free-form English problems, recomputed from the problems' texts by other means than the kit's.

Each function has the name of a template and tells whether an answer is true.
"""

from __future__ import annotations

import datetime
import itertools
import math
import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"-?\d+", text)]


def value(latex: str) -> Fraction:
    """Read an integer or a fraction in lowest terms."""
    match = re.fullmatch(r"(-?)\\frac\{(\d+)\}\{(\d+)\}", latex)
    if match is None:
        return Fraction(int(latex))
    top, bottom = int(match[2]), int(match[3])
    assert bottom > 1
    assert math.gcd(top, bottom) == 1
    return Fraction(-top if match[1] else top, bottom)


def squared(latex: str) -> Fraction:
    r"""Read a\sqrt{b}, \frac{a\sqrt{b}}{c} or an integer in simplest form; return its square."""
    if re.fullmatch(r"\d+", latex):
        return Fraction(int(latex) ** 2)
    match = re.fullmatch(r"(?:\\frac\{)?(\d*)\\sqrt\{(\d+)\}(?:\}\{(\d+)\})?", latex)
    assert match
    inside, below = int(match[2]), int(match[3] or 1)
    assert all(inside % (n * n) for n in range(2, inside + 1))
    assert match[1] != "1"
    assert math.gcd(int(match[1] or 1), below) == 1
    return Fraction(int(match[1] or 1) ** 2 * inside, below**2)


def at(polynomial: str, **unknowns: Fraction | int) -> Fraction:
    """Evaluate our own text, arithmetic only."""
    plain = re.sub(r"(\d)([xy])", r"\1*\2", polynomial).replace("^", "**").replace(r"\cdot", "*")
    return eval(re.sub(r"-([xy])", r"-1*\1", plain), {}, {name: Fraction(of) for name, of in unknowns.items()})


def math_parts(problem: str) -> list[str]:
    return re.findall(r"(?<!\\)\$(.+?)(?<!\\)\$", problem)


def percent_of(problem: str, answer: str) -> bool:
    percent, number = numbers(problem)
    return value(answer) / number == Fraction(percent, 100)


def fraction_sum(problem: str, answer: str) -> bool:
    a, b, c, d = numbers(problem.replace("} - ", "} + "))
    second = Fraction(c, d)
    return value(answer) == Fraction(a, b) + (second if "} + " in problem else -second)


def ratio_share(problem: str, answer: str) -> bool:
    total, large, small = numbers(problem)
    return [share for share in range(total) if share * small == (total - share) * large] == [int(answer)]


def average_speed(problem: str, answer: str) -> bool:
    hours, first, more, second = numbers(problem)
    return value(answer) * (hours + more) == sum([first] * hours) + sum([second] * more)


def order_of_operations(problem: str, answer: str) -> bool:
    return at(math_parts(problem)[0]) == int(answer)


def missing_number(problem: str, answer: str) -> bool:
    *known, mean = numbers(problem)
    return Fraction(sum(known) + int(answer), len(known) + 1) == mean


def linear_equation(problem: str, answer: str) -> bool:
    left, right = math_parts(problem)[1].split(" = ")
    x = value(answer)
    return at(left, x=x) == at(right, x=x) and at(left, x=x + 1) != at(right, x=x + 1)


def quadratic_roots(problem: str, answer: str) -> bool:
    left = math_parts(problem)[0].removesuffix(" = 0")
    roots = [value(root) for root in answer.split(", ")]
    double = at(left, x=roots[0] + 1) == at(left, x=roots[0] - 1)
    return roots == sorted(set(roots)) and len(roots) == 2 - double and all(at(left, x=root) == 0 for root in roots)


def quadratic_inequality(problem: str, answer: str) -> bool:
    left, sign = re.fullmatch(r"(.+) (<|>|\\le|\\ge) 0", math_parts(problem)[1]).groups()  # type: ignore[union-attr]
    holds: dict[str, Callable[[Fraction], bool]] = {
        "<": lambda y: y < 0,
        ">": lambda y: y > 0,
        r"\le": lambda y: y <= 0,
        r"\ge": lambda y: y >= 0,
    }
    inside = []
    for opening, low, high, closing in re.findall(r"([\[(])(-\\infty|-?\d+),(-?\d+|\\infty)([\])])", answer):
        start = -math.inf if "infty" in low else int(low)
        end = math.inf if "infty" in high else int(high)
        inside.append((opening == "[", start, end, closing == "]"))

    def within(x: Fraction) -> bool:
        return any(
            start < x < end or (closed_low and x == start) or (closed_high and x == end)
            for closed_low, start, end, closed_high in inside
        )

    return all(within(x) == holds[sign](at(left, x=x)) for x in (Fraction(half, 2) for half in range(-70, 71)))


def linear_system(problem: str, answer: str) -> bool:
    rows = []
    for row in problem.split("\n")[2:4]:
        left, right = row.rstrip(r"\, .").split(" &= ")
        rows.append((int(at(left, x=1, y=0)), int(at(left, x=0, y=1)), int(right)))
    tried = itertools.product(range(-12, 13), repeat=2)
    return [(x, y) for x, y in tried if all(a * x + b * y == c for a, b, c in rows)] == [tuple(numbers(answer))]


def composition(problem: str, answer: str) -> bool:
    outer, inner, asked = math_parts(problem)
    inside = at(inner.split(" = ")[1], x=numbers(asked)[0])
    return at(outer.split(" = ")[1], x=inside) == int(answer)


def simplify_radical(problem: str, answer: str) -> bool:
    return squared(answer) == numbers(problem)[0]


def rationalize(problem: str, answer: str) -> bool:
    top, inside = numbers(problem)
    return squared(answer) == Fraction(top * top, inside)


def geometric_series(problem: str, answer: str) -> bool:
    first, ratio = (value(part) for part in math_parts(problem))
    return abs(ratio) < 1 and value(answer) == first + ratio * value(answer)


def arithmetic_series(problem: str, answer: str) -> bool:
    first, second, count = numbers(problem)
    total, term = 0, first
    for _ in range(count):
        total, term = total + term, term + second - first
    return total == int(answer)


def vertex(problem: str, answer: str) -> bool:
    right = math_parts(problem)[0].split(" = ")[1]
    h, k = numbers(answer)
    return at(right, x=h) == k and at(right, x=h + 3) == at(right, x=h - 3)


def polynomial_remainder(problem: str, answer: str) -> bool:
    divided, divisor = math_parts(problem)
    # What is left after the remainder is taken away has the divisor's root.
    root = next(x for x in range(-9, 10) if at(divisor, x=x) == 0)
    return at(divided, x=root) - int(answer) == 0


def logarithm(problem: str, answer: str) -> bool:
    base, shown = re.fullmatch(r"\\log_\{(\d+)\} (.+)", math_parts(problem)[0]).groups()  # type: ignore[union-attr]
    result = value(answer)
    return Fraction(int(base)) ** result.numerator == value(shown) ** result.denominator


def divisors(problem: str, answer: str) -> bool:
    (number,) = numbers(problem)
    return sum(number % divisor == 0 for divisor in range(1, number + 1)) == int(answer)


def common_multiple(problem: str, answer: str) -> bool:
    a, b = numbers(problem)
    if "divisor" in problem:
        return max(n for n in range(1, a + 1) if a % n == 0 and b % n == 0) == int(answer)
    return next(n for n in itertools.count(a, a) if n % b == 0) == int(answer)


def last_digit(problem: str, answer: str) -> bool:
    base, exponent = numbers(problem)
    return str(base**exponent)[-1] == answer


def power_remainder(problem: str, answer: str) -> bool:
    base, exponent, modulus = numbers(problem)
    return base**exponent % modulus == int(answer)


def base_conversion(problem: str, answer: str) -> bool:
    number, _, base = numbers(problem)
    digits, subscript = answer.split("_")
    return int(subscript) == base and int(digits, base) == number


def congruence(problem: str, answer: str) -> bool:
    a, b, modulus = numbers(problem)
    return [x for x in range(modulus) if (a * x - b) % modulus == 0] == [int(answer)]


def prime_or_not(problem: str, answer: str) -> bool:
    (number,) = numbers(problem)
    prime = all(number % divisor for divisor in range(2, number))
    return answer == (r"\text{Yes}" if prime else r"\text{No}")


def weekday_after(problem: str, answer: str) -> bool:
    today, days = re.search(r"Today is (\w+)\..*\$(\d+)\$", problem).groups()  # type: ignore[union-attr]
    start = next(day for day in (datetime.date(2024, 1, n) for n in range(1, 8)) if day.strftime("%A") == today)
    return answer == rf"\text{{{(start + datetime.timedelta(int(days))).strftime('%A')}}}"


@lru_cache
def _orders(counts: tuple[int, ...]) -> int:
    """Count the distinct orders of letters by choosing the first one."""
    if not any(counts):
        return 1
    return sum(
        _orders(tuple(sorted((*counts[:n], counts[n] - 1, *counts[n + 1 :])))) for n in range(len(counts)) if counts[n]
    )


def letter_arrangements(problem: str, answer: str) -> bool:
    word, first = re.search(r"word (\w+) be arranged(?: if the first letter must be (\w))?", problem).groups()  # type: ignore[union-attr]
    counts = Counter(word)
    if first:
        counts[first] -= 1
    return _orders(tuple(sorted(counts.values()))) == int(answer)


def committee(problem: str, answer: str) -> bool:
    n, m, k, j = numbers(problem)
    ways = (sum(1 for _ in itertools.combinations(range(size), chosen)) for size, chosen in ((n, k), (m, j)))
    return math.prod(ways) == int(answer)


def grid_paths(problem: str, answer: str) -> bool:
    _, _, x, y, a, b = numbers(problem)

    @lru_cache
    def paths(from_x: int, from_y: int, to_x: int, to_y: int) -> int:
        if from_x > to_x or from_y > to_y:
            return 0
        if (from_x, from_y) == (to_x, to_y):
            return 1
        return paths(from_x + 1, from_y, to_x, to_y) + paths(from_x, from_y + 1, to_x, to_y)

    return paths(0, 0, a, b) * paths(a, b, x, y) == int(answer)


def multiples_of_either(problem: str, answer: str) -> bool:
    limit, a, b = numbers(problem)
    return sum(n % a == 0 or n % b == 0 for n in range(1, limit + 1)) == int(answer)


def dice_sum(problem: str, answer: str) -> bool:
    first, _, _, second, _, _, total = numbers(problem)
    rolls = [a + b for a in range(1, first + 1) for b in range(1, second + 1)]
    return Fraction(rolls.count(total), len(rolls)) == value(answer)


def same_colour(problem: str, answer: str) -> bool:
    red, blue, green = numbers(problem)
    pairs = list(itertools.combinations("r" * red + "b" * blue + "g" * green, 2))
    return Fraction(sum(a == b for a, b in pairs), len(pairs)) == value(answer)


def at_least_heads(problem: str, answer: str) -> bool:
    coins, least = numbers(problem)
    outcomes = [bin(outcome).count("1") for outcome in range(2**coins)]
    return Fraction(sum(heads >= least for heads in outcomes), len(outcomes)) == value(answer)


def random_multiple(problem: str, answer: str) -> bool:
    low, high, divisor = numbers(problem)
    chosen = range(low, high + 1)
    return Fraction(sum(n % divisor == 0 for n in chosen), len(chosen)) == value(answer)


def hypotenuse(problem: str, answer: str) -> bool:
    return squared(answer) == sum(leg**2 for leg in numbers(problem))


def point_distance(problem: str, answer: str) -> bool:
    x, y, u, v = numbers(problem)
    return squared(answer) == (x - u) ** 2 + (y - v) ** 2


def circle_area(problem: str, answer: str) -> bool:
    around = math_parts(problem)[0].removesuffix(r"\pi")
    match = re.fullmatch(r"(?:\\frac\{)?(\d*)\\pi(?:\}\{(\d+)\})?", answer)
    assert match
    area = Fraction(int(match[1] or 1), int(match[2] or 1))
    return 4 * area == int(around or 1) ** 2


def triangle_area(problem: str, answer: str) -> bool:
    x, y, u, v, s, t = numbers(problem)
    return value(answer) == Fraction(abs(x * v - u * y + u * t - s * v + s * y - x * t), 2)


def box_diagonal(problem: str, answer: str) -> bool:
    return squared(answer) == sum(edge**2 for edge in numbers(problem))


def polygon_angle(problem: str, answer: str) -> bool:
    (sides,) = numbers(problem)
    assert answer.endswith(r"^\circ")
    return 180 - value(answer.removesuffix(r"^\circ")) == Fraction(360, sides)


def similar_triangles(problem: str, answer: str) -> bool:
    pole, shadow, other = numbers(problem)
    return value(answer) / other == Fraction(pole, shadow)
