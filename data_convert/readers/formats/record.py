"""The kit's own records, as `core.text.records` writes them: id, task, question, answer, source, meta."""

from __future__ import annotations

from typing import Any, ClassVar

import orjson

from core.errors import InputError
from core.text.records import Record, parse_record
from core.text.rounds import history_of
from data_convert.readers.bad import Fault
from data_convert.readers.fields import text_field
from data_convert.readers.formats import Example, JsonFormat

_FIELDS = {"id", "task", "question", "answer"}


class KitRecord(JsonFormat):
    """A record, taken as it is: its id, its source and its meta are its own."""

    order = 40
    described = "a record of the kit"
    example: ClassVar[Example] = Example(
        "records.jsonl",
        '{"id": "a", "task": "math", "question": "解方程 3x + 6 = 0", "answer": "-2", "source": "train.jsonl:7", '
        '"meta": {"type": "equation"}}\n'
        '{"id": "b", "task": "squad", "question": "Who?", "answer": "", "source": "dev.json: data[0]", '
        '"meta": {"passage": "Nobody came.", "answers": []}}\n',
        (
            Record("a", "math", "解方程 3x + 6 = 0", "-2", "train.jsonl:7", {"type": "equation"}),
            Record("b", "squad", "Who?", "", "dev.json: data[0]", {"passage": "Nobody came.", "answers": []}),
        ),
    )

    def recognises(self, row: dict[str, Any]) -> bool:
        """See `JsonFormat`."""
        return row.keys() >= _FIELDS

    def record(self, row: dict[str, Any], identity: str, where: str, task: str | None) -> Record:
        """See `JsonFormat`."""
        try:
            record = parse_record(row, where)
            history_of(record)
            orjson.dumps(record)
        except InputError as error:
            raise Fault(str(error).removeprefix(f"{where}: ")) from None
        except TypeError as error:
            raise Fault(f"a value cannot be written as JSON ({error})") from None
        if task is not None and record.task != task:
            raise Fault(f"a record of task {record.task!r}, not {task!r}")
        for name in ("question", "answer"):
            # A question of SQuAD v2.0 may have no answer.
            if name == "question" or record.task != "squad":
                text_field(row, name)
        return record


FORMAT = KitRecord()
