"""Questions of a SQuAD file (v1.1, v2.0; XQuAD has the same format), one article in memory at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import InputError
from core.text.records import Record
from data_convert.readers.bad import Fault, OnBad, bad_record
from data_convert.readers.fields import text_field
from data_convert.readers.json_stream import Element, JsonStream

# Beside "data" a document of SQuAD says its version and little else; an object of a million keys is none.
_MOST_KEYS = 1000


def is_squad(stream: BinaryIO, path: Path, is_row: Callable[[dict[str, Any]], bool] = lambda _: False) -> bool:
    """Tell whether a file is one JSON object with a list under "data", whatever stands before that key.

    Args:
        stream: the file.
        path: its name.
        is_row: tells of the list's first object whether it is a record of another format.
    """
    text = JsonStream(stream, path)
    try:
        if not (_to_data(text) and text.peek() == "["):
            return False
    except InputError:
        return False
    try:
        first = next(text.elements(), None)
    except InputError:
        return True  # what is wrong, the reader says
    row = first.value if first else None
    if isinstance(row, list):  # a table's rows, as pandas splits one
        return False
    return not isinstance(row, dict) or "paragraphs" in row or not is_row(row)


def squad_records(stream: BinaryIO, path: Path, on_bad: OnBad, first_only: bool = False) -> Iterator[Record]:
    """Yield the questions of a SQuAD file as records of task "squad".

    Args:
        stream: the file.
        path: its name, for messages.
        on_bad: takes each question that cannot be read, and each article or paragraph without questions.
        first_only: only the first question of each paragraph, as the contest asks them.

    Raises:
        InputError: the file is no SQuAD file, or not JSON.
    """
    text = JsonStream(stream, path)
    if not _to_data(text) or text.peek() != "[":
        raise InputError(f"{path}: field 'data' is missing or not a list; is this a SQuAD file?")
    reader = _Reader(path, on_bad, first_only)
    for number, article in enumerate(text.elements()):
        yield from reader.article(article, f"data[{number}]")
    while text.peek() == ",":
        text.take(",")
        key, _ = _key(text), text.element()
        if key == "data":
            raise InputError(f"{path}: duplicate field 'data'")
    text.take("}")
    text.end()


def _to_data(text: JsonStream) -> bool:
    """Go to the value of the top level's "data"; False where there is none among the first keys."""
    if text.peek() != "{":
        return False
    text.take("{")
    for _ in range(_MOST_KEYS):
        if text.peek() != '"':
            return False
        if _key(text) == "data":
            return True
        text.element()
        if text.peek() == "}":
            return False
        text.take(",")
    return False


def _key(text: JsonStream) -> Any:
    key = text.element().value
    text.take(":")
    return key


class _Reader:
    """Takes articles apart; what is wrong in one goes to `on_bad`."""

    def __init__(self, path: Path, on_bad: OnBad, first_only: bool) -> None:
        self._path, self._on_bad, self._first_only = path, on_bad, first_only
        self._seen: set[str] = set()

    def article(self, article: Element, place: str) -> Iterator[Record]:
        for at, paragraph in enumerate(self._list(article.value, "paragraphs", place)):
            yield from self._paragraph(paragraph, f"{place}.paragraphs[{at}]", article.fault)

    def _paragraph(self, paragraph: Any, place: str, fault_of_article: str) -> Iterator[Record]:
        questions = self._list(paragraph, "qas", place)
        for at, question in enumerate(questions[:1] if self._first_only else questions):
            where = f"{self._path}: {place}.qas[{at}]"
            try:
                if fault_of_article:
                    # It cannot be told to lie in this question or in that one, so all of them are reported.
                    raise Fault(f"{fault_of_article}, somewhere in the article")
                record = _question(question, text_field(paragraph, "context"), where)
                if record.id in self._seen:
                    raise Fault(f"duplicate question id {record.id!r}")
            except Fault as fault:
                self._on_bad(bad_record(where, str(fault), _shown(question)))
                continue
            self._seen.add(record.id)
            yield record

    def _list(self, value: Any, key: str, place: str) -> list[Any]:
        found = value.get(key) if isinstance(value, dict) else None
        if isinstance(found, list):
            return found
        reason = f"field {key!r} is missing or not a list; is this a SQuAD file?"
        self._on_bad(bad_record(f"{self._path}: {place}", reason, _shown(value)))
        return []


def _question(question: Any, passage: str, where: str) -> Record:
    if not isinstance(question, dict):
        raise Fault("expected a JSON object")
    name, text = text_field(question, "id"), text_field(question, "question")
    answers: list[str] = []
    if question.get("is_impossible", False) is not True:
        # Files without references (a hidden test set) cannot be scored; v2.0 says is_impossible where none is meant.
        answers = [_answer(answer, at) for at, answer in enumerate(_answers(question))]
        if not answers and "is_impossible" not in question:
            raise Fault(f"no reference answer (question {name!r})")
    meta = {"passage": passage, "answers": answers}
    return Record(name, "squad", text, answers[0] if answers else "", where, meta)


def _answers(question: dict[str, Any]) -> list[Any]:
    found = question.get("answers")
    if not isinstance(found, list):
        raise Fault("field 'answers' is missing or not a list; is this a SQuAD file?")
    return found


def _answer(answer: Any, at: int) -> str:
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise Fault(f"answers[{at}] has no text")
    return str(answer["text"])


def _shown(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return ""
