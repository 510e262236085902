"""The earlier rounds of a conversation, and its system text, as a record's `meta` holds them.

A record is the last question and its answer; `meta["history"]` lists what was said before, one object a round with
`question`, `answer` and, where the corpus says so, `learned`; `meta["learned"]` is that of the last answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from core.errors import InputError
from core.text.records import Record

LearnedTurns = Literal["all", "last", "marked"]
HISTORY, LEARNED, SYSTEM = "history", "learned", "system"


class Round(NamedTuple):
    """A question that was asked before, its answer, and whether that is learned (None: nothing says so)."""

    question: str
    answer: str
    learned: bool | None = None


def system_of(record: Record) -> str:
    """Return a record's system text; "" where it has none."""
    return str(record.meta.get(SYSTEM) or "")


def history_of(record: Record) -> tuple[Round, ...]:
    """Return the rounds before a record's question, the first one first; InputError where `meta` holds no such list."""
    rows = record.meta.get(HISTORY)
    if not rows:
        return ()
    if not isinstance(rows, list):
        raise InputError(f"{record.source or record.id}: 'history' of 'meta' is not a list of rounds")
    return tuple(_round(row, number, record) for number, row in enumerate(rows))


def _round(row: Any, number: int, record: Record) -> Round:
    where = f"{record.source or record.id}: round {number} of 'history'"
    if not isinstance(row, Mapping) or not all(isinstance(row.get(name), str) for name in ("question", "answer")):
        raise InputError(f"{where} is no object with the texts 'question' and 'answer'")
    if unknown := sorted(set(row) - set(Round._fields)):
        raise InputError(f"{where} has an unknown field {unknown[0]!r}")
    if not isinstance(row.get(LEARNED), (bool, type(None))):
        raise InputError(f"{where}: 'learned' is neither true nor false")
    return Round(row["question"], row["answer"], row.get(LEARNED))


def history_rows(rounds: tuple[Round, ...]) -> list[dict[str, Any]]:
    """Return rounds as `meta` holds them."""
    return [{name: value for name, value in one._asdict().items() if value is not None} for one in rounds]


def as_learned(record: Record, turns: LearnedTurns) -> Record | None:
    """Return a conversation up to the last answer of it that is learned, or None where none is.

    Args:
        record: the conversation; its meta may mark answers as learned or not.
        turns: which answers are learned: "all" but those marked as not to be; "last": the last one, unless it is
            marked so; "marked": those alone that are marked as learned.

    Returns:
        The record, whose last answer is learned, and whose history says of each answer whether it is.
    """
    rounds = (*history_of(record), Round(record.question, record.answer, record.meta.get(LEARNED)))
    if turns == "last":
        rounds = (*(one._replace(learned=False) for one in rounds[:-1]), rounds[-1])
    learned = [one.learned is True if turns == "marked" else one.learned is not False for one in rounds]
    if not any(learned):
        return None
    if len(rounds) == 1:
        return record
    last = max(number for number, wanted in enumerate(learned) if wanted)
    history = tuple(one._replace(learned=wanted) for one, wanted in zip(rounds[:last], learned, strict=False))
    meta = {name: value for name, value in record.meta.items() if name not in (HISTORY, LEARNED)}
    if history:
        meta[HISTORY] = history_rows(history)
    if rounds[last].learned is not None:
        meta[LEARNED] = rounds[last].learned
    return replace(record, question=rounds[last].question, answer=rounds[last].answer, meta=meta)


def before_texts(record: Record) -> list[str]:
    """Return what a model reads before a record's question besides its template: system text, questions, answers."""
    rounds = [text for one in history_of(record) for text in (one.question, one.answer)]
    return [text for text in (system_of(record), *rounds) if text]


def said_before(record: Record) -> str:
    """Return `before_texts` as one text; "" for most records."""
    return "\n".join(before_texts(record))
