"""Task questions: any corpus that `data_convert` reads, with references that can be judged."""

from __future__ import annotations

from pathlib import Path

from core.errors import InputError
from core.records import Record
from data_convert.readers import read_corpus
from eval_accuracy.choice_judge import reference_letter


def read_questions(path: Path) -> list[Record]:
    """Read a file of questions with their references; ids are those of `data_convert.readers.read_corpus`.

    Raises:
        InputError: missing file, malformed data, a record of the retention task, a choice whose reference names no
            letter, an id twice, no question; names file and place.
    """
    records = list(read_corpus(path))
    seen: set[str] = set()
    for record in records:
        where = record.source or f"{path}: record {record.id!r}"
        if record.task not in ("math", "choice"):
            raise InputError(f"{where}: a record of task {record.task}; expected math or choice")
        if record.id in seen:
            raise InputError(f"{where}: id {record.id!r} stands twice")
        seen.add(record.id)
        if record.task == "choice":
            try:
                reference_letter(record.answer)
            except InputError as error:
                raise InputError(f"{where}: {error}") from error
    return records
