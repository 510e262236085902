r"""Geometry: lengths with radicals, areas with \pi, angles in degrees, coordinates."""

from __future__ import annotations

import random
from fractions import Fraction

from data_convert.practice.english.latex import Problem, boxed, in_brackets, radical, sqrt, tex


def hypotenuse(rng: random.Random) -> Problem:
    """The hypotenuse of a right triangle in simplest radical form."""
    a, b = rng.randrange(2, 40), rng.randrange(2, 40)
    answer = radical(a * a + b * b)
    problem = (
        f"The legs of a right triangle have lengths ${a}$ and ${b}$. What is the length of its hypotenuse? Express "
        "your answer in simplest radical form."
    )
    solution = (
        f"By the Pythagorean Theorem the hypotenuse is ${sqrt(f'{a}^2 + {b}^2')} = {sqrt(a * a + b * b)} = "
        f"{boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def point_distance(rng: random.Random) -> Problem:
    """The distance between two points in simplest radical form."""
    x, y, u, v = (rng.randrange(-15, 16) for _ in range(4))
    if (x, y) == (u, v):
        u += 1
    across, up = u - x, v - y
    answer = radical(across**2 + up**2)
    problem = (
        f"What is the distance between the points $({x},{y})$ and $({u},{v})$? Express your answer in simplest "
        "radical form."
    )
    inside = f"{in_brackets(across)}^2 + {in_brackets(up)}^2"
    solution = (
        f"The coordinates differ by ${across}$ and ${up}$, so the distance is "
        f"${sqrt(inside)} = {sqrt(across**2 + up**2)} = {boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def circle_area(rng: random.Random) -> Problem:
    r"""The area of a circle from its circumference; the answer holds \pi."""
    length = rng.randrange(1, 400)
    radius = Fraction(length, 2)
    square = radius * radius
    if square.denominator > 1:
        answer = rf"\frac{{{square.numerator}\pi}}{{{square.denominator}}}"
    else:
        answer = rf"{square if square > 1 else ''}\pi"
    shown = rf"{length if length > 1 else ''}\pi"
    problem = rf"The circumference of a circle is ${shown}$. What is its area? Express your answer in terms of $\pi$."
    solution = (
        rf"From $2\pi r = {shown}$ we get $r = {tex(radius)}$. The area is $\pi r^2 = {boxed(answer)}$. Note that the "
        "circumference is a length and the area is not."
    )
    return Problem(problem, solution, answer)


def triangle_area(rng: random.Random) -> Problem:
    """The area of a triangle from the coordinates of its corners."""
    while True:
        corners = [(rng.randrange(-12, 13), rng.randrange(-12, 13)) for _ in range(3)]
        (x, y), (u, v), (s, t) = corners
        double = (u - x) * (t - y) - (s - x) * (v - y)
        if double:
            break
    answer = tex(Fraction(abs(double), 2))
    shown = ", ".join(f"$({a},{b})$" for a, b in corners[:2]) + f" and $({s},{t})$"
    solution = (
        f"Two sides are the vectors $({u - x},{v - y})$ and $({s - x},{t - y})$. The area is half the size of "
        rf"${u - x} \cdot {in_brackets(t - y)} - {in_brackets(s - x)} \cdot {in_brackets(v - y)} = {double}$, which is "
        f"${boxed(answer)}$."
    )
    return Problem(f"What is the area of the triangle with vertices {shown}?", solution, answer)


def box_diagonal(rng: random.Random) -> Problem:
    """The space diagonal of a box."""
    a, b, c = sorted(rng.randrange(1, 21) for _ in range(3))
    total = a * a + b * b + c * c
    answer = radical(total)
    problem = (
        rf"A rectangular box measures ${a} \times {b} \times {c}$. How long is its longest interior diagonal? "
        "Express your answer in simplest radical form."
    )
    solution = (
        f"The diagonal $d$ satisfies $d^2 = {a}^2 + {b}^2 + {c}^2 = {total}$, so $d = {sqrt(total)} = {boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def polygon_angle(rng: random.Random) -> Problem:
    """An interior angle of a regular polygon; the answer may be a fraction of a degree."""
    sides = rng.randrange(3, 400)
    answer = tex(Fraction(180 * (sides - 2), sides)) + r"^\circ"
    problem = f"What is the measure of each interior angle of a regular polygon with ${sides}$ sides?"
    solution = (
        rf"The interior angles add up to $180^\circ \cdot ({sides} - 2) = {180 * (sides - 2)}^\circ$. All ${sides}$ of "
        f"them are equal, so each measures ${boxed(answer)}$."
    )
    return Problem(problem, solution, answer)


def similar_triangles(rng: random.Random) -> Problem:
    """Heights and shadows: a proportion."""
    pole, shadow, other = rng.randrange(2, 30), rng.randrange(2, 30), rng.randrange(2, 90)
    thing = rng.choice(["tree", "tower", "flagpole", "statue", "chimney", "building"])
    answer = tex(Fraction(pole * other, shadow))
    problem = (
        f"A pole that is ${pole}$ feet tall casts a shadow of ${shadow}$ feet. At the same time a {thing} casts a "
        f"shadow of ${other}$ feet. How many feet tall is the {thing}? Express your answer as an integer or a common "
        "fraction."
    )
    solution = (
        rf"The triangles are similar. Its height $h$ satisfies $\frac{{h}}{{{other}}} = \frac{{{pole}}}{{{shadow}}}$. "
        rf"Hence $h = \frac{{{pole} \cdot {other}}}{{{shadow}}} = {boxed(answer)}$ feet."
    )
    return Problem(problem, solution, answer)


TEMPLATES = (
    hypotenuse,
    point_distance,
    circle_area,
    triangle_area,
    box_diagonal,
    polygon_angle,
    similar_triangles,
)
