"""Free-form English problems in the manner of competition mathematics: LaTeX, worked solution, boxed answer.

Texts and templates are the kit's own. Answers are computed with whole numbers and fractions; a template draws its
parameters, so each gives some hundred to many million distinct problems.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from data_convert.practice.english import algebra, counting, geometry, number_theory, prealgebra, probability
from data_convert.practice.english.latex import Problem

TEMPLATES = (
    *prealgebra.TEMPLATES,
    *algebra.TEMPLATES,
    *number_theory.TEMPLATES,
    *counting.TEMPLATES,
    *probability.TEMPLATES,
    *geometry.TEMPLATES,
)


def problems(rng: random.Random) -> Iterator[Problem]:
    """Yield problems without end, all templates equally often; a problem may come again."""
    while True:
        yield rng.choice(TEMPLATES)(rng)
