"""Retention questions: SQuAD v1.1 files (v2.0 and XQuAD have the same format) and the kit's own records."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from core.errors import InputError
from core.files import first_line_json
from core.text.records import Record, read_records
from data_convert.readers.bad import refuse
from data_convert.readers.containers import opened, stored
from data_convert.readers.formats import json_formats
from data_convert.readers.json_stream import JsonStream
from data_convert.readers.read import read_corpus
from data_convert.readers.squad_document import squad_records

Selection = Literal["contest", "all"]


def read_questions(path: Path, selection: Selection | None = None) -> tuple[list[Record], str]:
    """Read a SQuAD JSON file, SQuAD as rows (JSON, CSV or Parquet, a file or a folder), or a record file.

    Args:
        path: the file.
        selection: "contest" takes the first question of each paragraph, "all" takes every question. None is
            "contest" for SQuAD and leaves a record file as it stands ("file"), for its making was a selection.

    Returns:
        The records (task "squad") and the name of the selection applied.

    Raises:
        InputError: missing file, malformed data, an id twice, no question at all; names file and place.
    """
    if _is_squad(path):
        selection = selection or "contest"
        encoding = stored(path, "squad").encoding
        with opened(path, encoding) as stream:
            records = list(squad_records(stream, path, refuse, first_only=selection == "contest"))
    elif _is_rows(path):
        records = _squad_only(list(read_corpus(path)), path)
        selection = selection or "contest"
        if selection == "contest":
            records = _first_of_each_passage(records)
    else:
        records = _squad_only(read_records(path), path)
        if selection == "contest":
            records = _first_of_each_passage(records)
    if not records:
        raise InputError(f"{path}: no question in it")
    return records, selection or "file"


def answers_of(record: Record) -> list[str]:
    """Return all reference answers of a question; none where it has no answer."""
    answers = record.meta.get("answers")
    if isinstance(answers, list) and all(isinstance(answer, str) for answer in answers):
        return answers
    if answers is not None:
        raise InputError(f"{record.source or record.id}: meta.answers of question {record.id!r} is not a list of texts")
    return [record.answer] if record.answer else []


def _is_squad(path: Path) -> bool:
    """Tell a SQuAD document from a record file, whose first line is by itself a record, and from rows."""
    if _is_rows(path):
        return False
    first = first_line_json(path)
    return path.suffix != ".jsonl" and not (isinstance(first, dict) and "task" in first)


def _is_rows(path: Path) -> bool:
    """Tell whether a file or folder holds SQuAD as rows: what is no document is rows unless they are the kit's own."""
    if path.is_dir():
        return True
    how = stored(path, None)
    if how.container == "file":
        return how.format_name != "squad"
    with opened(path, how.encoding) as stream:
        text = JsonStream(stream, path)
        try:
            first = next(text.elements(), None) if how.container == "array" else text.element()
        except InputError:
            return False
    return first is not None and isinstance(first.value, dict) and json_formats()["squad_rows"].recognises(first.value)


def _squad_only(records: list[Record], path: Path) -> list[Record]:
    for record in records:
        if record.task != "squad":
            raise InputError(f"{path}: record {record.id!r} is of task {record.task!r}, not 'squad'")
    return records


def _first_of_each_passage(records: list[Record]) -> list[Record]:
    passages = [None, *(record.meta.get("passage", record.id) for record in records)]
    return [record for record, before in zip(records, passages, strict=False) if record.meta.get("passage") != before]
