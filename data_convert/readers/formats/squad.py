"""SQuAD v1.1 and v2.0, and XQuAD, which is built alike: one JSON object with articles under "data"."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, ClassVar

from core.text.records import Record
from data_convert.readers.bad import OnBad
from data_convert.readers.formats import Example, FileFormat, FileHead
from data_convert.readers.squad_document import is_squad, squad_records
from data_convert.readers.values import is_known


class Squad(FileFormat):
    """Passages with questions, which carry their ids; v2.0's without an answer are kept."""

    order = 40
    tasks = ("squad",)
    example: ClassVar[Example] = Example(
        "dev.json",
        '{"version": "v2.0", "data": [{"title": "t", "paragraphs": [{"context": "Ann came first.", "qas": [\n'
        '{"id": "a", "question": "Who came first?", "answers": [{"text": "Ann", "answer_start": 0}]},\n'
        '{"id": "b", "question": "Who came last?", "answers": [], "is_impossible": true}]}]}]}\n',
        (
            Record(
                "a",
                "squad",
                "Who came first?",
                "Ann",
                "dev.json: data[0].paragraphs[0].qas[0]",
                {"passage": "Ann came first.", "answers": ["Ann"]},
            ),
            Record(
                "b",
                "squad",
                "Who came last?",
                "",
                "dev.json: data[0].paragraphs[0].qas[1]",
                {"passage": "Ann came first.", "answers": []},
            ),
        ),
    )

    def recognises(self, head: FileHead) -> bool:
        """See `FileFormat`."""
        return head.first == b"{" and is_squad(head.whole(), head.path, lambda row: is_known(row, head.fields))

    def records(self, stream: BinaryIO, path: Path, prefix: str, task: str | None, on_bad: OnBad) -> Iterator[Record]:
        """See `FileFormat`."""
        return squad_records(stream, path, on_bad)


FORMAT = Squad()
