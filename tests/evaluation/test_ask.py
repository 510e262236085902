"""`evaluation/ask.py`: questions go to a model, answers to a predictions file, and nobody judges them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.text.records import Record, write_records
from tests.inference.test_http import asked, serving

ROOT = Path(__file__).resolve().parents[2]


def ask(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "evaluation/ask.py"), *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KIT_LOGS", str(tmp_path / "logs"))
    write_records(tmp_path / "q.jsonl", [Record(f"q{number}", "math", f"{number} + 1 = ?", "x") for number in range(3)])
    return tmp_path / "q.jsonl"


def test_answers_are_kept_and_asked_for_once(tmp_path: Path, data: Path) -> None:
    with serving() as url:
        words = ["--server", url, "--model", "m", "--contest", "practice_math", "--data", data, "--set", "prompt=bare"]
        (first,) = json.loads(ask(*words, "--json").stdout)
        shown = ask(*words).stdout
        assert sum(asked(url)["seen"].values()) == 3
    path = tmp_path / "logs" / "served" / "practice_math" / first["predictions"]
    assert (first["name"], first["questions"]) == ("m", 3)
    assert shown == f"m: {path}\n"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert {row["id"]: row["text"] for row in rows} == {f"q{number}": f"<{number} + 1 = ?>" for number in range(3)}
    # What was kept is what the evaluator judges.
    line = [sys.executable, str(ROOT / "eval_accuracy/run.py"), "--predictions", str(path), "--data", str(data)]
    assert subprocess.run(line, capture_output=True, check=False, timeout=60).returncode == 0


def test_a_dry_run_and_a_limit(data: Path) -> None:
    words = ["--server", "http://127.0.0.1:9", "--model", "m", "--contest", "practice_math", "--data", data]
    assert "questions: 2\n" in ask(*words, "--dry-run", "--limit", "2").stdout


def test_questions_of_two_evaluations_are_not_mixed(tmp_path: Path, data: Path) -> None:
    reading = Record("r", "squad", "Who?", "Ann", "", {"context": "Ann reads.", "answers": ["Ann"]})
    write_records(data, [Record("q", "math", "1 + 1 = ?", "2"), reading])
    words = ["--server", "http://127.0.0.1:9", "--model", "m", "--contest", "practice_math", "--data", data]
    assert "one file at a time" in ask(*words, code=2).stderr
