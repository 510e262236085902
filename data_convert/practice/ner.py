"""Practice entities: sentences in the manner of the dynastic histories, of characters that the practice model has.

Persons have one of the surnames and a given name of one or two characters; afterwards they may be called by the given
name alone. Offices and titles of books are words of two or three characters. Half of the names, of the offices and of
the titles stand in test sentences only, so that they have to be told by what stands around them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import product

from core.errors import InputError
from core.text.records import Record
from data_convert.practice import Generator

_SURNAMES = "高白程商元常万米"
_GIVEN = "长平克立远新重明义方".replace("明", "宽")
_OFFICES = [f"{side}{post}" for side, post in product("左右前后内外上下", ("元长", "度", "折"))]
_BOOKS = [f"{what}{kind}" for what, kind in product(("算", "物", "时", "词", "平面"), ("义", "识", "例"))]


def _person(rng: random.Random, names: Sequence[str]) -> str:
    return f"{{{rng.choice(names)}|PER}}"


def _office(rng: random.Random, offices: Sequence[str]) -> str:
    return f"{{{rng.choice(offices)}|OFI}}"


def _book(rng: random.Random, books: Sequence[str]) -> str:
    return f"{{{rng.choice(books)}|BOOK}}"


class _World:
    """The names of one side of the split, and the sentences that are made of them."""

    def __init__(self, side: int) -> None:
        given = [*_GIVEN, *(first + second for first, second in product(_GIVEN, _GIVEN) if first != second)]
        names = [surname + name for surname, name in product(_SURNAMES, given)]
        rng = random.Random(7)
        rng.shuffle(names)
        # Test sentences have names of both sides, training ones of one alone.
        self.names = names if side else names[::2]
        self.offices = _OFFICES if side else _OFFICES[::2]
        self.books = _BOOKS if side else _BOOKS[::2]
        self.forms: list[Callable[[random.Random], str]] = [
            lambda rng: f"以{self.person(rng)}为{self.office(rng)}",
            lambda rng: f"{self.office(rng)}{self.person(rng)}次于外",
            lambda rng: f"{self.person(rng)}求{self.book(rng)}",
            lambda rng: f"{self.person(rng)}解{self.book(rng)}于{self.person(rng)}",
            lambda rng: f"{self.person(rng)}年{rng.choice('少长')}多识",
            lambda rng: f"当时{self.office(rng)}不常",
            lambda rng: "是年物价下",
            lambda rng: f"{self.office(rng)}{self.person(rng)}{self.person(rng)}等分".replace("分", "加"),
        ]

    def person(self, rng: random.Random) -> str:
        return _person(rng, self.names)

    def office(self, rng: random.Random) -> str:
        return _office(rng, self.offices)

    def book(self, rng: random.Random) -> str:
        return _book(rng, self.books)

    def line(self, rng: random.Random) -> str:
        """Return a marked line of one or two sentences."""
        said = [rng.choice(self.forms)(rng) for _ in range(rng.randrange(1, 3))]
        return "，".join(said) + "。"


def _bare(line: str) -> str:
    for kind in ("PER", "OFI", "BOOK"):
        line = line.replace(f"|{kind}}}", "")
    return line.replace("{", "")


def records(count: int, seed: int, side: int, exclude: frozenset[str] = frozenset()) -> list[Record]:
    """Make records with distinct texts.

    Args:
        count: how many.
        seed: the same seed gives the same records.
        side: 0: names of training; 1: all names.
        exclude: texts that must not occur.
    """
    rng, world = random.Random(seed), _World(side)
    seen, made = set(exclude), list[Record]()
    for _ in range(200 * count + 1000):
        if len(made) == count:
            return made
        line = world.line(rng)
        text = _bare(line)
        if text not in seen:
            seen.add(text)
            made.append(Record(f"ner-{seed}-{len(made)}", "ner", text, line, f"practice:{len(made)}"))
    raise InputError(f"only {len(made)} distinct sentences can be made, not {count}: set data.records to fewer")


class NerGenerator(Generator):
    """Training has half of the names; test sentences have all of them."""

    def test_records(self, count: int, seed: int) -> list[Record]:
        """See `Generator`."""
        return records(count, seed, 1)

    def train_records(self, count: int, seed: int, test: Sequence[Record]) -> list[Record]:
        """See `Generator`."""
        return records(count, seed, 0, exclude=frozenset(record.question for record in test))


GENERATOR = NerGenerator()
