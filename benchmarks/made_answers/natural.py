"""Natural answers: prose that leads in, concludes and remarks, in all combinations; and word problems concluded."""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.made_answers import Made, natural_five, natural_four, natural_one, natural_three, natural_two, stories
from benchmarks.made_answers.contest import SETS
from benchmarks.made_answers.scene import scene

_PROSE = {"one": natural_one, "two": natural_two, "three": natural_three, "four": natural_four, "five": natural_five}


def answers(count: int, name: str, seed: str) -> Iterator[Made]:
    """Yield `count` natural answers of set `name`, a third of them to stories; the same for the same seed."""
    yield from stories.answers(count // 3, name, seed)
    rng = random.Random(f"natural:{name}:{seed}")
    prose = _PROSE[name]
    for number in range(count - count // 3):
        here = scene(rng, SETS[name], ("zh", "en")[number % 2])
        between = " " if here.language == "en" else ""
        parts = (part[here.language] for part in (prose.LEADS, prose.CONCLUSIONS, prose.REMARKS))
        text = "".join((part if part.endswith("\n") else part + between) for part in map(rng.choice, parts) if part)
        form = f"{here.asked.type}/{here.language}/{here.announced.name}"
        filled = here.fill(text).strip()
        yield Made("natural conclusion", form, here.asked.question, here.asked.reference, filled, here.right)
