"""Made passages with questions whose answers stand in them at known places, in English and Chinese. Words are data."""

from __future__ import annotations

import random
import string
from dataclasses import dataclass
from functools import lru_cache

from data_convert.practice.knowledge import load

_FEWEST_FACTS, _MOST_FACTS = 5, 9


@dataclass(frozen=True)
class Span:
    """A piece of a passage: passage[start : start + len(text)] is its text."""

    text: str
    start: int


@dataclass(frozen=True)
class Asked:
    """A question about a passage.

    Attributes:
        text: the question.
        answers: reference answers, the most usual one first; none where the passage does not answer.
        plausible: where there is no answer, a span that answers the same question about another thing.
    """

    text: str
    answers: tuple[Span, ...]
    plausible: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Passage:
    """A passage and all that can be asked about it, in random order.

    Attributes:
        text: some sentences.
        asked: questions that it answers, no two of the same text.
        unanswered: questions that it does not answer, though they read as if it did.
    """

    text: str
    asked: tuple[Asked, ...]
    unanswered: tuple[Asked, ...]


@dataclass(frozen=True)
class Fact:
    """A sentence with slots and the questions it answers, each with its reference answers as pieces of the sentence."""

    text: str
    ask: dict[str, tuple[str, ...]]

    @property
    def slots(self) -> tuple[str, ...]:
        """The names of the slots."""
        return tuple(field for _, field, _, _ in string.Formatter().parse(self.text) if field)

    def span(self, piece: str, words: dict[str, str], start: int) -> Span:
        """Return where a piece of the sentence stands in a passage in which the sentence begins at `start`."""
        before = self.text[: self.text.index(piece)]
        return Span(piece.format(**words), start + len(before.format(**words)))


@dataclass(frozen=True)
class Told:
    """A fact about one thing: the words in its slots, and where its sentence begins in the passage."""

    fact: Fact
    words: dict[str, str]
    start: int

    def questions(self) -> list[Asked]:
        """Return what this sentence answers."""
        return [
            Asked(
                question.format(**self.words), tuple(self.fact.span(piece, self.words, self.start) for piece in pieces)
            )
            for question, pieces in self.fact.ask.items()
        ]


@dataclass(frozen=True)
class Language:
    """What passages of a language are made of."""

    separator: str
    words: dict[str, tuple[str, ...]]
    numbers: dict[str, tuple[int, int]]
    kinds: tuple[tuple[tuple[str, ...], tuple[Fact, ...]], ...]

    def fill(self, slot: str, rng: random.Random) -> str:
        """Return a word, or a number, for a slot."""
        if slot in self.words:
            return rng.choice(self.words[slot])
        return str(rng.randint(*self.numbers[slot]))


@lru_cache
def language(name: str) -> Language:
    """Return the words and facts of "en" or "zh"."""
    loaded = load(f"passages_{name}.yaml")
    kinds = []
    for kind in loaded["kinds"]:
        facts = [
            Fact(row["text"], {text: tuple(pieces) for text, pieces in row["ask"].items()}) for row in kind["facts"]
        ]
        kinds.append((tuple(kind["names"]), tuple(facts)))
    words = {slot: tuple(choices) for slot, choices in loaded["words"].items()}
    numbers = {slot: (bounds[0], bounds[1]) for slot, bounds in loaded["numbers"].items()}
    return Language(loaded["separator"], words, numbers, tuple(kinds))


def passage(rng: random.Random, spoken: Language) -> Passage:
    """Make a passage: five to nine facts about two or three things of one kind.

    Some facts are told of several things, so that the name in a question decides which of them is meant.
    """
    names, facts = rng.choice(spoken.kinds)
    things = rng.sample(names, rng.randint(2, 3))
    pairs = rng.sample([(thing, fact) for thing in things for fact in facts], rng.randint(_FEWEST_FACTS, _MOST_FACTS))
    told: list[Told] = []
    text = ""
    for thing, fact in pairs:
        words = {slot: spoken.fill(slot, rng) for slot in fact.slots if slot != "name"} | {"name": thing}
        text += spoken.separator if text else ""
        told.append(Told(fact, words, len(text)))
        text += fact.text.format(**words)
    asked = [question for item in told for question in item.questions()]
    texts = [question.text for question in asked]
    # A question that two sentences answer differently (two people live in Rome) is no question.
    asked = [question for question in asked if texts.count(question.text) == 1]
    rng.shuffle(asked)
    unanswered = _unanswered(told, things, set(texts))
    rng.shuffle(unanswered)
    return Passage(text, tuple(asked), tuple(unanswered))


def _unanswered(told: list[Told], things: list[str], answered: set[str]) -> list[Asked]:
    """Ask of each thing what the passage tells only of another one."""
    made: dict[str, Asked] = {}
    for item in told:
        for question, pieces in item.fact.ask.items():
            for thing in things:
                text = question.format(**(item.words | {"name": thing}))
                if _alone(question) and text not in answered:
                    made[text] = Asked(text, (), (item.fact.span(pieces[0], item.words, item.start),))
    return list(made.values())


def _alone(question: str) -> bool:
    """Tell whether a question names the thing and no other detail of the sentence."""
    return [field for _, field, _, _ in string.Formatter().parse(question) if field] == ["name"]
