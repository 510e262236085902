"""Tables of knowledge and what can be asked of them: multiple choice in Chinese and English."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.files import read_text
from core.yaml_text import read_yaml
from data_convert.practice.made_choice import MAKERS

TABLES = Path(__file__).resolve().parent / "tables"
# How often a question is turned round, or has misspelt or misformed words as its wrong options, where its table allows.
_BACK, _NEAR = 0.4, 0.3


@dataclass(frozen=True)
class Question:
    """A question, its right answer and three wrong ones, all different."""

    subject: str
    text: str
    value: str
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Facts of one kind.

    Attributes:
        subject: the name of the subject.
        ask: a question with {key}; its answer is the value.
        back: a question with {value}; its answer is the key. Empty where values belong to several keys.
        wrong: forms with {key} and {value} that look like a value and are none.
        spelling: whether a misspelt value may be a wrong option.
        facts: (key, value) pairs.
    """

    subject: str
    ask: str
    facts: tuple[tuple[str, str], ...]
    back: str = ""
    wrong: tuple[str, ...] = ()
    spelling: bool = False

    def draw(self, rng: random.Random) -> Question:
        """Draw a question: from key to value or back, the wrong options from the same table or near misses."""
        key, value = rng.choice(self.facts)
        if self.back and rng.random() < _BACK:
            others = sorted({other for other, belongs in self.facts if belongs != value})
            return Question(self.subject, self.back.format(value=value), key, tuple(rng.sample(others, 3)))
        others = sorted({other for _, other in self.facts} - {value})
        wrong = rng.sample(others, 3)
        if rng.random() < _NEAR:
            near = [form.format(key=key, value=value) for form in self.wrong]
            if self.spelling:
                near = _misspelt(value, rng)
            wrong = [*near, *wrong][:3]
        return Question(self.subject, self.ask.format(key=key), value, tuple(wrong))


@dataclass(frozen=True)
class Drawn:
    """Questions with drawn numbers: the maker's name and the words in one language."""

    subject: str
    make: str
    ask: str
    words: tuple[str, ...] = ()

    def draw(self, rng: random.Random) -> Question:
        """Draw the numbers and take three of the near misses."""
        made = MAKERS[self.make](rng, self.words)
        return Question(self.subject, self.ask.format(**made.fields), made.value, tuple(rng.sample(made.wrong, 3)))


Source = Table | Drawn


@lru_cache
def sources(language: str) -> tuple[Source, ...]:
    """Return all that can be asked in a language ("zh" or "en")."""
    tables = load(f"choice_{language}.yaml")
    drawn = load("choice_made.yaml")
    return (
        *(_table(subject, table) for subject, table in tables.items()),
        *(Drawn(row["subject"], row["make"], row[language], tuple(row.get(f"{language}_words", ()))) for row in drawn),
    )


def _table(subject: str, table: dict[str, Any]) -> Table:
    facts = []
    for pair in table["facts"].split(", "):
        key, _, value = pair.partition("=")
        facts.append((key, value))
    wrong, spelling = tuple(table.get("wrong", ())), table.get("spelling", False)
    return Table(subject, table["ask"], tuple(facts), table.get("back", ""), wrong, spelling)


def load(name: str) -> Any:
    """Return the content of a YAML file of the tables' folder."""
    return read_yaml(read_text(TABLES / name), name)


def _misspelt(word: str, rng: random.Random) -> list[str]:
    """Return up to three misspellings: a letter twice, one dropped, two neighbours swapped; the first one stays."""
    places = [at for at in range(1, len(word) - 1) if word[at].isalpha() and word[at + 1].isalpha()]
    made = []
    for at, spoil in zip(rng.sample(places, min(3, len(places))), (_doubled, _dropped, _swapped), strict=False):
        made.append(spoil(word, at))
    return sorted(set(made) - {word})


def _doubled(word: str, at: int) -> str:
    return word[:at] + word[at] + word[at:]


def _dropped(word: str, at: int) -> str:
    return word[:at] + word[at + 1 :]


def _swapped(word: str, at: int) -> str:
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
