"""The command that cleans a corpus: every record accounted for, planted faults found, the rest written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import run_command
from core.text.records import read_records
from data_convert import clean

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = [
    "Ann walks from her house to the old harbour in 20 minutes and back in 25 minutes, how long is she on the way?",
    "Let $x$ be a real number with $x + 5 = 12$ and $y$ a real number with $y - 3 = 4$. Find $x + y$.",
    "How many of the first 100 positive whole numbers are divisible by 3 but by neither 2 nor 5?",
]


def _write(path: Path, pairs: list[tuple[str, str]]) -> Path:
    lines = (json.dumps({"problem": question, "solution": answer}, ensure_ascii=False) for question, answer in pairs)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _corpus(path: Path) -> Path:
    sums = [(f"计算 {n} + 1 等于多少？", f"{n} + 1 = {n + 1}") for n in range(20)]
    english = [(text, r"\boxed{1}") for text in ENGLISH]
    planted = [
        sums[3],
        ("计算 4+1 等于多少?", "4 + 1 = 5"),
        ("计算 5 + 1 等于多少？", "5 + 1 = 7"),
        (ENGLISH[0].replace("long", "much time"), r"\boxed{1}"),
        (ENGLISH[0].replace("20", "30"), r"\boxed{1}"),
    ]
    return _write(path, sums + english + planted)


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run_command(clean.main, [*arguments, "--json"]) == 0
    report: dict[str, Any] = json.loads(capsys.readouterr().out)
    parts = ("exact_duplicates", "normalised_duplicates", "asked", "overlapping", "near_duplicates", "left_out", "kept")
    assert report["records"] == sum(report[part] for part in parts)
    return report


def test_planted_faults_are_found_and_the_rest_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = _corpus(tmp_path / "train.json")
    leaks = _write(tmp_path / "test.json", [("计算 7+1 等于多少?", "8"), (f"Find out. {ENGLISH[2]}", "27")])
    out = tmp_path / "new" / "clean.jsonl"
    report = _run(capsys, str(corpus), "--against", str(leaks), "--near", "0.7", "--out", str(out))
    counts = {key: value for key, value in report.items() if isinstance(value, int)}
    assert counts == {
        "schema": 1,
        "unreadable": 0,
        "unlearned": 0,
        "records": 28,
        "exact_duplicates": 1,
        "normalised_duplicates": 1,
        "asked": 1,
        "overlapping": 1,
        "near_duplicates": 1,
        "left_out": 0,
        "kept": 23,
        "repeats": 0,
    }
    assert report["against"] == {str(leaks): {"same_question": 1, "shared_words": 1}}
    assert report["examples"] == [
        {
            "where": f"{corpus}:23",
            "file": str(leaks),
            "shared": "how many of the first 100 positive whole numbers are divisible by 3",
        }
    ]
    assert report["conflicts"] == {
        "questions": 1,
        "records": 2,
        "examples": [
            {
                "question": "计算 5 + 1 等于多少？",
                "answers": [
                    {"where": f"{corpus}:6", "answer": "5 + 1 = 6"},
                    {"where": f"{corpus}:26", "answer": "5 + 1 = 7"},
                ],
            }
        ],
    }
    assert report["labels"]["add"] == {"records": 23, "kept": 20, "repeats": 0}
    records = read_records(out)
    assert [int(record.id) for record in records] == [n for n in range(28) if n not in (7, 22, 23, 24, 26)]
    assert records[-1].question == ENGLISH[0].replace("20", "30")
    assert not list(tmp_path.glob(".clean-*"))


def test_quotas_sample_and_repeat_with_ids_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = _corpus(tmp_path / "train.json")
    arguments = [str(corpus), "--quota", "add=5", "--quota", "*=13", "--out", str(tmp_path / "sample.jsonl")]
    report = _run(capsys, *arguments, "--processes", "1")
    assert (report["kept"], report["repeats"]) == (5 + 5, 8)
    assert report["labels"]["english"] == {"records": 5, "kept": 5, "repeats": 8}
    written = (tmp_path / "sample.jsonl").read_bytes()
    records = read_records(tmp_path / "sample.jsonl")
    assert len(records) == 18
    assert sorted(record.id for record in records if record.question == ENGLISH[0])[:2] == ["20", "20#2"]
    # Neither the number of processes nor a second run changes anything; another seed does.
    _run(capsys, *arguments, "--processes", "2")
    assert (tmp_path / "sample.jsonl").read_bytes() == written
    _run(capsys, *arguments, "--seed", "2")
    assert (tmp_path / "sample.jsonl").read_bytes() != written


def test_a_question_about_another_passage_is_no_near_duplicate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [
        ("Who was king then?", "On France."),
        ("Who was the king then?", "On France."),
        ("Who was king then?", "On Spain."),
    ]
    paragraphs = [
        {"context": passage, "qas": [{"id": str(n), "question": text, "answers": [{"text": "On", "answer_start": 0}]}]}
        for n, (text, passage) in enumerate(asked)
    ]
    corpus = tmp_path / "squad.json"
    corpus.write_text(json.dumps({"data": [{"title": "t", "paragraphs": paragraphs}]}), encoding="utf-8")
    report = _run(capsys, str(corpus), "--near", "0.5", "--out", str(tmp_path / "out.jsonl"))
    assert report["near_duplicates"] == 1
    assert [record.id for record in read_records(tmp_path / "out.jsonl")] == ["0", "2"]


def test_the_table_names_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = _corpus(tmp_path / "train.json")
    assert run_command(clean.main, [str(corpus), "--total", "9"]) == 0
    lines = capsys.readouterr().out.splitlines()
    words = [line.split() for line in lines]
    assert ["-", "exact", "duplicates", "1"] in words
    assert ["=", "kept", "9"] in words
    assert any("计算 5 + 1 等于多少？" in line and "5 + 1 = 7" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["absent.json"], "absent.json"),
        (["train.json", "--against", "absent.json"], "absent.json"),
        (["train.json", "--quota", "ad=5"], "did you mean 'add'"),
        (["train.json", "--quota", "add"], "LABEL=NUMBER"),
        (["train.json", "--near", "80"], "Jaccard"),
        (["train.json", "--words", "1"], "--words 1"),
        (["train.json", "--total", "5", "--quota", "*=2"], "'*'"),
        (["train.json", "--against", "./out.jsonl"], "would be overwritten"),
        (["train.json", "--against", "train.json"], "no record of it is left"),
        (["broken.json"], "broken.json:2"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_the_output_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    part: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    _corpus(Path("train.json"))
    Path("broken.json").write_text(json.dumps({"problem": "1", "solution": "1"}) + '\n{"problem": \n', encoding="utf-8")
    Path("out.jsonl").write_text("kept\n", encoding="utf-8")
    assert run_command(clean.main, [*arguments, "--out", "out.jsonl"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: ")
    assert part in error
    assert Path("out.jsonl").read_text(encoding="utf-8") == "kept\n"


def test_what_is_no_place_for_a_file_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = _corpus(tmp_path / "train.json")
    (tmp_path / "left").symlink_to("right")
    (tmp_path / "right").symlink_to("left")
    for out, reason in (
        (tmp_path, f"{tmp_path}: a folder; give the name of a file to write"),
        (corpus / "out.jsonl", f"{corpus}: File exists"),
        (tmp_path / "left" / "out.jsonl", f"{tmp_path}/left: File exists"),
    ):
        assert run_command(clean.main, [str(corpus), "--out", str(out)]) == 2
        assert capsys.readouterr().err.splitlines()[-1] == f"error: {reason}"


def test_unreadable_records_are_passed_over_up_to_a_bound(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = _corpus(tmp_path / "train.json")
    lines = corpus.read_text(encoding="utf-8").splitlines()
    corpus.write_text("\n".join(['{"problem": ', *lines, "7", "null"]), encoding="utf-8")
    report = _run(capsys, str(corpus), "--max-bad", "3")
    assert report["records"] == 28
    assert [place.partition(": ")[0] for place in report["bad"]] == [f"{corpus}:{line}" for line in (1, 30, 31)]
    assert run_command(clean.main, [str(corpus), "--max-bad", "2"]) == 2
    assert re.search(rf"{corpus}:31: .*; --max-bad N skips up to N", capsys.readouterr().err)


def test_the_example_of_the_help_works_as_a_script(tmp_path: Path) -> None:
    _corpus(tmp_path / "train.json")
    done = subprocess.run(
        [sys.executable, str(ROOT / "data_convert" / "clean.py"), "train.json", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["records"] == 28


def test_leaked_questions_of_the_contest_are_found(shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sample = shared_data / "contest" / "choice_sample.json"
    report = _run(capsys, str(sample), "--against", str(shared_data / "cmmlu" / "test"))
    # The organiser's corpus holds questions of CMMLU's test folders; 59 of this sample's are in these ten subjects.
    assert report["against"][str(shared_data / "cmmlu" / "test")]["same_question"] == 59
    assert report["asked"] == 59
