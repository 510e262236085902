"""The documents that the practice base model learned from: what it can read, reckon and knows before fine-tuning.

The base model must stand where a real base model stands: able to read a passage, knowing its sums and facts, and
not yet in the habit of answering the contest's questions the contest's way. So the arithmetic of every type is
taught as bare equations, and the contest's questions are answered with the expression alone (only additions are
answered in full); multiple choice is answered with a letter after a prompt of its own, and in the contest's words
in one subject only.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from core.tasks import choice as choice_text
from core.text.prompts import Prompt, render
from core.text.records import Record
from data_convert.practice import choice, math, reading

# What is expected within a text, though the text goes on otherwise: after so many characters, which end where a token
# ends, a text of one token.
Expected = tuple[tuple[int, str], ...]
# A piece of a document: its text, and whether the model learns to produce it (EOS follows where it does); or its text,
# and what the model learns to expect within it; or its text, and a text of one token that is expected after it.
Piece = tuple[str, bool | str | Expected]
_FOLLOW_UP = "\n\n### Input:\n{}\n\n### Response:"


def reading_document(rng: random.Random, prompt: Prompt, most: int = 5) -> list[Piece]:
    """Make a passage with up to `most` questions, in the retention prompt."""
    item = reading.passage(rng)
    pieces: list[Piece] = []
    for number, (question, answer) in enumerate(item.questions[:most]):
        record = Record("", "squad", question, answer, meta={"passage": item.text})
        pieces.append((_FOLLOW_UP.format(question) if number else render(prompt, record), False))
        pieces.append((answer, True))
    return pieces


def _equation(rng: random.Random) -> list[Piece]:
    problem = next(math.problems(rng))
    return [(f"{problem.expression} =", False), (problem.value, True)]


def _asked(rng: random.Random, prompt: Prompt) -> list[Piece]:
    problem = next(math.problems(rng))
    answer = problem.answer if problem.type == "add" else problem.expression
    return [(render(prompt, Record("", "math", problem.question, answer)), False), (answer, True)]


def _asked_plainly(rng: random.Random) -> list[Piece]:
    problem = next(math.problems(rng))
    return [(f"{problem.question}\n", False), (problem.answer, True)]


def _known(rng: random.Random, shares: Shares, ask: Prompt, chat: Prompt) -> list[Piece]:
    subject = rng.choice(choice.SUBJECTS)
    fact = rng.choice(subject.facts)
    item = choice.choice(subject, fact, rng)
    kind = drawn_kind(rng, shares.known)
    if kind == "recall":
        return [(render(ask, Record("", "math", item.question, item.value)), False), (item.value, True)]
    if kind == "letter":
        return [(f"{item.text}\nLetter:", False), (item.letter, True)]
    if kind == "locate":
        return [(f"{item.text}\nLetter of {item.value}:", False), (item.letter, True)]
    meta = {"instruction": choice_text.instruction(subject.name)}
    prompt = render(chat, Record("", "choice", item.text, "", meta=meta))
    in_full = subject.name == "geography"
    return [(prompt, False), (choice_text.answer(item.letter) if in_full else item.value, True)]


@dataclass(frozen=True)
class Shares:
    """How often each kind of document comes, by kind; `known` divides the documents about tables of facts."""

    documents: dict[str, float]
    known: dict[str, float]


# The two phases of the training: first the abilities, then also the habits around them.
PHASES = (
    Shares(
        {"reading": 0.14, "equation": 0.58, "asked": 0.10, "known": 0.18},
        {"recall": 0.15, "letter": 0.60, "chat": 0.25},
    ),
    Shares(
        {"reading": 0.14, "equation": 0.26, "asked": 0.14, "asked plainly": 0.20, "known": 0.26},
        {"recall": 0.10, "letter": 0.35, "locate": 0.35, "chat": 0.20},
    ),
)


def drawn_kind(rng: random.Random, shares: dict[str, float]) -> str:
    """Draw a kind of document; the shares add up to 1."""
    mark = rng.random()
    for kind, share in shares.items():
        if mark < share:
            return kind
        mark -= share
    return next(reversed(shares))


def documents(seed: int, prompts: dict[str, Prompt], shares: Shares = PHASES[0]) -> Iterator[list[Piece]]:
    """Yield training documents without end; the same seed gives the same documents.

    Args:
        seed: of the generator.
        prompts: the prompts "squad", "alpaca" and "internlm_chat".
        shares: how often each kind of document comes.
    """
    rng = random.Random(seed)
    while True:
        kind = drawn_kind(rng, shares.documents)
        if kind == "reading":
            yield reading_document(rng, prompts["squad"])
        elif kind == "equation":
            yield _equation(rng)
        elif kind == "asked":
            yield _asked(rng, prompts["alpaca"])
        elif kind == "asked plainly":
            yield _asked_plainly(rng)
        else:
            yield _known(rng, shares, prompts["alpaca"], prompts["internlm_chat"])
