"""The usual pairs of a question and its answer: query/response, prompt/completion, question/answer and their kin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from core.text.records import Record
from core.text.rounds import HISTORY, history_rows
from data_convert.readers.bad import Fault
from data_convert.readers.fields import ANSWERS, QUESTIONS, answer_field, earlier_rounds, optional_field, text_field
from data_convert.readers.formats import Example, QuestionFormat
from data_convert.readers.question_answer import QuestionAnswer


class Pairs(QuestionFormat):
    """A question and its answer under the names that most data sets give them; meta keeps `history`.

    A `context` beside them goes with the question, as Dolly's does with its instruction.

    An object with two fields that may be the question, or the answer, is refused: which one is meant says
    `data.fields`.
    """

    order = 70  # after all that say more about themselves
    described = "query/response, prompt/completion, question/answer or the like"
    free = True
    example: ClassVar[Example] = Example(
        "pairs.jsonl",
        '{"query": "Name a metal.", "response": "Iron.", "history": []}\n'
        '{"Question": "计算 1 + 2 等于多少？", "Answer": 3}\n',
        (
            Record("0", "instruction", "Name a metal.", "Iron.", "pairs.jsonl:1"),
            Record("1", "math", "计算 1 + 2 等于多少？", "3", "pairs.jsonl:2", {"type": "add"}),
        ),
    )

    def recognises(self, row: dict[str, Any]) -> bool:
        """See `JsonFormat`."""
        names = {name.strip().lower() for name in row}
        return not (names.isdisjoint(QUESTIONS) or names.isdisjoint(ANSWERS))

    def question(self, row: dict[str, Any]) -> QuestionAnswer:
        """See `QuestionFormat`."""
        question, answer = _only(row, QUESTIONS, "question"), _only(row, ANSWERS, "answer")
        meta: dict[str, Any] = {}
        if row.get(HISTORY):
            meta[HISTORY] = history_rows(tuple(earlier_rounds(row[HISTORY])))
        return QuestionAnswer(
            text_field(row, question), optional_field(row, "context"), answer_field(row, answer), meta
        )


def _only(row: dict[str, Any], names: Sequence[str], what: str) -> str:
    """Return the one field of a row that may be the question, or the answer; Fault where there are several."""
    found = [name for name in row if name.strip().lower() in names]
    if len(found) > 1:
        raise Fault(
            f"{' and '.join(map(repr, found))} may both be the {what}; say which with "
            "data.fields={question: NAME, answer: NAME}"
        )
    return found[0] if found else names[0]


FORMAT = Pairs()
