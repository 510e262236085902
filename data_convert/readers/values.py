"""One JSON value of a corpus -> one Record, by the format that recognises it or by the one that is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.text.records import Record
from data_convert.readers.bad import Fault
from data_convert.readers.fields import kind_of
from data_convert.readers.formats import JsonFormat, corpus_format, json_formats

ReadValue = Callable[[Any, str, str], Record]
_Recognises = Callable[[dict[str, Any]], bool]
_ReadRow = Callable[[dict[str, Any], str, str, str | None], Record]


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
    if format_name is not None:
        named = corpus_format(format_name)
        if not isinstance(named, JsonFormat):
            raise Fault(f"format {format_name!r} is read from whole files, not from single JSON values")
        return _reader([(_any, named.record)], "", task)
    formats = json_formats().values()
    unknown = f"neither {' nor '.join(one.described for one in formats)}"
    return _reader([(one.recognises, one.record) for one in formats], unknown, task)


def _any(_: dict[str, Any]) -> bool:
    return True


def _reader(formats: Sequence[tuple[_Recognises, _ReadRow]], unknown: str, task: str | None) -> ReadValue:
    """Return a function that reads a value by the first format that recognises it; every record goes through it."""

    def read(value: Any, identity: str, where: str) -> Record:
        if type(value) is not dict:
            raise Fault(f"expected a JSON object, found {kind_of(value)}")
        for recognises, record in formats:
            if recognises(value):
                return record(value, identity, where, task)
        raise Fault(unknown)

    return read
