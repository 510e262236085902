"""The corpus of math problems as stage 1 hands it out: {"problem": …, "solution": …}."""

from __future__ import annotations

from typing import Any, ClassVar

from core.tasks.math import recognise
from core.text.records import Record
from data_convert.readers.fields import ANSWERS, answer_field, refuse_nothing, text_field
from data_convert.readers.formats import Example, QuestionFormat
from data_convert.readers.question_answer import QuestionAnswer


class Math(QuestionFormat):
    """A problem and its solution."""

    order = 10
    described = "problem/solution"
    task = "math"
    example: ClassVar[Example] = Example(
        "train.jsonl",
        '{"problem": "计算 1.50 + -2 等于多少？", "solution": "1.50 + -2 = -0.50"}\n'
        '{"problem": "What is half of 6?", "solution": "\\\\boxed{3}"}\n',
        (
            Record("0", "math", "计算 1.50 + -2 等于多少？", "1.50 + -2 = -0.50", "train.jsonl:1", {"type": "add"}),
            Record("1", "math", "What is half of 6?", "\\boxed{3}", "train.jsonl:2", {"type": "english"}),
        ),
    )

    def recognises(self, row: dict[str, Any]) -> bool:
        """See `JsonFormat`."""
        # With an answer alone, under whatever name, it is one of the usual pairs.
        return "problem" in row and ("solution" in row or row.keys().isdisjoint(ANSWERS))

    def question(self, row: dict[str, Any]) -> QuestionAnswer:
        """See `QuestionFormat`."""
        return QuestionAnswer(text_field(row, "problem"), "", answer_field(row, "solution"))

    def record(self, row: dict[str, Any], identity: str, where: str, task: str | None) -> Record:
        """See `JsonFormat`."""
        if task is not None:
            return super().record(row, identity, where, task)
        # The short way of the same: corpora of this format have the most records by far.
        question, answer = text_field(row, "problem"), answer_field(row, "solution")
        refuse_nothing(question, answer)
        return Record(identity, "math", question, answer, where, {"type": recognise(question).type})


FORMAT = Math()
