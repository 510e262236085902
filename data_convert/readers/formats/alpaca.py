"""Alpaca: {"instruction": …, "input": …, "output": …}, as stage 2 hands out its multiple choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from core.text.records import Record
from core.text.rounds import HISTORY, history_rows
from data_convert.readers.bad import Fault
from data_convert.readers.fields import (
    ANSWERS,
    QUESTIONS,
    answer_field,
    earlier_rounds,
    is_nothing,
    optional_field,
    text_field,
)
from data_convert.readers.formats import Example, QuestionFormat
from data_convert.readers.question_answer import QuestionAnswer

# Alpaca's own names come first; Dolly calls the input "context" and the output "response".
_INPUTS = ("input", "context", "inputs", *(name for name in QUESTIONS if name not in ("input", "inputs")))
_OUTPUTS = ("output", *(name for name in ANSWERS if name != "output"))
_ASKED = "Here is a question about arts, the correct answer is one of the options A/B/C/D."


class Alpaca(QuestionFormat):
    """An instruction, what it is to be done with (often nothing), and the answer; meta keeps `history`.

    Where a word stands for no input (`<noinput>`, `nan`), meta keeps it as `no_input`.
    """

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
        """See `QuestionFormat`; an empty instruction leaves the input as the question."""
        instruction, place = optional_field(row, "instruction"), _input(row)
        given, meta = optional_field(row, place), dict[str, Any]()
        if instruction and is_nothing(given, as_input=True):
            meta["no_input"], given = given.strip(), ""
        if not instruction:
            instruction, given = text_field(row, place if given else "instruction"), ""
        if row.get(HISTORY):
            meta[HISTORY] = history_rows(tuple(earlier_rounds(row[HISTORY])))
        return QuestionAnswer(instruction, given, answer_field(row, _first(row, _OUTPUTS)), meta)


def _input(row: dict[str, Any]) -> str:
    """Return the field with what the instruction is about; Fault where several fields may be it and say different."""
    names = _INPUTS if "instruction" in row else _INPUTS[:3]  # else a pair is taken for one
    texts = {text: name for name in names if name in row and (text := optional_field(row, name))}
    texts.pop(optional_field(row, "instruction"), None)
    if len(texts) > 1:
        raise Fault(
            f"{' and '.join(map(repr, texts.values()))} may all be what the instruction is about; say which with "
            "data.fields={question: instruction, input: NAME, answer: NAME}"
        )
    return next(iter(texts.values()), _INPUTS[0])


def _first(row: dict[str, Any], names: Sequence[str]) -> str:
    """Return the first name that a row has; where it has none, the usual one."""
    return next((name for name in names if name in row), names[0])


FORMAT = Alpaca()
