"""What a server's answer says, in either form of the interface: text, reasoning, tokens, log-probabilities."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.untrusted import encodable

_MOST_TOKENS = 1 << 31


class IsChat(ValueError):
    """A completion was asked for, and a chat's message is the answer."""


@dataclass(frozen=True)
class Answer:
    """An answer as the server sent it.

    Attributes:
        text: what it says.
        reasoning: what a reasoning model thought before it, where the server keeps that apart.
        choice: the first of its choices, whole.
        prompt_tokens, completion_tokens: as the server counted them; None where it does not say.
    """

    text: str
    reasoning: str
    choice: dict[str, Any]
    prompt_tokens: int | None
    completion_tokens: int | None


@dataclass(frozen=True)
class Candidate:
    """A token that might have come first: its text, its id where the server tells it, and its log-probability."""

    text: str
    number: int | None
    logprob: float


def completion(value: Any) -> Answer:
    """Read a completion; ValueError where it is none, IsChat where it is a chat's message."""
    choice = _choice(value)
    if not isinstance(choice.get("text"), str):
        raise IsChat("a chat's message") if isinstance(choice.get("message"), dict) else ValueError("no completion")
    return _answer(value, choice, choice["text"], "")


def message(value: Any) -> Answer:
    """Read a chat's message; ValueError where it is none.

    A message without content is an empty answer: all its tokens went into the reasoning, or into a call of a tool.
    """
    choice = _choice(value)
    said = choice.get("message")
    if not isinstance(said, dict):
        raise ValueError("no message of a chat")
    reasoning = said.get("reasoning_content") or said.get("reasoning") or ""
    return _answer(value, choice, _content(said.get("content")), reasoning if isinstance(reasoning, str) else "")


def first_candidates(answer: Answer) -> list[Candidate]:
    """Return the likeliest first tokens of an answer; an empty list where the server tells none."""
    found: dict[tuple[str, int | None], Candidate] = {}
    for one in _listed(answer.choice.get("logprobs")):
        found.setdefault((one.text, one.number), one)
    return list(found.values())


def _listed(logprobs: Any) -> Iterator[Candidate]:
    if not isinstance(logprobs, dict):
        return
    content, top = logprobs.get("content"), logprobs.get("top_logprobs")
    if isinstance(content, list) and content and isinstance(content[0], dict):
        first = content[0]
        for one in (*_rows(first.get("top_logprobs")), first):
            if isinstance(one.get("token"), str) and is_finite(one.get("logprob")):
                number = one.get("id")
                yield Candidate(encodable(one["token"]), number if type(number) is int else None, float(one["logprob"]))
    elif isinstance(top, list) and top and isinstance(top[0], dict):
        for text, value in top[0].items():
            if is_finite(value):
                yield Candidate(encodable(text), None, float(value))


def is_finite(value: Any) -> bool:
    """Tell whether a value is a number that a float can hold."""
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _choice(value: Any) -> dict[str, Any]:
    try:
        choice = value["choices"][0]
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError("no choices") from error
    if not isinstance(choice, dict):
        raise ValueError("no choices")
    return choice


def _content(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, list):  # in parts, as some servers answer
        return "".join(part["text"] for part in _rows(content) if isinstance(part.get("text"), str))
    if not isinstance(content, str):
        raise ValueError("no text")
    return content


def _answer(value: Any, choice: dict[str, Any], text: str, reasoning: str) -> Answer:
    usage = value.get("usage")
    counts = usage if isinstance(usage, dict) else {}
    read, written = (
        count if type(count) is int and 0 <= count < _MOST_TOKENS else None
        for count in (counts.get("prompt_tokens"), counts.get("completion_tokens"))
    )
    return Answer(encodable(text), encodable(reasoning), choice, read, written)
