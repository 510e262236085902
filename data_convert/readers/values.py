"""One JSON value of a corpus -> one Record, by the format that recognises it or by the one that is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from core.text.records import Record
from data_convert.readers.bad import Fault
from data_convert.readers.fields import kind_of
from data_convert.readers.formats import JsonFormat, corpus_format, json_formats

ReadValue = Callable[[Any, str, str], Record]


def value_reader(format_name: str | None = None, task: str | None = None) -> ReadValue:
    """Return the function that turns a JSON value into a Record: `read(value, identity, where)`.

    It raises Fault where the value is of no known format, or not of the named one, or cannot be of the task. Identity
    is the record's id, where the corpus gives none; where is file:line, the record's source.

    Args:
        format_name: a format of JSON objects; None: by each object's fields.
        task: the records' task; None: by the format and by what each record says.

    Raises:
        Fault: the named format reads whole files.
    """
    if format_name is None:
        return _Recognising(list(json_formats().values()), task)
    named = corpus_format(format_name)
    if not isinstance(named, JsonFormat):
        raise Fault(f"format {format_name!r} is no format of single JSON values")

    def read(value: Any, identity: str, where: str) -> Record:
        return named.record(_object(value), identity, where, task)

    return read


class _Recognising:
    """Reads each value by the first format that recognises it."""

    def __init__(self, formats: list[JsonFormat], task: str | None) -> None:
        self._formats = [(one.recognises, one.record) for one in formats]
        self._task = task
        self._described = [one.described for one in formats]

    def __call__(self, value: Any, identity: str, where: str) -> Record:
        row = _object(value)
        for recognises, record in self._formats:
            if recognises(row):
                return record(row, identity, where, self._task)
        raise Fault(f"neither {' nor '.join(self._described)}")


def _object(value: Any) -> dict[str, Any]:
    if type(value) is not dict:
        raise Fault(f"a JSON object is expected, this is {kind_of(value)}")
    return value
