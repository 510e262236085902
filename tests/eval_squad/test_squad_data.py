from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.text.records import Record, write_records
from data_convert.readers.squad_questions import read_questions


def squad(*paragraphs: list[dict[str, Any]]) -> dict[str, Any]:
    listed = [{"context": f"passage {number}", "qas": qas} for number, qas in enumerate(paragraphs)]
    return {"version": "1.1", "data": [{"title": "t", "paragraphs": listed}]}


def question(name: str, *answers: str, **more: Any) -> dict[str, Any]:
    listed = [{"text": answer, "answer_start": 0} for answer in answers]
    return {"id": name, "question": f"{name}?", "answers": listed, **more}


def written(folder: Path, value: Any) -> Path:
    path = folder / "squad.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def test_counts_of_the_dev_set(shared_data: Path) -> None:
    path = shared_data / "squad/dev-v1.1.json"
    contest, name = read_questions(path)
    assert (len(contest), name) == (2067, "contest")
    every, name = read_questions(path, "all")
    assert (len(every), name) == (10570, "all")
    assert all(record.answer == record.meta["answers"][0] for record in contest)


def test_xquad_is_read(shared_data: Path) -> None:
    records, _ = read_questions(shared_data / "xquad/xquad.zh.json", "all")
    assert len(records) == 1190


def test_contest_takes_the_first_question_and_answer(tmp_path: Path) -> None:
    path = written(tmp_path, squad([question("a", "x", "y"), question("b", "z")], [question("c", "w")], []))
    records, _ = read_questions(path)
    assert [(record.id, record.answer, record.meta["passage"]) for record in records] == [
        ("a", "x", "passage 0"),
        ("c", "w", "passage 1"),
    ]
    assert records[0].meta["answers"] == ["x", "y"]


def test_an_impossible_question_has_no_answer(tmp_path: Path) -> None:
    path = written(tmp_path, squad([question("a", is_impossible=True)], [question("b", is_impossible=False)]))
    assert [record.meta["answers"] for record in read_questions(path)[0]] == [[], []]


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ([], "'data'"),
        ({"data": [{"paragraphs": [{"context": "c"}]}]}, "data[0].paragraphs[0]"),
        (squad([{"id": 7, "question": "q", "answers": []}]), "data[0].paragraphs[0].qas[0]"),
        (squad([question("a", "x")], [question("a", "x")]), "duplicate question id"),
        (squad([{"id": "a", "question": "q", "answers": [{"text": None}]}]), "answers[0]"),
        (squad([question("a")]), "no reference answer"),
        (squad(), "no question"),
    ],
)
def test_malformed_data_name_file_and_place(tmp_path: Path, value: Any, place: str) -> None:
    path = written(tmp_path, value)
    with pytest.raises(InputError) as caught:
        read_questions(path)
    assert place in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_record_file_is_taken_as_it_stands_unless_told(tmp_path: Path) -> None:
    path = tmp_path / "squad.jsonl"
    meta = {"passage": "p", "answers": ["x"]}
    write_records(path, [Record(name, "squad", "q", "x", "", meta) for name in "abc"])
    assert [len(read_questions(path, None)[0]), len(read_questions(path, "contest")[0])] == [3, 1]
    assert read_questions(path)[1] == "file"


def test_records_of_another_task_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "math.jsonl"
    write_records(path, [Record("1", "math", "q", "x")])
    with pytest.raises(InputError, match="task 'math'"):
        read_questions(path)


@pytest.mark.parametrize("text", ["", "{", "[1,", "\x00", '"text"'])
def test_no_text_makes_a_defect(tmp_path: Path, text: str) -> None:
    path = tmp_path / "squad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_questions(path)
