"""Practice reading: short made passages with questions whose answers stand in the passage, in SQuAD's form."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from core.text.records import Record

_PEOPLE = (
    "Anna Ben Clara David Emma Frank Grace Henry Ivan Julia Kevin Laura Martin Nina Oscar Paula "
    "Quinn Rosa Simon Tina Victor Wendy Xavier Yusuf Zoe Lily Ahmed Mei Jun Olga Peter Sara"
).split()
_CITIES = (
    "Paris Rome London Berlin Madrid Vienna Oslo Athens Cairo Tokyo Beijing Shanghai Delhi Lima Boston Dublin "
    "Prague Lisbon Warsaw Seoul Hanoi Nairobi Sydney Toronto Geneva Venice Munich Kyoto Denver Dallas"
).split() + ["New York", "Hong Kong", "Cape Town", "Mexico City", "San Diego", "Port Louis"]
_JOBS = (
    "baker teacher doctor lawyer farmer painter singer writer nurse pilot driver chef tailor judge miner "
    "plumber soldier dentist actor librarian engineer gardener"
).split() + ["police officer", "bus driver", "shop keeper", "school teacher"]
_ANIMALS = "dog cat horse rabbit parrot goat duck turtle hamster pony sheep donkey".split()
_PET_NAMES = "Rex Luna Max Bella Coco Daisy Milo Ruby Teddy Lucky Shadow Pepper Ginger Oreo".split()
_FOODS = (
    "rice bread cheese soup noodles apples cake pizza salad fish eggs beans honey chocolate carrots pancakes"
).split() + ["fried rice", "apple pie", "roast duck", "green beans"]
_COLOURS = "red blue green yellow black white brown pink grey purple orange".split() + ["dark blue", "light green"]
_THINGS = "bicycle car house coat hat door boat bag chair lamp".split()
_COUNTED = "books coins stamps maps clocks shoes cups hats boats lamps".split()
_INSTRUMENTS = "piano violin guitar flute drum trumpet harp cello".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_BOUGHT = "table watch ring camera mirror carpet radio ladder kettle pillow ticket phone".split() + [
    "wooden box",
    "silver spoon",
    "winter coat",
]


@dataclass(frozen=True)
class Fact:
    """One sentence about one person and the questions that it answers."""

    kind: str
    person: str
    sentence: str
    questions: tuple[tuple[str, str], ...]


def _lives(person: str, rng: random.Random) -> Fact:
    city = rng.choice(_CITIES)
    questions = ((f"Where does {person} live?", city), (f"Who lives in {city}?", person))
    return Fact("lives", person, f"{person} lives in {city}.", questions)


def _works(person: str, rng: random.Random) -> Fact:
    job = rng.choice(_JOBS)
    return Fact("works", person, f"{person} works as a {job}.", ((f"What is the job of {person}?", job),))


def _pet(person: str, rng: random.Random) -> Fact:
    animal, name = rng.choice(_ANIMALS), rng.choice(_PET_NAMES)
    questions = (
        (f"What animal does {person} have?", animal),
        (f"What is the name of the {animal} of {person}?", name),
    )
    return Fact("pet", person, f"{person} has a {animal} named {name}.", questions)


def _born(person: str, rng: random.Random) -> Fact:
    year = str(rng.randrange(1920, 2010))
    return Fact("born", person, f"{person} was born in {year}.", ((f"When was {person} born?", year),))


def _eats(person: str, rng: random.Random) -> Fact:
    food = rng.choice(_FOODS)
    return Fact("eats", person, f"{person} likes to eat {food}.", ((f"What does {person} like to eat?", food),))


def _colour(person: str, rng: random.Random) -> Fact:
    thing, colour = rng.choice(_THINGS), rng.choice(_COLOURS)
    question = f"What colour is the {thing} of {person}?"
    return Fact("colour", person, f"The {thing} of {person} is {colour}.", ((question, colour),))


def _owns(person: str, rng: random.Random) -> Fact:
    count, things = str(rng.randrange(2, 100)), rng.choice(_COUNTED)
    question = f"How many {things} does {person} own?"
    return Fact("owns", person, f"{person} owns {count} {things}.", ((question, count),))


def _plays(person: str, rng: random.Random) -> Fact:
    instrument = rng.choice(_INSTRUMENTS)
    question = f"Which instrument does {person} play?"
    return Fact("plays", person, f"{person} plays the {instrument}.", ((question, instrument),))


def _buys(person: str, rng: random.Random) -> Fact:
    day, thing = rng.choice(_DAYS), rng.choice(_BOUGHT)
    questions = ((f"What did {person} buy?", thing), (f"On which day did {person} buy a {thing}?", day))
    return Fact("buys", person, f"On {day} {person} bought a {thing}.", questions)


_KINDS: tuple[Callable[[str, random.Random], Fact], ...] = (
    _lives,
    _works,
    _pet,
    _born,
    _eats,
    _colour,
    _owns,
    _plays,
    _buys,
)


@dataclass(frozen=True)
class Passage:
    """A passage and its questions with their answers, in random order; every answer stands in the text."""

    text: str
    questions: tuple[tuple[str, str], ...]


def passage(rng: random.Random) -> Passage:
    """Make one passage: four or five facts about two or three people, some kinds of fact shared by two people.

    Shared kinds are what makes reading necessary: with two cities in the text, the question's name decides.
    """
    people = rng.sample(_PEOPLE, rng.randrange(2, 4))
    kinds = rng.sample(_KINDS, rng.randrange(3, 5))
    facts = [kind(rng.choice(people), rng) for kind in kinds]
    shared = rng.randrange(len(facts))
    other = rng.choice([person for person in people if person != facts[shared].person])
    facts.append(kinds[shared](other, rng))
    rng.shuffle(facts)
    questions = [pair for fact in facts for pair in fact.questions]
    # A question that two facts answer differently (both people bought a watch) is no question.
    asked = [question for question, _ in questions]
    questions = [pair for pair in questions if asked.count(pair[0]) == 1]
    rng.shuffle(questions)
    return Passage(" ".join(fact.sentence for fact in facts), tuple(questions))


def records(count: int, seed: int, exclude: frozenset[str] = frozenset()) -> list[Record]:
    """Make `count` records, one question for each of `count` distinct passages, none of them in `exclude`.

    The same seed gives the same records; `exclude` holds passage texts.
    """
    rng = random.Random(seed)
    made: list[Record] = []
    seen = set(exclude)
    while len(made) < count:
        item = passage(rng)
        if item.text in seen or not item.questions:
            continue
        seen.add(item.text)
        question, answer = item.questions[0]
        number = len(made)
        meta = {"passage": item.text, "answers": [answer]}
        made.append(Record(f"squad-{seed}-{number}", "squad", question, answer, f"practice:{number}", meta))
    return made
