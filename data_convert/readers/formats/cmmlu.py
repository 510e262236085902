"""CMMLU: CSV files with a header row and numbered rows: ,Question,A,B,C,D,Answer."""

from __future__ import annotations

from typing import ClassVar

from core.tasks import choice
from core.text.records import Record
from data_convert.readers.csv_choices import CsvChoices, columns_of, first_row
from data_convert.readers.formats import Example, FileHead


class Cmmlu(CsvChoices):
    """A row number under no name, the question, four options, the right one's letter."""

    order = 10
    need_header = True
    example: ClassVar[Example] = Example(
        "arts.csv",
        ",Question,A,B,C,D,Answer\n0,四大名著不包括,《红楼梦》,《水浒传》,《西游记》,《聊斋》,D\n",
        (
            Record(
                "0",
                "choice",
                "Question: 四大名著不包括 \nA.《红楼梦》\nB.《水浒传》\nC.《西游记》\nD.《聊斋》",
                choice.answer("D"),
                "arts.csv:2",
                {"instruction": choice.instruction("arts"), "subject": "arts"},
            ),
        ),
    )

    def recognises(self, head: FileHead) -> bool:
        """See `FileFormat`."""
        row = first_row(head)
        return row is not None and not row.fault and not row.cells[0].strip() and columns_of(row.cells) is not None


FORMAT = Cmmlu()
