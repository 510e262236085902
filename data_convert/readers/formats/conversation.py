"""Conversations of one round: `conversations` with from/value, `messages` with role/content.

The contest's converted corpus is such a file; the prompts that its converter put around the questions are taken off.
"""

from __future__ import annotations

from typing import Any, ClassVar

from core.tasks.choice import has_options
from core.text.records import Record
from data_convert.readers.bad import Fault
from data_convert.readers.fields import text_field
from data_convert.readers.formats import Example, QuestionFormat
from data_convert.readers.question_answer import QuestionAnswer
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
    "ai": "assistant",
}
# Between the instruction and the question of a multiple choice that is one text.
_QUESTION = "\nQuestion: "


class Conversation(QuestionFormat):
    """One question and its answer as turns, with or without a system's before them."""

    order = 20
    described = "conversations/messages"
    example: ClassVar[Example] = Example(
        "train.json",
        '[{"id": "1", "conversations": [\n'
        '{"from": "human", "value": "计算 1 + 2 等于多少？"}, {"from": "gpt", "value": "1 + 2 = 3"}]},\n'
        '{"messages": [{"role": "system", "content": "Be brief."},\n'
        '{"role": "user", "content": "Name a colour."}, {"role": "assistant", "content": "Red."}]}]\n',
        (
            Record("0", "math", "计算 1 + 2 等于多少？", "1 + 2 = 3", "train.json:1 (record 0)", {"type": "add"}),
            Record("1", "instruction", "Name a colour.", "Red.", "train.json:3 (record 1)", {"system": "Be brief."}),
        ),
    )

    def recognises(self, row: dict[str, Any]) -> bool:
        """See `JsonFormat`."""
        return "conversations" in row or "messages" in row

    def question(self, row: dict[str, Any]) -> QuestionAnswer:
        """Take question and answer out of a conversation.

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
        _check_one_round([speaker for speaker, _ in spoken])
        instruction, given, wrapper = unwrap(spoken[0][1])
        if not instruction.strip():
            raise Fault("the question is empty")
        if wrapper:
            meta["wrapper"] = wrapper
        if not given and has_options(instruction):
            instruction, given = _parted(instruction)
        return QuestionAnswer(instruction, given, spoken[1][1], meta)


def _check_one_round(speakers: list[str]) -> None:
    if speakers.count("user") > 1 and "assistant" in speakers:
        rounds = speakers.count("user")
        raise Fault(f"a conversation of {rounds} rounds; a record is one question, and the later ones need the earlier")
    if speakers != ["user", "assistant"]:
        raise Fault(f"expected one turn of the user and one of the assistant, found {', '.join(speakers) or 'none'}")


def _turn(turn: Any, number: int) -> tuple[str, str]:
    if not isinstance(turn, dict):
        raise Fault(f"turn {number} is not a JSON object")
    name, text = ("from", "value") if "from" in turn else ("role", "content")
    speaker = _SPEAKERS.get(text_field(turn, name).lower())
    if speaker is None:
        raise Fault(f"turn {number} is of {turn[name]!r}, none of {', '.join(_SPEAKERS)}")
    return speaker, text_field(turn, text)


def _parted(text: str) -> tuple[str, str]:
    instruction, separator, question = text.partition(_QUESTION)
    return (instruction, separator.lstrip("\n") + question) if separator else (text, "")


FORMAT = Conversation()
