"""Practice multiple choice about kinds of words: "Which of these is an animal?", one option of that kind, three others.

What has to be known is the kind of each word; what has to be done is to name the letter of the option found. English
options begin with a space, so that a word is the same piece of the tokenizer here and in the practice passages.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

from core.tasks.choice import LETTERS
from data_convert.practice.choice_item import Choice
from data_convert.practice.knowledge import load

ASK = {
    "en": ("Which of these is {name}?", "Which word names {name}?"),
    "zh": ("下面哪个是{name}？", "哪个词属于{name}？"),
}
# The share of Chinese in the stage-2 corpus is 42 %; there are 12 English kinds and 8 Chinese ones.
_CHINESE = 0.4


@dataclass(frozen=True)
class Kind:
    """A kind of words.

    Attributes:
        language: "en" or "zh".
        subject: of the questions about it.
        name: what a word of this kind is, in English with its article.
        clue: the word of the name that tells it from other kinds; one piece of the tokenizer.
        words: of this kind.
    """

    language: str
    subject: str
    name: str
    clue: str
    words: tuple[str, ...]

    def shown(self, word: str) -> str:
        """Return a word as options show it."""
        return f" {word}" if self.language == "en" else word


@lru_cache
def kinds(language: str) -> tuple[Kind, ...]:
    """Return the kinds of a language ("en" or "zh")."""
    rows = load("kinds.yaml")[language]
    return tuple(Kind(language, row["subject"], row["name"], row["clue"], tuple(row["words"].split())) for row in rows)


def words(kind: Kind, held_out: bool | None) -> tuple[str, ...]:
    """Return the words on one side of the split: every fourth word of a kind is held out; None: all of them."""
    return tuple(word for number, word in enumerate(kind.words) if held_out is None or (number % 4 == 3) is held_out)


def drawn(rng: random.Random) -> list[tuple[str, Kind]]:
    """Draw four kinds of one language, each with the letter of its option."""
    language = "zh" if rng.random() < _CHINESE else "en"
    return list(zip(LETTERS, rng.sample(kinds(language), len(LETTERS)), strict=True))


def choice(rng: random.Random, held_out: bool | None = None) -> Choice:
    """Make a question: four words of four kinds in random order, one of the kinds is asked for."""
    listed = drawn(rng)
    options = [rng.choice(words(kind, held_out)) for _, kind in listed]
    right = rng.randrange(len(listed))
    letter, asked = listed[right]
    shown = tuple(kind.shown(option) for (_, kind), option in zip(listed, options, strict=True))
    question = rng.choice(ASK[asked.language]).format(name=asked.name)
    return Choice(asked.subject, question, shown, letter, options[right])
