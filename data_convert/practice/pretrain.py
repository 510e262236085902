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

from core.prompts import Prompt, render
from core.records import Record
from data_convert.practice import choice, math, reading

# A piece of a document: its text, and whether the model learns to produce it (EOS follows where it does).
Piece = tuple[str, bool]
_FOLLOW_UP = "\n\n### Input:\n{}\n\n### Response:"


def _reading(rng: random.Random, prompt: Prompt) -> list[Piece]:
    item = reading.passage(rng)
    pieces: list[Piece] = []
    for number, (question, answer) in enumerate(item.questions[:5]):
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


def _known(rng: random.Random, ask: Prompt, chat: Prompt) -> list[Piece]:
    subject = rng.choice(choice.SUBJECTS)
    fact = rng.choice(subject.facts)
    item = choice.choice(subject, fact, rng)
    kind = rng.random()
    if kind < 0.15:
        return [(render(ask, Record("", "math", item.question, item.value)), False), (item.value, True)]
    if kind < 0.75:
        return [(f"{item.text}\nLetter:", False), (item.letter, True)]
    meta = {"instruction": choice.instruction(subject.name)}
    prompt = render(chat, Record("", "choice", item.text, "", meta=meta))
    in_full = subject.name == "geography"
    return [(prompt, False), (f"The right option is {item.letter}." if in_full else item.value, True)]


def documents(seed: int, prompts: dict[str, Prompt]) -> Iterator[list[Piece]]:
    """Yield training documents without end; the same seed gives the same documents.

    Args:
        seed: of the generator.
        prompts: the prompts "squad", "alpaca" and "internlm_chat".
    """
    rng = random.Random(seed)
    while True:
        kind = rng.random()
        if kind < 0.14:
            yield _reading(rng, prompts["squad"])
        elif kind < 0.72:
            yield _equation(rng)
        elif kind < 0.82:
            yield _asked(rng, prompts["alpaca"])
        else:
            yield _known(rng, prompts["alpaca"], prompts["internlm_chat"])
