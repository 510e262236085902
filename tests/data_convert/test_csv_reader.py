"""Multiple choice in CSV files and folders of them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.text.records import Record
from data_convert.readers import BadRecords, read_corpus, slices

ROW = 'What is "2, or so"?,one,"2, or so",three,four,'
LETTERED = 'q,a,b,c,d,B\n"two\nlines",a,b,c,d,C\n问,甲,乙,丙,丁,D\n'
NUMBERED = 'q,a,b,c,d,1\n"two\nlines",a,b,c,d,2\n问,甲,乙,丙,丁,3\n'
TEXTS = [
    ("Question: q \nA.a\nB.b\nC.c\nD.d", "The right option is B."),
    ("Question: two\nlines \nA.a\nB.b\nC.c\nD.d", "The right option is C."),
    ("Question: 问 \nA.甲\nB.乙\nC.丙\nD.丁", "The right option is D."),
]
HEADERS = {
    "mmlu headerless": LETTERED,
    "mmlu headered": "question,choice0,choice1,choice2,choice3,answer\n" + NUMBERED,
    "mmlu headered with letters": "question,choice0,choice1,choice2,choice3,answer\n" + LETTERED,
    "lettered columns": "question,A,B,C,D,answer\n" + LETTERED,
    "bom and crlf": "\ufeffQuestion,A,B,C,D,Answer\r\n\r\n" + LETTERED.replace("D\n", "D\r\n,,,,,\r\n \r\n"),
    "cmmlu": ',Question,A,B,C,D,Answer\n0,q,a,b,c,d,B\n1,"two\nlines",a,b,c,d,C\n2,问,甲,乙,丙,丁,D',
    "ceval": 'id,question,A,B,C,D,answer\n0,q,a,b,c,d,B\n1,"two\nlines",a,b,c,d,C\n2,问,甲,乙,丙,丁,D\n',
}


def written(folder: Path, name: str, content: str | bytes) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


@pytest.mark.parametrize("name", HEADERS)
def test_no_row_of_any_variant_is_lost(tmp_path: Path, name: str) -> None:
    records = list(read_corpus(written(tmp_path, "high_school_physics_test.csv", HEADERS[name])))
    assert [(record.question, record.answer) for record in records] == TEXTS
    assert [record.id for record in records] == ["0", "1", "2"]
    assert {record.task for record in records} == {"choice"}
    assert records[0].meta == {
        "instruction": "Here is a question about high school physics, the correct answer is one of the options "
        "A/B/C/D. Please select the correct option and answer the question with 'The right option is'.",
        "subject": "high school physics",
        "split": "test",
    }


def test_the_place_of_a_record_is_the_line_it_begins_on(tmp_path: Path) -> None:
    file = written(tmp_path, "arts.csv", HEADERS["cmmlu"])
    assert [record.source for record in read_corpus(file)] == [f"{file}:{line}" for line in (2, 3, 5)]


def test_an_explanation_is_kept(tmp_path: Path) -> None:
    text = "id,question,A,B,C,D,answer,explanation\n0,q,a,b,c,d,B,because\n1,q,a,b,c,d,B,\n"
    first, second = read_corpus(written(tmp_path, "dev/law_dev.csv", text))
    assert (first.meta["explanation"], "explanation" in second.meta) == ("because", False)


def test_a_folder_has_ids_of_its_own_for_equal_names(tmp_path: Path) -> None:
    for place in ("dev/arts.csv", "test/arts.csv", "test/anatomy_test.csv", "arts.csv", "x/dev/arts.csv"):
        written(tmp_path, place, "q,a,b,c,d,B\nq,a,b,c,d,C\n")
    written(tmp_path, "dev/._arts.csv", "left by an unpacker")
    written(tmp_path, "LICENSE", "text")
    found = {record.id: (record.meta["subject"], record.meta.get("split")) for record in read_corpus(tmp_path)}
    assert found == {
        "arts/0": ("arts", None),
        "arts/1": ("arts", None),
        "dev/arts/0": ("arts", "dev"),
        "dev/arts/1": ("arts", "dev"),
        "test/anatomy_test/0": ("anatomy", "test"),
        "test/anatomy_test/1": ("anatomy", "test"),
        "test/arts/0": ("arts", "test"),
        "test/arts/1": ("arts", "test"),
        "x/dev/arts/0": ("arts", "dev"),
        "x/dev/arts/1": ("arts", "dev"),
    }
    assert len(list(slices(tmp_path))) == 5


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("q,a,b,c,d", "5 columns, expected 6"),
        ("q,a,b,c,d,e,B", "7 columns, expected 6"),
        ("q,a,b,c,d,E", "answer 'E' is not one of A, B, C, D"),
        ("q,a,b,c,d,1", "answer '1' is not one of A, B, C, D"),
        ("q,a,b,c,d,", "no answer"),
        (",a,b,c,d,A", "question is empty"),
        ("q,a, ,c,d,A", "option B is empty"),
        ("q,a,b,c,d\0,A", "holds a NUL character"),
        (b"q,a,b,c,d\xb5\xc4,A", "not UTF-8 text"),
        ("q,a,b,c\rc,d,A", "malformed CSV (new-line character seen in unquoted field"),
        ('q,"a"b,b,c,d,A', "malformed CSV ("),
        ('q,a,b,c,"' + "d" * 200_000 + '",A', "malformed CSV (field larger than field limit (131072))"),
        ('"q\nq",a,b,c,d,E', "answer 'E' is not one of A, B, C, D (lines 2 to 3)"),
    ],
)
def test_a_bad_row_is_reported_with_its_line_and_the_others_stay(tmp_path: Path, row: str | bytes, reason: str) -> None:
    raw = row if isinstance(row, bytes) else row.encode()
    file = written(tmp_path, "arts.csv", b"q,a,b,c,d,A\n" + raw + b"\nq,a,b,c,d,A\n")
    bad = BadRecords(1)
    assert [record.id for record in read_corpus(file, bad)] == ["0", "2"]
    assert bad.records[0].where == f"{file}:2"
    assert reason in bad.records[0].reason
    assert bad.records[0].text == raw.decode("utf-8", "backslashreplace")[:1000]


def test_an_unmatched_quote_takes_no_other_row_with_it(tmp_path: Path) -> None:
    good = "q,a,b,c,d,A\n"
    file = written(tmp_path, "arts.csv", good + '"q,a,b,c,d,A\n' + good * 20_000)
    bad = BadRecords(1)
    assert sum(1 for _ in read_corpus(file, bad)) == 20_001
    assert bad.found == [f"{file}:2: malformed CSV (field larger than field limit (131072))"]


def test_numbers_are_answers_only_where_the_options_are_numbered(tmp_path: Path) -> None:
    file = written(tmp_path, "arts.csv", "question,A,B,C,D,answer\n" + NUMBERED)
    with pytest.raises(InputError, match=":2: answer '1' is not one of A, B, C, D"):
        list(read_corpus(file))


def test_a_test_split_without_answers_is_listed_and_does_not_count_as_unreadable(tmp_path: Path) -> None:
    test = written(tmp_path, "test/law_test.csv", "id,question,A,B,C,D\n0,q,a,b,c,d\n1,q,a,b,c,d\n")
    written(tmp_path, "val/law_val.csv", HEADERS["ceval"])
    sentence = f"{test}: no column 'answer' (C-Eval publishes its test split like this); 2 questions left out"
    with pytest.raises(InputError) as caught:
        list(read_corpus(test))
    assert str(caught.value) == sentence
    bad = BadRecords(0)
    assert len(list(read_corpus(tmp_path, bad))) == 3
    assert bad.found == [sentence]
    assert bad.lost == 2, "each question of the file is accounted for"


def test_another_split_without_answers_counts_as_unreadable(tmp_path: Path) -> None:
    written(tmp_path, "val/law_val.csv", "id,question,A,B,C,D\n0,q,a,b,c,d\n")
    written(tmp_path, "dev/law_dev.csv", HEADERS["ceval"])
    with pytest.raises(InputError, match="law_val.csv: no column 'answer'.*data.max_bad=N"):
        list(read_corpus(tmp_path, BadRecords(0)))
    assert len(list(read_corpus(tmp_path, BadRecords(1)))) == 3


def test_a_format_by_name(tmp_path: Path) -> None:
    # A file that does not look like a CSV file, and one without the header that its format has.
    file = written(tmp_path, "questions.txt", "{a},a,b,c,d,B,\n")
    with pytest.raises(InputError, match=":1: 7 columns, expected 6"):
        list(read_corpus(file, format_name="mmlu"))
    file = written(tmp_path, "questions.csv", "q,a,b,c,d,B\n")
    for name in ("cmmlu", "ceval"):
        with pytest.raises(InputError, match=":1: no header row with Question, A, B, C, D and Answer"):
            list(read_corpus(file, format_name=name))
    assert len(list(read_corpus(file, format_name="mmlu"))) == 1


def test_a_column_that_stands_twice_is_an_error(tmp_path: Path) -> None:
    file = written(tmp_path, "arts.csv", "question,A,A,B,C,D,answer\nq,a,e,b,c,d,B\n")
    with pytest.raises(InputError, match=":1: duplicate column 'a' in the header row"):
        list(read_corpus(file))


def test_a_choice_can_be_asked_as_an_instruction(tmp_path: Path) -> None:
    record = next(read_corpus(written(tmp_path, "dev/arts.csv", LETTERED), task="instruction"))
    assert (record.task, record.meta) == ("instruction", {"subject": "arts", "split": "dev"})
    assert record.question.endswith(f"'The right option is'.\n{TEXTS[0][0]}")


def test_a_folder_without_csv_files_or_for_another_form_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no CSV file in this folder"):
        list(read_corpus(tmp_path))
    with pytest.raises(InputError, match="no CSV file in this folder, nor one of JSON, JSONL, NDJSON, PARQUET, TSV"):
        list(read_corpus(tmp_path, format_name="math"))
    with pytest.raises(InputError, match="is a folder; a corpus of format 'squad' is a single file"):
        list(read_corpus(tmp_path, format_name="squad"))


_CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1).filter(str.strip)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[_CELLS] * 5, st.sampled_from("ABCD")), min_size=1, max_size=4), st.booleans())
def test_what_a_csv_writer_writes_comes_out(tmp_path: Path, rows: list[tuple[str, ...]], header: bool) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("Question", *"ABCD", "Answer"), *rows] if header else rows)
    records = list(read_corpus(written(tmp_path, "arts.csv", text.getvalue())))
    expected = [
        (f"Question: {q} \nA.{a}\nB.{b}\nC.{c}\nD.{d}", f"The right option is {letter}.")
        for q, a, b, c, d, letter in rows
    ]
    assert [(record.question, record.answer) for record in records] == expected


def test_real_folders_give_the_contests_own_texts(shared_data: Path) -> None:
    found: dict[tuple[str, str], Record] = {}
    for name, count in (("mmlu", 1419), ("cmmlu", 1599), ("ceval", 440)):
        records = list(read_corpus(shared_data / name))
        assert (len(records), len({record.id for record in records})) == (count, count)
        found |= {(record.meta["instruction"], record.question): record for record in records}
    sample = json.loads((shared_data / "contest/choice_sample.json").read_text(encoding="utf-8"))
    shared = [row for row in sample if (row["instruction"], row["input"]) in found]
    assert len(shared) == 99
    assert all(found[row["instruction"], row["input"]].answer == row["output"] for row in shared)
