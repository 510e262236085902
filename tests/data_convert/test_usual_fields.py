"""Rows under the names that most data sets give them, as JSON, CSV, Parquet or one object; words that mean nothing."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.text.records import Record
from data_convert.readers import BadRecords, read_corpus
from data_convert.readers.bad import Fault
from data_convert.readers.fields import ANSWERS, QUESTIONS
from data_convert.readers.squad_questions import read_questions
from data_convert.readers.values import value_reader

FISH = ("Name a fish.", "A carp.")


def one(row: dict[str, Any], **how: Any) -> Record:
    return value_reader(**how)(row, "7", "file:8")


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("question", [name for name in QUESTIONS if name != "problem"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_usual_names_of_question_and_answer_are_recognised(question: str, answer: str) -> None:
    for change in (str, str.title):
        record = one({change(question): FISH[0], "id": 5, change(answer): FISH[1]})
        assert (record.question, record.answer, record.task) == (*FISH, "instruction")


@pytest.mark.parametrize("value", [{"instruction": "", "input": FISH[0]}, {"instruction": " ", "input": FISH[0]}])
def test_an_empty_instruction_leaves_the_input_as_the_question(value: dict[str, str]) -> None:
    assert one({**value, "output": FISH[1]}).question == FISH[0]
    with pytest.raises(Fault, match="field 'instruction' is empty"):
        one({"instruction": "", "input": "", "output": "x"})


def test_dollys_names() -> None:
    record = one({"instruction": "Sum up.", "context": "A carp swam.", "response": "It swam.", "category": "sum"})
    assert (record.question, record.answer) == ("Sum up.\nA carp swam.", "It swam.")


@pytest.mark.parametrize(
    "word", ["<noinput>", "Noinput", "<NoInput>", "No input.", "nan", "NaN", "N/A", "None", "无", "<NA>"]
)
def test_a_word_for_no_input_is_none_and_is_kept_apart(word: str) -> None:
    record = one({"instruction": FISH[0], "input": word, "output": FISH[1]})
    assert (record.question, record.meta) == (FISH[0], {"no_input": word})


@pytest.mark.parametrize("word", ["<nooutput>", "Nooutput", "<noinput>", "nan", " NaN\n", "<NA>"])
def test_a_word_for_no_answer_is_a_fault_in_every_format(word: str) -> None:
    turns = [{"role": "user", "content": FISH[0]}, {"role": "assistant", "content": word}]
    rows: list[dict[str, Any]] = [
        {"instruction": FISH[0], "output": word},
        {"problem": FISH[0], "solution": word},
        {"query": FISH[0], "response": word},
        {"messages": turns},
    ]
    for row in rows:
        with pytest.raises(Fault, match="the answer is .*, which stands for none"):
            one(row)
    with pytest.raises(Fault, match="the question is .*, which stands for none"):
        one({"query": word, "response": FISH[1]})


@pytest.mark.parametrize("answer", ["None", "N/A", "no input", "Nancy", "The word <noinput> means that there is none."])
def test_what_may_be_meant_stays_an_answer(answer: str) -> None:
    assert one({"query": FISH[0], "response": answer}).answer == answer


@pytest.mark.parametrize(("number", "text"), [(42, "42"), (-3.5, "-3.5"), (0, "0"), (1e-7, "1e-07")])
def test_numbers_are_answers(number: float, text: str) -> None:
    for row in ({"problem": "x", "solution": number}, {"query": "x", "response": number}):
        assert one(row).answer == text
    with pytest.raises(Fault, match="is true or false, not text"):
        one({"query": "x", "response": True})


def test_content_as_parts_is_its_text() -> None:
    parts = [{"type": "text", "text": "How many legs "}, {"type": "text", "text": "has a carp?"}]
    turns = [{"role": "user", "content": parts}, {"role": "assistant", "content": [{"type": "text", "text": "None."}]}]
    assert (one({"messages": turns}).question, one({"messages": turns}).answer) == (
        "How many legs has a carp?",
        "None.",
    )
    picture = [{"type": "image_url", "image_url": {"url": "x"}}, *parts]
    with pytest.raises(Fault, match="a part of type 'image_url', which is no text"):
        one({"query": picture, "response": "x"})


def test_ai_is_a_speaker() -> None:
    assert one({"conversations": [{"from": "USER", "value": "c?"}, {"from": "AI", "value": "d"}]}).answer == "d"


def test_null_counts_as_not_there() -> None:
    columns: dict[str, Any] = dict.fromkeys(["messages", "problem", "solution", "query", "history", "context"])
    assert one({**columns, "instruction": FISH[0], "input": None, "output": FISH[1]}).answer == FISH[1]
    turns = [{"role": "user", "content": FISH[0]}, {"role": "assistant", "content": FISH[1]}]
    assert one({**columns, "instruction": None, "output": None, "messages": turns}).question == FISH[0]
    with pytest.raises(Fault, match="neither problem/solution nor .*; name its fields with data.fields="):
        one(columns)
    with pytest.raises(Fault, match="field 'solution' is null, not text"):
        one({"problem": "x", "solution": None})


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ({"question": "a", "input": "b", "answer": "c"}, "'question' and 'input' may both be the question"),
        ({"prompt": "a", "response": "b", "completion": "c"}, "'response' and 'completion' may both be the answer"),
        ({"query": "a", "response": "b", "history": [["c"]]}, "round 0 of field 'history'"),
    ],
)
def test_what_is_not_certain_is_refused_and_never_dropped(row: dict[str, Any], part: str) -> None:
    with pytest.raises(Fault) as caught:
        one(row)
    assert part in str(caught.value)


def test_fields_by_name_come_first_and_other_rows_are_read_as_usual() -> None:
    fields = {"question": "ask", "answer": "reply", "input": "about", "system": "tone"}
    row = {"ask": "Translate.", "reply": "red", "about": "红", "tone": "Be brief.", "query": "other", "response": "x"}
    record = one(row, fields=fields)
    assert (record.question, record.answer, record.meta) == ("Translate.\n红", "red", {"system": "Be brief."})
    assert one({"query": FISH[0], "response": FISH[1]}, fields=fields).question == FISH[0]
    with pytest.raises(Fault, match="field 'reply' is missing"):
        one({"ask": "a", "query": "b", "response": "c"}, fields=fields)


def test_rows_that_say_nothing_of_their_task_have_that_of_the_run() -> None:
    pair = {"query": "Ann has 3 carps and 4 perches. How many fish?", "response": 7}
    assert (one(pair).task, one(pair, free_task="math").task, one(pair, task="math").task) == (
        "instruction",
        "math",
        "math",
    )
    alpaca = {"instruction": FISH[0], "output": FISH[1]}
    assert one(alpaca, free_task="math").task == "instruction"


PASSAGE = "A carp lives in the pond."
HUB = {
    "id": "q1",
    "title": "t",
    "context": PASSAGE,
    "question": "Where?",
    "answers": {"text": ["pond"], "answer_start": [20]},
}


def test_squad_as_rows_is_what_the_document_is(tmp_path: Path) -> None:
    rows = [HUB, {**HUB, "id": "q2", "question": "Who?"}, {**HUB, "id": 3, "context": "Else.", "answers": {"text": []}}]
    qas = [{"id": "q1", "question": "Where?", "answers": [{"text": "pond"}]}]
    document = tmp_path / "document.json"
    document.write_text(json.dumps({"data": [{"paragraphs": [{"context": PASSAGE, "qas": qas}]}]}), encoding="utf-8")
    (of_document,), _ = read_questions(document)
    for file in (lines(tmp_path / "rows.jsonl", *rows), tmp_path / "rows.json"):
        if file.suffix == ".json":
            file.write_text(json.dumps(rows), encoding="utf-8")
        found, selection = read_questions(file)
        assert ([record.id for record in found], selection) == (["q1", "3"], "contest")
        assert [record.id for record in read_questions(file, "all")[0]] == ["q1", "q2", "3"]
        assert (found[0].question, found[0].answer, found[0].meta) == (
            of_document.question,
            of_document.answer,
            of_document.meta,
        )
        assert found[1].meta["answers"] == []


@pytest.mark.parametrize("answers", [["pond"], [{"text": "pond", "answer_start": 20}], "pond"])
def test_answers_of_squad_rows_in_other_shapes(answers: Any) -> None:
    assert one({**HUB, "answers": answers}).meta["answers"] == ["pond"]
    assert one({"context": PASSAGE, "question": "Where?", "answer": "pond"}).id == "7"


@pytest.mark.parametrize(
    ("row", "letter"),
    [
        ({"choices": ["1", "2", "3", "4"], "answer": 2}, "C"),
        ({"options": ["1", "2", "3", "4"], "answer": "D"}, "D"),
        ({"choices": {"text": ["1", "2", "3", "4"], "label": ["1", "2", "3", "4"]}, "answerKey": "2"}, "B"),
        ({"options": {"A": "1", "B": "2", "C": "3", "D": "4"}, "answer": "b"}, "B"),
        ({"A": 1, "B": 2, "C": 3, "D": 4, "answer": "A"}, "A"),
    ],
)
def test_multiple_choice_as_rows(row: dict[str, Any], letter: str) -> None:
    record = one({"question": "q", "subject": "world_history", **row})
    assert (record.task, record.answer) == ("choice", f"The right option is {letter}.")
    assert record.question == "Question: q \nA.1\nB.2\nC.3\nD.4"
    assert record.meta["subject"] == "world history"


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ({"choices": ["1", "2"], "answer": 0}, "2 options; a multiple choice has four"),
        ({"choices": ["1", "2", "3", " "], "answer": 0}, "option D is empty"),
        ({"choices": ["1", "2", "3", "4"], "answer": 4}, "field 'answer' is a number, not text"),
        ({"choices": ["1", "2", "3", "4"], "answer": "5"}, "answer '5' is not one of A, B, C, D"),
        ({"A": "1", "B": "2", "C": "3", "D": None, "answer": "A"}, "option D is empty"),
    ],
)
def test_a_choice_that_is_none_is_refused_and_no_pair(row: dict[str, Any], part: str) -> None:
    with pytest.raises(Fault) as caught:
        one({"question": "q", **row})
    assert part in str(caught.value)


ROWS = [
    {"instruction": "Name a fish, please.", "input": "", "output": 'A "carp".\nIt swims.'},
    {"instruction": "Translate.", "input": "红", "output": "red"},
]
READ = [("Name a fish, please.", 'A "carp".\nIt swims.'), ("Translate.\n红", "red")]


def _columns() -> dict[str, dict[str, str]]:
    return {name: {str(at): row[name] for at, row in enumerate(ROWS)} for name in ROWS[0]}


@pytest.mark.parametrize(
    "value",
    [
        {"data": ROWS},
        {"version": "1", "rows": [{"row_idx": at, "row": row, "truncated_cells": []} for at, row in enumerate(ROWS)]},
        _columns(),
        {name: list(column.values()) for name, column in _columns().items()},
        {"columns": list(ROWS[0]), "index": [0, 1], "data": [list(row.values()) for row in ROWS]},
        {"first": ROWS[0], "second": ROWS[1]},
    ],
    ids=["data", "rows of the hub's server", "pandas", "lists", "split", "by name"],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_an_object_that_holds_all_records(tmp_path: Path, value: Any, indent: int | None) -> None:
    file = tmp_path / "corpus.json"
    file.write_text(json.dumps(value, indent=indent), encoding="utf-8")
    assert [(record.question, record.answer) for record in read_corpus(file)] == READ
    assert [record.id for record in read_corpus(file)] == ["0", "1"]


def test_indented_records_one_after_the_other(tmp_path: Path) -> None:
    file = tmp_path / "corpus.json"
    file.write_text("\n".join(json.dumps(row, indent=2) for row in ROWS), encoding="utf-8")
    assert [(record.question, record.answer) for record in read_corpus(file)] == READ
    assert [record.source for record in read_corpus(file)] == [f"{file}:1", f"{file}:6"]


def test_an_object_with_several_lists_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "splits.json"
    file.write_text(json.dumps({"train": ROWS, "test": ROWS}), encoding="utf-8")
    with pytest.raises(InputError, match=r"holds several lists of records \(train, test\); save each as a file"):
        list(read_corpus(file))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_file_of_records(tmp_path: Path, delimiter: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows([list(ROWS[0]), *(row.values() for row in ROWS), ["a"]])
    file = tmp_path / "alpaca.csv"
    file.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    bad = BadRecords(1)
    assert [(record.question, record.answer) for record in read_corpus(file, bad)] == READ
    assert bad.found == [f"{file}:5: 1 columns, expected 3"]


def test_a_csv_file_whose_columns_have_other_names(tmp_path: Path) -> None:
    file = tmp_path / "fragen.csv"
    file.write_text("Frage;Antwort\nWas schwimmt?;Ein Karpfen\n", encoding="utf-8")
    (record,) = read_corpus(file, fields={"question": "Frage", "answer": "Antwort"})
    assert (record.question, record.answer) == ("Was schwimmt?", "Ein Karpfen")


def test_parquet_of_any_rows(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    turns = [{"role": "user", "content": FISH[0]}, {"role": "assistant", "content": FISH[1]}]
    for name, rows in (
        ("alpaca", ROWS),
        ("squad", [HUB]),
        ("talk", [{"messages": turns}]),
        ("null", [*ROWS, {"input": "x"}]),
    ):
        parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / f"{name}.parquet", row_group_size=1)
    bad = BadRecords(1)
    found = list(read_corpus(tmp_path, bad))
    assert [record.id for record in found] == [
        "alpaca/0",
        "alpaca/1",
        "null/0",
        "null/1",
        "q1",
        "talk/0",
    ]
    assert [(record.question, record.answer) for record in found[:2]] == READ
    assert found[4].meta["answers"] == ["pond"]
    assert found[5].answer == FISH[1]
    assert bad.found == [f"{tmp_path}/null.parquet: row 2: {bad.records[0].reason}"]
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes((tmp_path / "alpaca.parquet").read_bytes()[:-30])
    with pytest.raises(InputError, match=r"damaged.parquet: not a Parquet file that can be read, from row 0 on"):
        list(read_corpus(damaged))


def test_a_named_format_reads_the_rows_of_a_table(tmp_path: Path) -> None:
    file = tmp_path / "corpus.json"
    file.write_text(json.dumps({"data": ROWS}), encoding="utf-8")
    assert len(list(read_corpus(file, format_name="alpaca"))) == 2
    bad = BadRecords(2)
    with pytest.raises(InputError, match="no record in it"):
        list(read_corpus(file, bad, format_name="math"))
    assert [one.reason for one in bad.records] == ["field 'problem' is missing"] * 2


def test_real_rows_and_documents_are_the_same(shared_data: Path, tmp_path: Path) -> None:
    document = shared_data / "squad/dev-v1.1.json"
    rows = [
        {
            "id": qa["id"],
            "context": part["context"],
            "question": qa["question"],
            "answers": {"text": [a["text"] for a in qa["answers"]]},
        }
        for article in json.loads(document.read_text(encoding="utf-8"))["data"]
        for part in article["paragraphs"]
        for qa in part["qas"]
    ]
    found, _ = read_questions(lines(tmp_path / "rows.jsonl", *rows))
    expected, _ = read_questions(document)
    assert [(r.id, r.question, r.answer, r.meta) for r in found] == [
        (r.id, r.question, r.answer, r.meta) for r in expected
    ]
