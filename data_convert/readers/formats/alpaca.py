"""Alpaca: {"instruction": …, "input": …, "output": …}, as stage 2 hands out its multiple choice."""

from __future__ import annotations

from typing import Any, ClassVar

from core.text.records import Record
from data_convert.readers.bad import Fault
from data_convert.readers.fields import text_field
from data_convert.readers.formats import Example, QuestionFormat
from data_convert.readers.question_answer import QuestionAnswer

_ASKED = "Here is a question about arts, the correct answer is one of the options A/B/C/D."


class Alpaca(QuestionFormat):
    """An instruction, what it is to be done with (often nothing), and the answer; `system` is kept in meta."""

    order = 30
    described = "instruction/input/output"
    example: ClassVar[Example] = Example(
        "train.jsonl",
        f'{{"instruction": "{_ASKED}", "input": "Question: 2 + 2? \\nA.1\\nB.2\\nC.3\\nD.4", '
        '"output": "The right option is D."}\n'
        '{"instruction": "Translate.", "input": "红", "output": "red"}\n',
        (
            Record(
                "0",
                "choice",
                "Question: 2 + 2? \nA.1\nB.2\nC.3\nD.4",
                "The right option is D.",
                "train.jsonl:1",
                {"instruction": _ASKED, "subject": "arts"},
            ),
            Record("1", "instruction", "Translate.\n红", "red", "train.jsonl:2"),
        ),
    )

    def recognises(self, row: dict[str, Any]) -> bool:
        """See `JsonFormat`."""
        return "instruction" in row

    def question(self, row: dict[str, Any]) -> QuestionAnswer:
        """See `QuestionFormat`."""
        if row.get("history"):
            raise Fault("a conversation of several rounds (field 'history'); a record is one question")
        given = _optional(row, "input")
        system = _optional(row, "system")
        meta = {"system": system} if system else {}
        return QuestionAnswer(text_field(row, "instruction"), given, text_field(row, "output"), meta)


def _optional(row: dict[str, Any], name: str) -> str:
    """Return a field's text; "" where it is missing, null or blank."""
    value = row.get(name)
    blank = value is None or (isinstance(value, str) and not value.strip())
    return "" if blank else text_field(row, name)


FORMAT = Alpaca()
