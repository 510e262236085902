"""What a team trains on before it has the organiser's data: made questions, passages and whole corpora.

A contest with `data.generator: practice` whose files are not given gets its questions from the generator of its task:
the module of this folder that is called as the task and assigns `GENERATOR`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from core.errors import InputError
from core.registry import Registry
from core.text.records import Record

GENERATORS = Registry("practice task", "data_convert.practice", "GENERATOR")


class Generator(ABC):
    """Makes the questions of one task; the same arguments give the same records."""

    @abstractmethod
    def test_records(self, count: int, seed: int) -> list[Record]:
        """Make questions for the evaluation, all distinct."""

    @abstractmethod
    def train_records(self, count: int, seed: int, test: Sequence[Record]) -> list[Record]:
        """Make records to train on, all distinct, none of which asks what `test` asks."""


def generator_of(task: str) -> Generator:
    """Return the generator of a task; InputError where there is none."""
    known = GENERATORS.names()
    if task not in known:
        raise InputError(
            f"no practice data are made for task {task!r}, only for {', '.join(known)}: give the organiser's files "
            "with data.train=PATH and data.test=PATH"
        )
    found = GENERATORS.get(task)
    assert isinstance(found, Generator), f"GENERATOR of {task} is {found!r}"
    return found
