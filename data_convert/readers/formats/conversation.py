"""Conversations: `conversations` with from/value, `messages` with role/content, of one round or several.

The contest's converted corpus is such a file; the prompts that its converter put around the questions are taken off.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple

from core.tasks.choice import has_options
from core.text.records import Record
from core.text.rounds import HISTORY, LEARNED, SYSTEM, Round, history_rows
from data_convert.readers.bad import Fault
from data_convert.readers.fields import text_field
from data_convert.readers.formats import Example, QuestionFormat
from data_convert.readers.question_answer import QuestionAnswer
from data_convert.readers.turns import learned_mark, refuse_tools, refuse_unwritten
from data_convert.readers.wrappers import unwrap

_SPEAKERS = {
    "system": "system",
    "developer": "system",
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
_TEXTS = ("value", "content")


class _Turn(NamedTuple):
    """What one speaker says; `learned` is what the corpus says of it, None where it says nothing."""

    speaker: str
    text: str
    learned: bool | None


class Conversation(QuestionFormat):
    """Questions and answers in turns, with or without a system's text before them.

    A record is the last question and its answer; its meta holds the rounds before it ("history"), the system text, and
    what the corpus says of whether an answer is to be learned ("learned").
    """

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
            The last question without its wrapper, and its answer; meta says "wrapper", "system", "history" and
            "learned" where there are any.

        Raises:
            Fault: it is no list of turns, these do not alternate, or one of them is something else than text.
        """
        turns = row["conversations"] if "conversations" in row else row.get("messages")
        if not isinstance(turns, list) or not turns:
            raise Fault("field 'conversations' or 'messages' is missing, empty or not a list")
        refuse_tools(row)
        spoken = [_turn(turn, number) for number, turn in enumerate(turns)]
        system = _system(spoken)
        _check_order([turn.speaker for turn in spoken])
        *earlier, (instruction, given, wrapper) = [unwrap(turn.text) for turn in spoken[0::2]]
        if not instruction.strip():
            raise Fault("the question is empty")
        answers = spoken[1::2]
        meta: dict[str, Any] = {}
        if system:
            meta[SYSTEM] = system
        if wrapper:
            meta["wrapper"] = wrapper
        if earlier:
            asked = [f"{one.instruction}\n{one.input}" if one.input else one.instruction for one in earlier]
            rounds = [Round(text, said.text, said.learned) for text, said in zip(asked, answers, strict=False)]
            meta[HISTORY] = history_rows(tuple(rounds))
        if answers[-1].learned is not None:
            meta[LEARNED] = answers[-1].learned
        if not given and not earlier and has_options(instruction):
            instruction, given = _parted(instruction)
        return QuestionAnswer(instruction, given, answers[-1].text, meta)


def _system(spoken: list[_Turn]) -> str:
    """Return a conversation's system text, which is its first turn, and take that off; "" where there is none."""
    return spoken.pop(0).text if spoken[0].speaker == "system" else ""


def _check_order(speakers: list[str]) -> None:
    """Refuse turns that are not the user's and the assistant's, by turns and in this order."""
    if speakers == ["user", "assistant"] * (len(speakers) // 2) and speakers:
        return
    found = ", ".join(speakers) or "none"
    if "system" in speakers:
        raise Fault(f"a system text within a conversation; it must be the first turn, found {found}")
    raise Fault(f"expected turns of the user and of the assistant, one after the other, found {found}")


def _turn(turn: Any, number: int) -> _Turn:
    if not isinstance(turn, dict):
        raise Fault(f"turn {number} is not a JSON object")
    name = "from" if "from" in turn else "role"
    text = _TEXTS[0] if _TEXTS[0] in turn else _TEXTS[1]
    said = text_field(turn, name).lower()
    refuse_unwritten(turn, said, number)
    speaker = _SPEAKERS.get(said)
    if speaker is None:
        raise Fault(f"turn {number} is of {turn[name]!r}, none of {', '.join(_SPEAKERS)}")
    learned = learned_mark(turn, number)
    if learned and speaker != "assistant":
        raise Fault(f"turn {number}, of the {speaker}, is marked as learned; only the assistant's turns can be")
    return _Turn(speaker, text_field(turn, text), learned)


def _parted(text: str) -> tuple[str, str]:
    instruction, separator, question = text.partition(_QUESTION)
    return (instruction, separator.lstrip("\n") + question) if separator else (text, "")


FORMAT = Conversation()
