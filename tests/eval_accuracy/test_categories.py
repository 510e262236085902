"""Accuracy by subject and category, and the table in OpenCompass' layout."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.result_parts import Asked
from core.result_types import AccuracyEntry, AccuracyResult
from core.tasks.choice import subject_of
from core.text.records import Record
from data_convert.readers import read_corpus
from eval_accuracy.scoring.accuracy import score
from eval_accuracy.scoring.categories import benchmarks, by_category
from eval_accuracy.table import FORMATS, rows
from evaluation.answers.predictions import Predictions

ROOT = Path(__file__).resolve().parents[2]
KNOWN = {benchmark.key: benchmark for benchmark in benchmarks()}


def choice(name: str, subject: str, text: str = "Which?", source: str = "") -> Record:
    question = f"Question: {text} \nA.a\nB.b\nC.c\nD.d"
    return Record(name, "choice", question, "The right option is A.", source, {"subject": subject})


@pytest.mark.parametrize(
    ("key", "count", "sizes"),
    [
        ("ceval", 52, {"stem": 20, "social-science": 10, "humanities": 11, "other": 11, "hard": 8}),
        ("mmlu", 57, {"stem": 18, "social-science": 12, "humanities": 13, "other": 14}),
        ("cmmlu", 67, {"stem": 17, "social-science": 22, "humanities": 13, "other": 15, "china-specific": 15}),
    ],
)
def test_the_published_numbers_of_subjects(key: str, count: int, sizes: dict[str, int]) -> None:
    benchmark = KNOWN[key]
    assert len(benchmark.subjects) == count
    assert {name: len(subjects) for name, subjects in benchmark.categories.items()} == sizes
    # The main categories divide the subjects; the last one of a benchmark may repeat some.
    main = [subjects for name, subjects in benchmark.categories.items() if name not in ("hard", "china-specific")]
    assert sum(map(len, main)) == count


def test_cevals_own_mapping_says_the_same(shared_data: Path) -> None:
    held = json.loads((shared_data / "ceval/subject_mapping.json").read_text(encoding="utf-8"))
    assert set(held) == KNOWN["ceval"].subjects
    for subject, (_, _, category) in held.items():
        assert subject in KNOWN["ceval"].categories[category.lower().replace(" ", "-")]


def test_every_subject_of_the_contest_is_known(shared_data: Path) -> None:
    rows_held = json.loads((shared_data / "contest/choice_sample.json").read_text(encoding="utf-8"))
    asked = {subject_of(row["instruction"]).replace(" ", "_") for row in rows_held}
    assert asked <= KNOWN["mmlu"].subjects | KNOWN["cmmlu"].subjects


def test_the_naive_average_weighs_subjects_alike() -> None:
    records = [choice(str(n), "anatomy") for n in range(3)] + [choice("x", "virology"), choice("y", "astronomy")]
    found = by_category(records, [1, 1, 0, 0, 1])["mmlu"]
    assert (found.count, found.subjects, found.subjects_known) == (5, 3, 57)
    assert found.accuracy == pytest.approx(3 / 5)
    assert found.naive_average == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert found.categories["other"].naive_average == pytest.approx(1 / 3)
    assert found.categories["stem"].count == 1
    assert found.by_subject["anatomy"].count == 3


def test_one_subjects_name_in_two_languages_is_of_two_benchmarks() -> None:
    records = [choice("1", "anatomy"), choice("2", "anatomy", "哪一个？"), choice("3", "chinese history", "哪一个？")]
    found = by_category(records, [1, 0, 1])
    assert {key: row.count for key, row in found.items()} == {"mmlu": 1, "cmmlu": 2}
    assert found["cmmlu"].categories["china-specific"].count == 1


def test_a_formula_in_a_chinese_file_is_of_that_file() -> None:
    texts = ["哪一个？", "多少？", "$x^2$"]
    records = [choice(str(n), "college chemistry", text, f"val/c.csv:{n}") for n, text in enumerate(texts)]
    assert by_category(records, [1, 1, 1])["ceval"].count == 3


def test_unknown_subjects_have_no_category() -> None:
    assert by_category([choice("1", "animals"), choice("2", "")], [1, 1]) == {}


@pytest.mark.parametrize(
    ("folder", "key", "subjects"), [("ceval/val", "ceval", 12), ("mmlu/test", "mmlu", 10), ("cmmlu/test", "cmmlu", 10)]
)
def test_real_files_are_told_by_their_subjects(shared_data: Path, folder: str, key: str, subjects: int) -> None:
    records = list(read_corpus(shared_data / folder))
    found = by_category(records, [1] * len(records))
    assert list(found) == [key]
    assert (found[key].count, found[key].subjects) == (len(records), subjects)


def results() -> dict[str, AccuracyEntry]:
    records = [choice("1", "anatomy"), choice("2", "virology"), choice("3", "animals")]
    return {
        "base": score(records, Predictions([("1", "A"), ("2", "The right option is A."), ("3", "B")])),
        "step_10": score(records, Predictions((name, "The right option is A.") for name in "123")),
    }


DESCRIBED = Asked(file="test.jsonl", sha256="abcdef0123", selection="all", count=3)


def test_the_table_has_opencompass_columns() -> None:
    table = rows(results(), DESCRIBED)
    assert list(table[0]) == ["dataset", "version", "metric", "mode", "base", "step_10"]
    held = {(row["dataset"], row["metric"]): row for row in table}
    assert held["test", "accuracy"] == {
        "dataset": "test",
        "version": "abcdef",
        "metric": "accuracy",
        "mode": "gen",
        "base": 33.33,
        "step_10": 100.0,
    }
    assert held["test", "letter"]["base"] == 66.67
    assert held["mmlu", "naive_average"]["base"] == 50.0
    assert held["mmlu-other", "naive_average"]["step_10"] == 100.0
    assert held["mmlu-anatomy", "accuracy"]["base"] == 0.0
    assert held["test-animals", "accuracy"]["step_10"] == 100.0
    assert ("test-anatomy", "accuracy") not in held


def test_every_format_says_the_same() -> None:
    table = rows(results(), DESCRIBED)
    assert json.loads(FORMATS["json"](table)) == table
    read = list(csv.reader(io.StringIO(FORMATS["csv"](table))))
    assert read[0] == list(table[0])
    assert [row[4] for row in read[1:]] == [f"{row['base']:.2f}" for row in table]
    markdown = FORMATS["markdown"](table).splitlines()
    assert markdown[0] == "| dataset | version | metric | mode | base | step_10 |"
    assert len(markdown) == len(table) + 2
    text = FORMATS["text"](table).splitlines()
    assert text[0].split() == list(table[0])
    assert len(text) == len(table) + 2


def test_the_command_reads_what_the_evaluation_wrote(tmp_path: Path) -> None:
    path = tmp_path / "accuracy.json"
    path.write_text(
        AccuracyResult(schema=1, data=DESCRIBED, checkpoints=results()).model_dump_json(by_alias=True), encoding="utf-8"
    )
    line = [sys.executable, str(ROOT / "eval_accuracy/table.py"), "--result", str(path)]
    done = subprocess.run([*line, "--format", "csv"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dataset,version,metric,mode,base,step_10\n")
    assert json.loads(subprocess.run([*line, "--json"], capture_output=True, text=True, check=True).stdout)
    path.write_text("{}", encoding="utf-8")
    refused = subprocess.run(line, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert str(path) in refused.stderr
