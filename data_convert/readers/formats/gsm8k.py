"""GSM8K: {"question": …, "answer": "… #### 72"}."""

from __future__ import annotations

from typing import Any, ClassVar

from core.text.records import Record
from data_convert.readers.bad import Fault
from data_convert.readers.fields import text_field
from data_convert.readers.formats import Example, QuestionFormat
from data_convert.readers.question_answer import QuestionAnswer


class Gsm8k(QuestionFormat):
    """A question, and an answer whose result stands after ####."""

    order = 50  # after the kit's own records, which have these fields too
    described = "question/answer of GSM8K"
    task = "math"
    example: ClassVar[Example] = Example(
        "train.jsonl",
        '{"question": "Ann has 3 apples and buys 4. How many has she?", "answer": "3 + 4 = 7\\n#### 7"}\n',
        (
            Record(
                "0",
                "math",
                "Ann has 3 apples and buys 4. How many has she?",
                "3 + 4 = 7\n#### 7",
                "train.jsonl:1",
                {"type": "english"},
            ),
        ),
    )

    def recognises(self, row: dict[str, Any]) -> bool:
        """See `JsonFormat`."""
        return "question" in row and isinstance(row.get("answer"), str) and "####" in row["answer"]

    def question(self, row: dict[str, Any]) -> QuestionAnswer:
        """See `QuestionFormat`."""
        answer = text_field(row, "answer")
        if "####" not in answer:
            raise Fault("field 'answer' has no '####' before its result, which every answer of GSM8K has")
        return QuestionAnswer(text_field(row, "question"), "", answer)


FORMAT = Gsm8k()
