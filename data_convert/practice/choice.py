"""Practice multiple choice in the stage-2 corpus' form: the contest's questions, and small tables of common knowledge.

The tables are what the practice base model was taught; the contest asks about kinds of words (`kinds.py`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, repeat

from core.tasks import choice as choice_text
from core.tasks.choice import LETTERS
from core.text.records import Record
from data_convert.practice import Generator, kinds
from data_convert.practice.choice_item import Choice
from data_convert.practice.distinct import distinct


@dataclass(frozen=True)
class Subject:
    """A table of knowledge: `ask` is a question with one blank, `facts` are (key, value) pairs."""

    name: str
    ask: str
    facts: tuple[tuple[str, str], ...]


def _table(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [item.split("=") for item in text.split(", ")]
    return tuple((key, value) for key, value in pairs)


SUBJECTS = (
    Subject(
        "geography",
        "What is the capital of {}?",
        _table(
            "France=Paris, Italy=Rome, England=London, Germany=Berlin, Spain=Madrid, Austria=Vienna, Norway=Oslo, "
            "Greece=Athens, Egypt=Cairo, Japan=Tokyo, China=Beijing, India=Delhi, Peru=Lima, Ireland=Dublin, "
            "Portugal=Lisbon, Poland=Warsaw, Korea=Seoul, Vietnam=Hanoi, Kenya=Nairobi, Cuba=Havana"
        ),
    ),
    Subject(
        "zoology",
        "What is a young {} called?",
        _table(
            "dog=puppy, cat=kitten, horse=foal, cow=calf, sheep=lamb, goat=kid, duck=duckling, bear=cub, deer=fawn, "
            "pig=piglet, hen=chick, goose=gosling, frog=tadpole, swan=cygnet, eagle=eaglet, owl=owlet"
        ),
    ),
    Subject(
        "language",
        "What is the opposite of {}?",
        _table(
            "hot=cold, big=small, fast=slow, old=young, rich=poor, dark=bright, hard=soft, wet=dry, high=low, "
            "long=short, full=empty, happy=sad, early=late, open=closed, clean=dirty, thick=thin, sweet=bitter, "
            "near=far, loud=quiet, strong=weak"
        ),
    ),
    Subject(
        "botany",
        "What is the usual colour of {}?",
        _table(
            "grass=green, snow=white, coal=black, blood=red, lemons=yellow, carrots=orange, plums=purple, ash=grey, "
            "wood=brown, flamingos=pink, the sea=blue, gold=golden"
        ),
    ),
    Subject(
        "常识",
        "“{}”的反义词是什么？",
        _table(
            "大=小, 多=少, 高=低, 长=短, 快=慢, 新=旧, 冷=热, 轻=重, 远=近, 早=晚, 黑=白, 左=右, 上=下, 前=后, "
            "开=关, 内=外"
        ),
    ),
)


def choice(subject: Subject, fact: tuple[str, str], rng: random.Random) -> Choice:
    """Make a question from one fact: the right value and three others of the same table, in random order."""
    key, value = fact
    others = sorted({other for _, other in subject.facts if other != value})
    options = [value, *rng.sample(others, 3)]
    rng.shuffle(options)
    letter = LETTERS[options.index(value)]
    return Choice(subject.name, subject.ask.format(key), tuple(options), letter, value)


def records(count: int, seed: int, held_out: bool) -> list[Record]:
    """Make `count` records with distinct texts from one side of the split; the same seed gives the same records."""
    rng = random.Random(seed)
    drawn = distinct((kinds.choice(rng, held_out) for _ in repeat(None)), lambda item: item.text)
    made = []
    for number, item in enumerate(islice(drawn, count)):
        meta = {"instruction": choice_text.instruction(item.subject), "subject": item.subject}
        answer = choice_text.answer(item.letter)
        made.append(Record(f"choice-{seed}-{number}", "choice", item.text, answer, f"practice:{number}", meta))
    return made


class ChoiceGenerator(Generator):
    """Train and test questions have no word in common that is an option."""

    def test_records(self, count: int, seed: int) -> list[Record]:
        """See `Generator`."""
        return records(count, seed, held_out=True)

    def train_records(self, count: int, seed: int, test: Sequence[Record]) -> list[Record]:
        """See `Generator`."""
        return records(count, seed, held_out=False)


GENERATOR = ChoiceGenerator()
