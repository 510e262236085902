"""The groups of made answers, drawn chunk by chunk so that processes can share them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.made_answers import PROSE_SETS, SETS, Made, choice, contest, free, natural

CHUNK = 1000
Generator = Callable[[int, str, str], Iterator[Made]]


@dataclass(frozen=True)
class Group:
    """A group: its generator, how many answers it has by default, what it holds, and its sets."""

    draw: Generator
    count: int
    holds: str
    sets: tuple[str, ...] = SETS


GROUPS = {
    "contest": Group(contest.answers, 198_000, "answers to the contest's question types", PROSE_SETS),
    "natural": Group(natural.answers, 6_000, "conclusions and remarks in prose, word problems concluded", PROSE_SETS),
    "free": Group(free.answers, 10_500, "free problems: expressions, and what is no number"),
    "choice": Group(choice.answers, 6_000, "multiple choice; kinds named hard apart"),
}


@dataclass(frozen=True)
class Chunk:
    """Some answers of a group and set; every process draws the same ones."""

    group: str
    set: str
    seed: int
    number: int
    count: int

    def answers(self) -> Iterator[Made]:
        """Draw them."""
        return GROUPS[self.group].draw(self.count, self.set, f"{self.seed}:{self.number}")


def chunks(group: str, name: str, seed: int, count: int) -> Iterator[Chunk]:
    """Yield the chunks of `count` answers."""
    for number, start in enumerate(range(0, count, CHUNK)):
        yield Chunk(group, name, seed, number, min(CHUNK, count - start))
