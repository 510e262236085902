"""C-Eval: CSV files with a header row and ids: id,question,A,B,C,D,answer and, for examples, explanation."""

from __future__ import annotations

from typing import ClassVar

from core.tasks import choice
from core.text.records import Record
from data_convert.readers.csv_choices import CsvChoices, columns_of, first_row
from data_convert.readers.formats import Example, FileHead


class Ceval(CsvChoices):
    """An id, the question, four options, the right one's letter; an explanation is kept in meta."""

    order = 20
    need_header = True
    example: ClassVar[Example] = Example(
        "law_dev.csv",
        "id,question,A,B,C,D,answer,explanation\n0,1 加 1 等于,1,2,3,4,B,因为 1 + 1 = 2\n",
        (
            Record(
                "0",
                "choice",
                "Question: 1 加 1 等于 \nA.1\nB.2\nC.3\nD.4",
                choice.answer("B"),
                "law_dev.csv:2",
                {
                    "instruction": choice.instruction("law"),
                    "subject": "law",
                    "split": "dev",
                    "explanation": "因为 1 + 1 = 2",
                },
            ),
        ),
    )

    def recognises(self, head: FileHead) -> bool:
        """See `FileFormat`."""
        row = first_row(head)
        if row is None or row.fault:
            return False
        return row.cells[0].strip().lower() == "id" and columns_of(row.cells) is not None


FORMAT = Ceval()
