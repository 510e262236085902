"""Task questions: any corpus that `data_convert` reads, with references that can be judged."""

from __future__ import annotations

from pathlib import Path

from core.errors import InputError
from core.text.records import Record
from data_convert.readers import read_corpus
from eval_accuracy.judges.choice import reference_letter


def read_questions(path: Path, judge: str | None = None) -> list[Record]:
    """Read a file or folder of questions with their references.

    Args:
        path: the questions; their ids are those of `data_convert.readers.read_corpus`.
        judge: who will judge, a name of `judges.NAMES`; None: the judge of the questions' task.

    Raises:
        InputError: missing file, malformed data, a record of the retention task, a choice whose reference names no
            letter, an id twice, no question; names file and place.
    """
    records = list(read_corpus(path))
    seen: set[str] = set()
    for record in records:
        where = record.source or f"{path}: record {record.id!r}"
        if record.task == "squad":
            raise InputError(f"{where}: a record of task squad, which eval_squad/run.py evaluates")
        if record.id in seen:
            raise InputError(f"{where}: id {record.id!r} stands twice")
        seen.add(record.id)
        if (judge or record.task) == "choice":
            try:
                reference_letter(record.answer)
            except InputError as error:
                raise InputError(f"{where}: {error}") from error
    return records
