"""Conversations of one round: `conversations` with from/value, `messages` with role/content."""

from __future__ import annotations

from typing import Any

from core.tasks.choice import has_options
from data_convert.readers.bad import Fault
from data_convert.readers.fields import text_field
from data_convert.readers.kinds import Exchange
from data_convert.readers.wrappers import unwrap

_SPEAKERS = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "chatgpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
}
# Between the instruction and the question of a multiple choice that is one text.
_QUESTION = "\nQuestion: "


def conversation(row: dict[str, Any]) -> Exchange:
    """Read a conversation.

    Returns:
        The question without its wrapper; meta says "wrapper" and "system" where there are any.

    Raises:
        Fault: it is no list of turns, or more or less than one question and its answer.
    """
    turns = row["conversations"] if "conversations" in row else row.get("messages")
    if not isinstance(turns, list) or not turns:
        raise Fault("field 'conversations' or 'messages' is missing, empty or not a list")
    spoken = [_turn(turn, number) for number, turn in enumerate(turns)]
    meta = {}
    if spoken[0][0] == "system":
        meta["system"] = spoken.pop(0)[1]
    speakers = [speaker for speaker, _ in spoken]
    if speakers.count("user") > 1 and "assistant" in speakers:
        rounds = speakers.count("user")
        raise Fault(f"a conversation of {rounds} rounds; a record is one question, and the later ones need the earlier")
    if speakers != ["user", "assistant"]:
        raise Fault(f"turns of {', '.join(speakers) or 'nobody'}; one of the user and one of the assistant is expected")
    instruction, given, wrapper = unwrap(spoken[0][1])
    if not instruction.strip():
        raise Fault("the question is empty")
    if wrapper:
        meta["wrapper"] = wrapper
    if not given and has_options(instruction):
        instruction, given = _parted(instruction)
    return Exchange(instruction, given, spoken[1][1], meta)


def _turn(turn: Any, number: int) -> tuple[str, str]:
    if not isinstance(turn, dict):
        raise Fault(f"turn {number} is not a JSON object")
    name, text = ("from", "value") if "from" in turn else ("role", "content")
    speaker = _SPEAKERS.get(text_field(turn, name).lower())
    if speaker is None:
        raise Fault(f"turn {number} is of {turn[name]!r}, none of {', '.join(_SPEAKERS)}")
    return speaker, text_field(turn, text)


def _parted(text: str) -> tuple[str, str]:
    instruction, mark, question = text.partition(_QUESTION)
    return (instruction, mark.lstrip("\n") + question) if mark else (text, "")
