"""One JSON value of a corpus -> one Record, by the format that recognises it or by the one that is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.text.records import Record
from data_convert.readers.bad import Fault
from data_convert.readers.fields import MissingField, answer_field, kind_of, optional_field, text_field
from data_convert.readers.formats import JsonFormat, QuestionFormat, corpus_format, json_formats
from data_convert.readers.question_answer import QuestionAnswer

ReadValue = Callable[[Any, str, str], Record]
_SAY = "name its fields with data.fields={question: NAME, answer: NAME}"


class _Named(QuestionFormat):
    """A question and its answer in fields that the caller names."""

    free = True
    described = "the fields of data.fields"

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def recognises(self, row: dict[str, Any]) -> bool:
        return self._fields["question"] in row

    def question(self, row: dict[str, Any]) -> QuestionAnswer:
        names = self._fields
        system = optional_field(row, names["system"]) if "system" in names else ""
        return QuestionAnswer(
            text_field(row, names["question"]),
            optional_field(row, names["input"]) if "input" in names else "",
            answer_field(row, names["answer"]),
            {"system": system} if system else {},
        )


def value_reader(
    format_name: str | None = None,
    task: str | None = None,
    fields: Mapping[str, str] | None = None,
    free_task: str | None = None,
) -> ReadValue:
    """Return the function that turns a JSON value into a Record: `read(value, identity, where)`.

    It raises Fault where the value is of no known format, or not of the named one, or cannot be of the task. Identity
    is the record's id, where the corpus gives none; where is file:line, the record's source. A field that is null
    counts as not there.

    Args:
        format_name: a format of JSON objects; None: by each object's fields.
        task: the records' task; None: by the format and by what each record says.
        fields: role (question, answer, input, system) -> field; objects with that question's field are read so.
        free_task: the task of records that say nothing of theirs, of formats that are `free`; None: "instruction".

    Raises:
        Fault: the named format reads whole files.
    """
    named = [_Named(fields)] if fields else []
    if format_name is None:
        formats = [*named, *json_formats().values()]
        unknown = f"neither {' nor '.join(one.described for one in formats)}; {_SAY}"
        return _reader([(one, one.recognises) for one in formats], unknown, task, free_task)
    one = corpus_format(format_name)
    if not isinstance(one, JsonFormat):
        raise Fault(f"format {format_name!r} is read from whole files, not from single JSON values")
    return _reader([*((each, each.recognises) for each in named), (one, _any)], "", task, free_task)


def is_known(row: Mapping[str, Any], fields: Mapping[str, str] | None = None) -> bool:
    """Tell whether some format recognises an object as a record."""
    known = {name: value for name, value in row.items() if value is not None}
    return bool(fields and fields["question"] in known) or any(one.recognises(known) for one in json_formats().values())


def _any(_: dict[str, Any]) -> bool:
    return True


def _reader(
    formats: Sequence[tuple[JsonFormat, Callable[[dict[str, Any]], bool]]],
    unknown: str,
    task: str | None,
    free_task: str | None,
) -> ReadValue:
    """Return a function that reads a value by the first format that recognises it; every record goes through it."""

    def read(value: Any, identity: str, where: str) -> Record:
        if type(value) is not dict:
            raise Fault(f"expected a JSON object, found {kind_of(value)}")
        row = value
        if None in row.values():  # as tools write that export all columns of a table
            row = {name: item for name, item in value.items() if item is not None}
        for one, recognises in formats:
            if recognises(row):
                try:
                    record = one.record(row, identity, where, task)
                    if free_task and task is None and one.free and record.task == "instruction":
                        record = one.record(row, identity, where, free_task)
                except MissingField as missing:
                    if missing.name in value:
                        raise Fault(f"field {missing.name!r} is null, not text") from None
                    raise
                return record
        raise Fault(unknown)

    return read
