"""Task questions: any corpus that `data_convert` reads, with references that can be judged."""

from __future__ import annotations

from pathlib import Path

from core.errors import InputError
from core.tasks import task_of
from core.text.records import Record
from data_convert.readers import read_corpus
from eval_accuracy.judges import Judge, judge_of


def read_questions(path: Path, judge: str | None = None) -> list[Record]:
    """Read a file or folder of questions with their references.

    Args:
        path: the questions; their ids are those of `data_convert.readers.read_corpus`.
        judge: who will judge, an entry of `eval_accuracy.judges`; None: the judge of the questions' task.

    Raises:
        InputError: missing file, malformed data, a record of the retention task, a reference that the judge cannot
            judge by (a choice that names no letter), an id twice, no question; names file and place.
    """
    records = list(read_corpus(path))
    seen: set[str] = set()
    judges: dict[str, Judge | None] = {}
    for record in records:
        where = record.source or f"{path}: record {record.id!r}"
        if record.task not in judges:
            judges[record.task] = _judge(record.task, judge, where)
        if record.id in seen:
            raise InputError(f"{where}: id {record.id!r} appears twice")
        seen.add(record.id)
        if chosen := judges[record.task]:
            try:
                chosen.check_reference(record)
            except InputError as error:
                raise InputError(f"{where}: {error}") from error
    return records


def _judge(task: str, named: str | None, where: str) -> Judge | None:
    """Return the judge of a task's questions, None where none is named; InputError where no judge ever judges them."""
    if evaluator := task_of(task).evaluator:
        raise InputError(f"{where}: a record of task {task}, which {evaluator} evaluates")
    name = named or task_of(task).judge
    return judge_of(name) if name else None
