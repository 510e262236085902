from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.text.records import Record, write_records
from eval_accuracy.scoring.accuracy import score
from eval_accuracy.scoring.questions import read_questions

ROOT = Path(__file__).resolve().parents[2]


def command(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "eval_accuracy/run.py"), *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stderr
    return done


def written(path: Path, value: Any, lines: bool = False) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in value) if lines else json.dumps(value)
    path.write_text(text, encoding="utf-8")
    return path


PROBLEMS = [
    {"problem": "计算 3 + 4 等于多少？", "solution": "3 + 4 = 7"},
    {"problem": "计算 4.00 的平方根？", "solution": "√4.00 = 2"},
    {"problem": "计算 1 / 3 等于多少？", "solution": "1 / 3 = 0.3333333333333333333333333333"},
]


def test_problem_lines_have_their_line_number_as_id(tmp_path: Path) -> None:
    data = written(tmp_path / "train.json", PROBLEMS, lines=True)
    assert [(record.id, record.task) for record in read_questions(data)] == [
        ("0", "math"),
        ("1", "math"),
        ("2", "math"),
    ]
    predictions = written(tmp_path / "p.json", {"0": "3 + 4 = 7", "2": "0.33", "9": "1"})
    words = ["--predictions", predictions, "--data", data, "--json"]
    result = json.loads(command(*words, "--contest", "math_llama3").stdout)
    assert (result["count"], result["correct"], result["missing"], result["unknown"]) == (3, 2, 1, 1)
    assert result["accuracy"] == pytest.approx(2 / 3)
    assert result["rule"] == "rounded"
    shares = {"exact": 1 / 3, "rounded": 2 / 3, "absolute": 2 / 3, "relative": 1 / 3}
    assert {name: result["rules"][name] for name in shares} == pytest.approx(shares)
    root = result["by_type"]["sqrt"]
    assert (root["count"], root["correct"], root["accuracy"]) == (1, 0, 0.0)
    assert json.loads(command(*words).stdout)["rule"] == "exact"


def test_an_alpaca_array_has_its_index_as_id_and_subjects(tmp_path: Path) -> None:
    rows = [
        {
            "instruction": f"Here is a question about {subject}, the correct answer is one of the options A/B/C/D.",
            "input": "Question: q \nA.a\nB.b\nC.c\nD.d",
            "output": f"The right option is {letter}.",
        }
        for subject, letter in (("arts", "A"), ("law", "B"), ("law", "C"))
    ]
    data = written(tmp_path / "choice.json", rows)
    predictions = written(tmp_path / "p.json", {"0": "The right option is A.", "1": "B", "2": "?"})
    verdicts = tmp_path / "verdicts.jsonl"
    words = ["--predictions", predictions, "--data", data, "--contest", "choice_internlm", "--verdicts", verdicts]
    result = json.loads(command(*words, "--json").stdout)
    assert (result["rule"], result["correct"], result["unparsable"]) == ("phrase", 1, 1)
    assert result["rules"] == pytest.approx({"phrase": 1 / 3, "letter": 2 / 3})
    assert {name: row["count"] for name, row in result["by_type"].items()} == {"arts": 1, "law": 2}
    rows = [json.loads(line) for line in verdicts.read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["marker"]) for row in rows] == [("0", "phrase"), ("1", "bare letter"), ("2", "")]


def test_records_keep_their_ids(tmp_path: Path) -> None:
    data = tmp_path / "test.jsonl"
    write_records(data, [Record("math-1", "math", "计算 3 + 4 等于多少？", "3 + 4 = 7", meta={"type": "add"})])
    assert score(read_questions(data), {"math-1": "7"}).accuracy == 1


def test_no_prediction_is_wrong_and_counted_apart() -> None:
    records = [Record(str(n), "math", "计算 3 + 4 等于多少？", "3 + 4 = 7") for n in range(4)]
    result = score(records, {"0": "7", "1": "", "2": "x"})
    assert (result.missing, result.empty, result.unparsable, result.correct) == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "no"),
        ('{"problem": "x"}\n', ":1: field 'solution'"),
        ('{"problem": "x", "solution": "1"}\n{"problem": 1}\n', ":2: field 'problem'"),
        ('{"problem": "x", "solution": "1"}\n{"prob', ":2: malformed"),
        ('{"a": 1}', "neither problem/solution"),
        (
            '[{"instruction": "i", "input": "q \\nA.1\\nB.2\\nC.3\\nD.4", "output": "perhaps"}]',
            ":1 (record 0): reference 'perhaps'",
        ),
        ("[3]", "record 0"),
        ("[]", "no record"),
        ('{"id": "1", "task": "squad", "question": "q", "answer": "a"}', "of task squad"),
    ],
)
def test_malformed_questions_name_file_and_place(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "data.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_questions(path)
    assert place in str(caught.value) or not text
    assert str(path) in str(caught.value)


def test_the_command_starts_without_mindspore() -> None:
    assert "line's number from 0" in command("--help").stdout
    probe = "import sys, eval_accuracy.run; print([m for m in ('mindspore', 'jieba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_contest_sample_is_all_right_with_its_own_solutions(shared_data: Path, tmp_path: Path) -> None:
    data = shared_data / "contest/math_sample.jsonl"
    solutions = {record.id: record.answer for record in read_questions(data)}
    predictions = written(tmp_path / "p.json", solutions)
    result = json.loads(command("--predictions", predictions, "--data", data, "--json").stdout)
    assert (result["count"], result["correct"]) == (996, 996)
    table = command("--predictions", predictions, "--data", data).stdout
    assert "996 of 996" in table
