"""One JSON value of a corpus -> one Record, by the format that recognises it or by the one that is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from core.text.records import Record
from core.text.rounds import HISTORY, LEARNED, SYSTEM
from data_convert.readers.bad import Fault
from data_convert.readers.fields import (
    SYSTEMS,
    MissingField,
    answer_field,
    kind_of,
    optional_field,
    system_field,
    text_field,
    within,
)
from data_convert.readers.formats import JsonFormat, QuestionFormat, corpus_format, json_formats
from data_convert.readers.question_answer import QuestionAnswer
from data_convert.readers.turns import ROW_MARKS, is_unlearned

ReadValue = Callable[[Any, str, str], Record]
# Of most rows there is nothing to look at.
_BESIDE = frozenset((*SYSTEMS, *ROW_MARKS))
_SAY = "name its fields with data.fields={question: NAME, answer: NAME}"


class _Named(QuestionFormat):
    """A question and its answer in fields that the caller names."""

    free = True
    described = "the fields of data.fields"

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = fields

    def recognises(self, row: dict[str, Any]) -> bool:
        return has_field(row, self._fields["question"])

    def question(self, row: dict[str, Any]) -> QuestionAnswer:
        names = self._fields
        system = optional_field(*within(row, names["system"])) if "system" in names else ""
        return QuestionAnswer(
            text_field(*within(row, names["question"])),
            optional_field(*within(row, names["input"])) if "input" in names else "",
            answer_field(*within(row, names["answer"])),
            {SYSTEM: system} if system else {},
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
    if fields and has_field(known, fields["question"]):
        return True
    return any(one.recognises(known) for one in json_formats().values())


def has_field(row: Mapping[str, Any], name: str) -> bool:
    """Tell whether an object has a field, whose name may lead through others (`data.query`)."""
    holder, last = within(row, name)
    return last in holder


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
        views = [row]
        if [] in row.values() or {} in row.values():  # a column of lists, of which this row has none
            views.insert(0, {name: item for name, item in row.items() if item not in ([], {})})
        for view, (one, recognises) in product(views, formats):
            if recognises(view):
                try:
                    record = one.record(row, identity, where, task)
                    if free_task and task is None and one.free and record.task == "instruction":
                        record = one.record(row, identity, where, free_task)
                except MissingField as missing:
                    if missing.name in value:
                        raise Fault(f"field {missing.name!r} is null, not text") from None
                    raise
                return _with_the_rest(record, row) if isinstance(one, QuestionFormat) else record
        raise Fault(unknown)

    return read


def _with_the_rest(record: Record, row: dict[str, Any]) -> Record:
    """Return a record with what its row says beside question and answer, whatever its format: nothing of it is lost.

    Raises:
        Fault: two system texts that differ.
    """
    if _BESIDE.isdisjoint(row):
        return record
    meta = dict(record.meta)
    if system := system_field(row):
        if meta.get(SYSTEM, system) != system:
            raise Fault("field 'system' and the first turn are two different system texts")
        meta[SYSTEM] = system
    if is_unlearned(row):
        meta[LEARNED] = False
        if HISTORY in meta:
            meta[HISTORY] = [{**one, LEARNED: False} for one in meta[HISTORY]]
    return replace(record, meta=meta)
