"""Readers of the corpora that contests hand out, each of them chosen by what the file holds.

Every reader yields `Record`s; a record that cannot be read goes to `on_bad` with its place and the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import json_fault, read_json
from core.math_types import recognise
from core.records import Record, parse_record

_SUBJECT = re.compile(r"Here is a question about (.{1,120}?), the correct answer")
OnBad = Callable[[str], None]


def refuse(fault: str) -> None:
    """Take no bad record at all."""
    raise InputError(fault)


class BadRecords:
    """Counts unreadable records and gives up when there are more than allowed.

    Attributes:
        found: "file:line: reason" of each.
    """

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.found: list[str] = []

    def __call__(self, fault: str) -> None:
        """Note one bad record; InputError where it is one too many."""
        self.found.append(fault)
        if len(self.found) > self.allowed:
            more = f" (and {self.allowed} before it)" if self.allowed else ""
            raise InputError(f"{fault}{more}; data.max_bad=N skips up to N such records and lists them")


def read_corpus(path: Path, on_bad: OnBad = refuse) -> Iterator[Record]:
    """Yield the records of a corpus: math JSON Lines (problem/solution), alpaca (array or lines), or the kit's own.

    The id of a record is its place in the file as text, from 0: the line's number less one, or the index in the
    array. The kit's own records carry theirs.

    Raises:
        InputError: the file is missing or empty, or `on_bad` raises.
    """
    count = 0
    for number, where, row in _rows(path, on_bad):
        try:
            record = to_record(row, str(number), where)
        except InputError as error:
            on_bad(str(error))
            continue
        count += 1
        yield record
    if not count:
        raise InputError(f"{path}: no record in it")


def to_record(row: Any, identity: str, where: str) -> Record:
    """Turn one JSON value of a corpus into a Record.

    Args:
        row: the value.
        identity: the record's id, where the corpus gives none.
        where: file:line, for messages.

    Raises:
        InputError: the value has none of the known forms, or a field is empty or not text.
    """
    if not isinstance(row, dict):
        raise InputError(f"{where}: a JSON object is expected, this is {type(row).__name__}")
    if "problem" in row:
        question, answer = _text(row, "problem", where), _text(row, "solution", where)
        return Record(identity, "math", question, answer, where, {"type": recognise(question).type})
    if "instruction" in row:
        return _alpaca(row, identity, where)
    if {"id", "task", "question", "answer"} <= set(row):
        return parse_record(row, where)
    raise InputError(f"{where}: neither problem/solution nor instruction/input/output nor a record of the kit")


def _alpaca(row: dict[str, Any], identity: str, where: str) -> Record:
    instruction, output = _text(row, "instruction", where), _text(row, "output", where)
    question = _text(row, "input", where)
    meta = {"instruction": instruction, "subject": subject_of(instruction)}
    return Record(identity, "choice", question, output, where, meta)


def subject_of(instruction: str) -> str:
    """Return the subject that the stage-2 corpus' instruction names; empty where it names none."""
    match = _SUBJECT.search(instruction)
    return match[1] if match else ""


def _text(row: dict[str, Any], field: str, where: str) -> str:
    value = row.get(field)
    if not isinstance(value, str):
        raise InputError(f"{where}: field {field!r} is missing or not text")
    if not value.strip():
        raise InputError(f"{where}: field {field!r} is empty")
    return value


def _rows(path: Path, on_bad: OnBad) -> Iterator[tuple[int, str, Any]]:
    """Yield (number from 0, place, value) of a JSON array or of JSON Lines."""
    if _starts_with_bracket(path):
        values = read_json(path)
        for number, value in enumerate(values):
            yield number, f"{path}: record {number}", value
        return
    with path.open("rb") as stream:
        for number, raw in enumerate(stream):
            where = f"{path}:{number + 1}"
            try:
                line = raw.decode("utf-8" if number else "utf-8-sig").strip()
                if not line:
                    continue
                value = json.loads(line)
            except UnicodeDecodeError:
                on_bad(f"{where}: not UTF-8 text")
            except (json.JSONDecodeError, RecursionError) as error:
                on_bad(f"{where}: {json_fault(error)}")
            else:
                yield number, where, value


def _starts_with_bracket(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
