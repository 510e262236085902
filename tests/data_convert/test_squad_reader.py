"""SQuAD files as a corpus: every question, and each that cannot be read with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from data_convert.readers import BadRecords, read_corpus


def question(name: Any, *answers: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "question": "q?", "answers": [{"text": text} for text in answers], **more}


def written(folder: Path, *paragraphs: Any, **top: Any) -> Path:
    file = folder / "squad.json"
    file.write_text(json.dumps({**top, "data": [{"paragraphs": list(paragraphs)}]}), encoding="utf-8")
    return file


def test_every_question_is_a_record(tmp_path: Path) -> None:
    asked = [question("a", "x", "y"), question("b", is_impossible=True), question("c", is_impossible=False)]
    file = written(tmp_path, {"context": "p", "qas": asked}, version="v2.0")
    first, *others = read_corpus(file)
    assert (first.id, first.task, first.answer, first.question) == ("a", "squad", "x", "q?")
    assert first.meta == {"passage": "p", "answers": ["x", "y"]}
    assert first.source == f"{file}: data[0].paragraphs[0].qas[0]"
    assert [(record.id, record.answer) for record in others] == [("b", ""), ("c", "")]


@pytest.mark.parametrize(
    ("bad", "place", "reason"),
    [
        ({"context": "p", "qas": [question(7, "x")]}, ".qas[0]", "field 'id' is a number, not text"),
        ({"context": "p", "qas": [question("b", "x", question=" ")]}, ".qas[0]", "field 'question' is empty"),
        ({"context": "p", "qas": [question("a", "x")]}, ".qas[0]", "duplicate question id 'a'"),
        ({"context": "p", "qas": [question("b")]}, ".qas[0]", "no reference answer (question 'b')"),
        ({"context": "p", "qas": [question("b", None)]}, ".qas[0]", "answers[0] has no text"),
        ({"context": "p", "qas": [question("b", answers=5)]}, ".qas[0]", "field 'answers' is missing or not a list"),
        ({"context": "p", "qas": [5]}, ".qas[0]", "expected a JSON object"),
        ({"context": 5, "qas": [question("b", "x")]}, ".qas[0]", "field 'context' is a number, not text"),
        ({"context": "p"}, "", "field 'qas' is missing or not a list"),
        ("text", "", "field 'qas' is missing or not a list"),
    ],
)
def test_what_cannot_be_read_is_reported_and_the_rest_stays(tmp_path: Path, bad: Any, place: str, reason: str) -> None:
    good = {"context": "p", "qas": [question("a", "x")]}
    file = written(tmp_path, good, bad, {"context": "p", "qas": [question("z", "x")]})
    found = BadRecords(1)
    assert [record.id for record in read_corpus(file, found)] == ["a", "z"]
    assert found.records[0].where == f"{file}: data[0].paragraphs[1]{place}"
    assert found.records[0].reason.startswith(reason)


def test_a_fault_of_the_text_is_told_for_every_question_of_its_article(tmp_path: Path) -> None:
    asked = [question("a", "\xe9"), question("b", "x")]
    file = written(tmp_path, {"context": "p", "qas": asked})
    file.write_bytes(file.read_bytes().replace(b"\\u00e9", b"\xe9"))
    found = BadRecords(2)
    with pytest.raises(InputError, match="no record in it"):
        list(read_corpus(file, found))
    assert [one.reason for one in found.records] == ["not UTF-8 text, somewhere in the article"] * 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"data": [{"paragraphs": []}', "malformed JSON"),
        ('{"data": []} {}', "text after the end"),
        ('{"data": [], "data": []}', "duplicate field 'data'"),
        ('{"version": "1.1"}', "field 'data' is missing or not a list; is this a SQuAD file?"),
        ("[]", "field 'data' is missing or not a list; is this a SQuAD file?"),
        ('{"version": "1.1", "data": []}', "no record in it"),
    ],
)
def test_what_is_no_squad_file_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "squad.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        list(read_corpus(file, BadRecords(9), format_name="squad"))
    assert message in str(caught.value)


def test_its_records_are_of_no_other_task(tmp_path: Path) -> None:
    file = written(tmp_path, {"context": "p", "qas": [question("a", "x")]})
    assert len(list(read_corpus(file, task="squad"))) == 1
    with pytest.raises(InputError, match="format 'squad' has records of task 'squad' only, not 'instruction'"):
        list(read_corpus(file, task="instruction"))


def test_real_files_are_read_question_by_question(shared_data: Path) -> None:
    for name, count in (("squad/dev-v1.1.json", 10570), ("squad/train-v1.1-44-articles.json", 11877)):
        assert sum(1 for _ in read_corpus(shared_data / name)) == count
