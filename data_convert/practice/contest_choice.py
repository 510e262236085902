"""Practice multiple choice at the stage-2 corpus' size: its number of records and copies, languages and letters."""

from __future__ import annotations

import random
from collections.abc import Iterator

from core.tasks import choice as choice_text
from core.tasks.choice import LETTERS
from core.text.records import Record
from data_convert.practice.choice_item import Choice
from data_convert.practice.distinct import distinct
from data_convert.practice.knowledge import Source, sources

# The corpus: 27,604 records of which 42 are copies of others. In a published sample of 2,000 of them 838 hold Chinese
# characters, and the right options are A 466, B 504, C 510, D 520.
RECORDS, COPIES = 27_604, 42
_CHINESE = 838 / 2000
_LETTER_WEIGHTS = (466, 504, 510, 520)


def choice(source: Source, rng: random.Random) -> Choice:
    """Draw a question and put its options in random order; the letters fall as the corpus' letters do."""
    question = source.draw(rng)
    letter = rng.choices(LETTERS, _LETTER_WEIGHTS)[0]
    options = rng.sample(question.wrong, 3)
    options.insert(LETTERS.index(letter), question.value)
    return Choice(question.subject, question.text, tuple(options), letter, question.value)


def choices(rng: random.Random, language: str) -> Iterator[Choice]:
    """Yield choices without end, all sources of a language equally often; a choice may come again.

    Args:
        rng: the source of chance.
        language: "zh", "en", or "both" with the corpus' share of Chinese.
    """
    while True:
        spoken = ("zh" if rng.random() < _CHINESE else "en") if language == "both" else language
        yield choice(rng.choice(sources(spoken)), rng)


def records(count: int, seed: int, language: str = "both", unique: bool = False) -> Iterator[Record]:
    """Yield `count` records, the same for the same arguments.

    Args:
        count: number of records.
        seed: of the draws.
        language: "zh", "en" or "both".
        unique: no copies; else 42 of 27,604 records repeat an earlier one.

    Raises:
        InputError: there are not so many distinct questions.
    """
    rng = random.Random(f"choice:{seed}")
    drawn = distinct(choices(rng, language), lambda item: item.text)
    copies = {} if unique else _copies(count, round(count * COPIES / RECORDS), rng)
    originals = set(copies.values())
    kept: dict[int, Choice] = {}
    for number in range(count):
        item = kept[copies[number]] if number in copies else next(drawn)
        if number in originals:
            kept[number] = item
        meta = {"instruction": choice_text.instruction(item.subject), "subject": item.subject}
        answer = choice_text.answer(item.letter)
        yield Record(str(number), "choice", item.text, answer, f"practice:{number}", meta)


def _copies(count: int, copies: int, rng: random.Random) -> dict[int, int]:
    """Draw which record repeats which earlier one; none of the originals is itself a copy."""
    places = rng.sample(range(count), 2 * copies)
    return {max(pair): min(pair) for pair in zip(places[::2], places[1::2], strict=True)}
