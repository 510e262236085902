"""One JSON value of a corpus -> one Record, for each form that contests and public corpora use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import orjson

from core.errors import InputError
from core.tasks.math import recognise
from core.text.records import Form, Record, parse_record
from data_convert.readers.bad import Fault
from data_convert.readers.conversation import conversation
from data_convert.readers.fields import kind_of, text_field
from data_convert.readers.kinds import Exchange, settle

FORMS: tuple[Form, ...] = get_args(Form)
CSV_FORMS: tuple[Form, ...] = ("mmlu", "cmmlu", "ceval")
_RECORD = {"id", "task", "question", "answer"}


def record_of(row: Any, identity: str, where: str, form: Form | None = None, task: str | None = None) -> Record:
    """Turn one JSON value of a corpus into a Record.

    Args:
        row: the value.
        identity: the record's id, where the corpus gives none.
        where: file:line, the record's source.
        form: "math", "alpaca", "conversation", "gsm8k" or "record"; None: by the value's fields.
        task: the record's task; None: by the form and by what the record says.

    Raises:
        Fault: the value has not this form, or none of the known ones, or cannot be of this task; a field is empty or
            not text.
    """
    if type(row) is not dict:
        raise Fault(f"a JSON object is expected, this is {kind_of(row)}")
    if form is None:
        form = _form_of(row)
    if form == "math" and task is None:
        # The short way of what `settle` does: corpora of this form have the most records by far.
        question, answer = text_field(row, "problem"), text_field(row, "solution")
        return Record(identity, "math", question, answer, where, {"type": recognise(question).type})
    if form == "record":
        return _record(row, where, task)
    if form not in _READERS:
        raise Fault(f"form {form!r} is no form of single JSON values")
    exchange, usual = _READERS[form](row)
    return settle(exchange, task or usual, identity, where)


def _form_of(row: dict[str, Any]) -> Form:
    if "problem" in row:
        return "math"
    if "conversations" in row or "messages" in row:
        return "conversation"
    if "instruction" in row:
        return "alpaca"
    if row.keys() >= _RECORD:
        return "record"
    if "question" in row and "answer" in row:
        return "gsm8k"
    raise Fault(
        "neither problem/solution nor conversations/messages nor instruction/input/output nor question/answer of GSM8K "
        "nor a record of the kit"
    )


def _math(row: dict[str, Any]) -> tuple[Exchange, str | None]:
    return Exchange(text_field(row, "problem"), "", text_field(row, "solution")), "math"


def _gsm8k(row: dict[str, Any]) -> tuple[Exchange, str | None]:
    answer = text_field(row, "answer")
    if "####" not in answer:
        raise Fault("field 'answer' has no '####' before its result, which every answer of GSM8K has")
    return Exchange(text_field(row, "question"), "", answer), "math"


def _alpaca(row: dict[str, Any]) -> tuple[Exchange, str | None]:
    if row.get("history"):
        raise Fault("a conversation of several rounds (field 'history'); a record is one question")
    given = _optional(row, "input")
    system = _optional(row, "system")
    meta = {"system": system} if system else {}
    return Exchange(text_field(row, "instruction"), given, text_field(row, "output"), meta), None


def _optional(row: dict[str, Any], name: str) -> str:
    """Return a field's text; "" where it is missing, null or blank."""
    value = row.get(name)
    blank = value is None or (isinstance(value, str) and not value.strip())
    return "" if blank else text_field(row, name)


def _conversation(row: dict[str, Any]) -> tuple[Exchange, str | None]:
    return conversation(row), None


_READERS: dict[Form, Callable[[dict[str, Any]], tuple[Exchange, str | None]]] = {
    "math": _math,
    "gsm8k": _gsm8k,
    "alpaca": _alpaca,
    "conversation": _conversation,
}


def _record(row: dict[str, Any], where: str, task: str | None) -> Record:
    try:
        record = parse_record(row, where)
        orjson.dumps(record)
    except InputError as error:
        raise Fault(str(error).removeprefix(f"{where}: ")) from None
    except TypeError as error:
        raise Fault(f"a value cannot be written as JSON ({error})") from None
    if task is not None and record.task != task:
        raise Fault(f"a record of task {record.task!r}; {task!r} is asked for")
    for name in ("question", "answer"):
        # A question of SQuAD v2.0 may have no answer.
        if name == "question" or record.task != "squad":
            text_field(row, name)
    return record
