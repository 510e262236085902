"""`Record`: one question with its reference answer, in the form every room reads and writes (JSON Lines)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import read_jsonl, write_jsonl
from core.streams import printable
from core.tasks import need_task


@dataclass(frozen=True)
class Record:
    """One question.

    Attributes:
        id: unique within its file.
        task: an entry of `core.tasks`, such as "math", "choice", "squad", or "instruction" (a general one, to retain
            what the model could before).
        question: math: the problem; choice: the alpaca `input` (question and options); squad: the question;
            instruction: the alpaca `instruction` and, on the next line, its `input`.
        answer: the reference text that training teaches; squad: the contest's one reference.
        source: where it came from, as file:line, in a JSON array with the record's number behind it.
        meta: what the task adds. choice: "instruction" and "subject"; squad: "passage" and "answers"
            (all references); math: "type".
    """

    id: str
    task: str
    question: str
    answer: str
    source: str = ""
    meta: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.source.isascii():  # a file's name, which need not be UTF-8
            object.__setattr__(self, "source", printable(self.source))


def write_records(path: Path, records: Iterable[Record]) -> int:
    """Write records as JSON Lines, atomically; return their number."""
    return write_jsonl(path, (vars(record) for record in records))


def read_records(path: Path) -> list[Record]:
    """Read the kit's record file.

    Raises:
        InputError: missing file, malformed line, missing or unknown field, duplicate id.
    """
    records: list[Record] = []
    seen: set[str] = set()
    for number, row in read_jsonl(path):
        record = parse_record(row, f"{path}:{number}")
        if record.id in seen:
            raise InputError(f"{path}:{number}: id {record.id!r} appears twice")
        seen.add(record.id)
        records.append(record)
    return records


def parse_record(row: Any, where: str) -> Record:
    """Turn one JSON value into a Record; InputError where a field is missing, unknown or of the wrong type."""
    if not isinstance(row, dict):
        raise InputError(f"{where}: a record must be a JSON object")
    for name in ("id", "task", "question", "answer"):
        if not isinstance(row.get(name), str):
            raise InputError(f"{where}: field {name!r} is missing or not text")
    need_task(row["task"], f"{where}: ")
    if not isinstance(row.get("source", ""), str) or not isinstance(row.get("meta", {}), dict):
        raise InputError(f"{where}: field 'source' is not text, or 'meta' is not a JSON object")
    unknown = sorted(set(row) - set(Record.__dataclass_fields__))
    if unknown:
        raise InputError(f"{where}: unknown field {unknown[0]!r}")
    return Record(**row)
