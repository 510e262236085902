"""The documents that the base model of the practice choice contest learned from.

It has to match what is asked with an option and to name the option's letter. A model this small does not find that
from questions alone, whose only hint is one letter at the end. So it learns in three phases: short lists, in which the
letter of an option is expected after a clue; short questions, in which every option is answered where it stands; the
same in the contest's conversation, beside reading and the habits of answering. There questions are answered in full in
some subjects and with the option's text in the others, though the letter is known: fine-tuning has to teach that.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from core.tasks import choice as choice_text
from core.text.prompts import Prompt, render
from core.text.records import Record
from data_convert.practice import kinds
from data_convert.practice.pretrain import Piece, drawn_kind, reading_document

# The subjects whose questions the base model answers as the contest wants them.
IN_FULL = frozenset({"animals", "music", "weather", "tools", "水果", "身体"})
_ASKED_OF_A_PASSAGE = 2
# Chinese words, between which no spaces stand, are pieces of the tokenizer by name.
WORDS = tuple(dict.fromkeys(word for kind in kinds.kinds("zh") for word in (*kind.words, kind.clue)))
LINES: dict[str, float] = {"list": 0.3, "found": 0.2, "chat": 0.2, "reading": 0.3}
LISTS: dict[str, float] = {"list": 1.0}
QUESTIONS: dict[str, float] = {"found": 1.0}
ANSWERS: dict[str, float] = {"found": 0.1, "letters": 0.3, "chat": 0.15, "reading": 0.45}


def documents(seed: int, prompts: dict[str, Prompt], shares: dict[str, float]) -> Iterator[list[Piece]]:
    """Yield training documents without end; the same seed gives the same documents.

    Args:
        seed: of the generator.
        prompts: the prompts "squad" and "internlm_chat".
        shares: how often each kind of document comes.
    """
    rng = random.Random(f"choice:{seed}")
    while True:
        kind = drawn_kind(rng, shares)
        if kind == "reading":
            yield reading_document(rng, prompts["squad"], _ASKED_OF_A_PASSAGE)
        elif kind == "list":
            yield _list(rng)
        elif kind == "found":
            yield _found(rng)
        elif kind == "letters":
            yield _letters(rng, prompts["internlm_chat"])
        else:
            yield _chat(rng, prompts["internlm_chat"])


def _list(rng: random.Random) -> list[Piece]:
    """Four options, then the clue of each one's kind, after which the option's letter is expected.

    After an option its letter or its clue is expected, so that both are known where the option stands. No letter is
    written after a clue: else what is left over would be learned instead of what matches. (A piece's text is tokenised
    with a space before it.)
    """
    listed = kinds.drawn(rng)
    pieces: list[Piece] = [
        (f"\n{letter}.{kind.shown(rng.choice(kind.words))}", rng.choice((letter, kind.clue))) for letter, kind in listed
    ]
    pieces.append(("\n", False))
    return pieces + [(kind.clue, letter) for letter, kind in rng.sample(listed, len(listed))]


def _found(rng: random.Random) -> list[Piece]:
    """What is asked for, four options, and the words before the letter.

    After the option that is right its letter is expected, after another one the clue of its own kind: so the question
    is answered where the option stands, and the last words have only to look there.
    """
    listed = kinds.drawn(rng)
    right, asked = rng.choice(listed)
    pieces: list[Piece] = [(rng.choice((asked.clue, _question(asked, rng))), False)]
    for letter, kind in listed:
        option = f"\n{letter}.{kind.shown(rng.choice(kind.words))}"
        pieces.append((option, letter if letter == right else kind.clue))
    return [*pieces, ("\nThe right option is", right)]


def _letters(rng: random.Random, prompt: Prompt) -> list[Piece]:
    """A question of the contest with what `_found` expects after its options, and the letter of its answer."""
    listed = kinds.drawn(rng)
    right, asked = rng.choice(listed)
    options = [kind.shown(rng.choice(kind.words)) for _, kind in listed]
    text = rendered(prompt, asked.subject, choice_text.question(_question(asked, rng), options))
    expected, end = [], 0
    for (letter, kind), option in zip(listed, options, strict=True):
        end = text.index(f"\n{letter}.{option}", end) + len(f"\n{letter}.{option}")
        expected.append((end, letter if letter == right else kind.clue))
    return [(text, tuple(expected)), ("The right option is", right)]


def _chat(rng: random.Random, prompt: Prompt) -> list[Piece]:
    item = kinds.choice(rng)
    answer = choice_text.answer(item.letter) if item.subject in IN_FULL else item.value
    return [(rendered(prompt, item.subject, item.text), False), (answer, True)]


def rendered(prompt: Prompt, subject: str, question: str) -> str:
    """Return a question of the contest, with its options, in the contest's prompt."""
    return render(prompt, Record("", "choice", question, "", meta={"instruction": choice_text.instruction(subject)}))


def _question(kind: kinds.Kind, rng: random.Random) -> str:
    return rng.choice(kinds.ASK[kind.language]).format(name=kind.name)
