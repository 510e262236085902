from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.config import dump, load_contest
from core.errors import GateError
from core.text.records import write_records
from data_convert.readers.squad_questions import read_questions
from eval_squad import run as squad_command
from evaluation.command_line.checkpoints import Checkpoint

# Each of them starts commands as a user does; in `fast`, test_squad_scoring.py tries what they compute.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def command(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "eval_squad/run.py"), *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    qas = [{"id": "a", "question": "Who?", "answers": [{"text": "Denver Broncos", "answer_start": 0}]}]
    data = tmp_path / "dev.json"
    data.write_text(json.dumps({"data": [{"paragraphs": [{"context": "c", "qas": qas}]}]}), encoding="utf-8")
    predictions = tmp_path / "p.json"
    predictions.write_text(json.dumps({"a": "The Denver Broncos"}), encoding="utf-8")
    return predictions, data


def test_json_is_all_that_stands_on_standard_output(files: tuple[Path, Path]) -> None:
    predictions, data = files
    result: dict[str, Any] = json.loads(command("--predictions", predictions, "--data", data, "--json").stdout)
    assert result["count"] == 1
    assert (result["contest"]["f1"], result["contest"]["em"]) == (pytest.approx(75.0), 0.0)
    assert (result["official"]["f1"], result["official"]["em"]) == (100.0, 100.0)
    assert result["gate"] is None


def test_a_base_that_lacks_answers_does_not_lower_the_gate_unseen(files: tuple[Path, Path], tmp_path: Path) -> None:
    predictions, data = files
    held = json.loads(data.read_text(encoding="utf-8"))
    held["data"][0]["paragraphs"].append(
        {"context": "d", "qas": [{"id": "b", "question": "Who?", "answers": [{"text": "it", "answer_start": 0}]}]}
    )
    data.write_text(json.dumps(held), encoding="utf-8")
    words = ["--predictions", predictions, "--data", data, "--require-gate", "--base-predictions"]
    base = tmp_path / "base.json"
    base.write_text('{"b": "it"}', encoding="utf-8")
    assert "base.json lacks 1 of 2 questions, which lowers the gate" in command(*words, base, code=3).stderr
    base.write_text('{"z": "it"}', encoding="utf-8")
    assert "base.json: answers none of the questions" in command(*words, base, code=2).stderr


def test_the_table_tells_of_ids_and_of_questions_without_an_answer(files: tuple[Path, Path]) -> None:
    predictions, data = files
    held = json.loads(data.read_text(encoding="utf-8"))
    held["data"][0]["paragraphs"][0]["qas"].append(
        {"id": "b", "question": "Why?", "answers": [], "is_impossible": True}
    )
    data.write_text(json.dumps(held), encoding="utf-8")
    predictions.write_text('{"a": "?", "a": "Denver Broncos", "b": "so", "c": ""}', encoding="utf-8")
    said = command("--predictions", predictions, "--data", data, "--selection", "all").stdout
    assert "predictions: 1 predictions for questions that are not asked, 1 repeated ids" in said
    assert "has answer: F1 100.000, EM 100.000 of 1; no answer: F1 0.000, EM 0.000 of 1" in said
    predictions.write_text('{"c": ""}', encoding="utf-8")
    assert "answers none of the questions" in command("--predictions", predictions, "--data", data, code=2).stderr


def test_the_gate_decides_the_exit_code_only_when_asked(files: tuple[Path, Path]) -> None:
    predictions, data = files
    words = ["--predictions", predictions, "--data", data, "--contest", "math_llama3", "--json"]
    assert json.loads(command(*words).stdout)["gate"]["required_em"] == pytest.approx(39.75326560232221)
    refused = command(*words, "--require-gate", code=3)
    assert json.loads(refused.stdout)["gate"]["passed"] is False
    assert refused.stderr.count("\n") == 1
    words = ["--predictions", predictions, "--data", data, "--base-f1", 80, "--base-em", 0, "--require-gate"]
    assert "passed" in command(*words).stdout
    command("--predictions", predictions, "--data", data, "--require-gate", code=3)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"a": 1}', '{"id": "a"}\n{'])
def test_wrong_predictions_are_one_sentence_and_code_2(files: tuple[Path, Path], text: str) -> None:
    predictions, data = files
    predictions.write_text(text, encoding="utf-8")
    done = command("--predictions", predictions, "--data", data, code=2)
    assert str(predictions) in done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_the_command_starts_without_mindspore() -> None:
    command("--help")
    probe = "import sys, eval_squad.run; print([m for m in ('mindspore', 'jieba', 'mindformers') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_module_and_script_are_the_same(files: tuple[Path, Path]) -> None:
    predictions, data = files
    words = ["--predictions", str(predictions), "--data", str(data), "--json"]
    line = [sys.executable, "-m", "eval_squad", *words]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == command(*words).stdout


def test_checkpoints_of_a_run_are_held_against_its_base(
    files: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model's part is played by prediction files: what is tested is what the command makes of them."""
    _, data = files
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.yaml").write_text(dump(load_contest("practice_math")), encoding="utf-8")
    texts = {"base": "Denver Broncos", "step_10": "Denver Broncos.", "step_20": "no idea"}

    def scripted(words: list[str], *_: object) -> Iterator[tuple[Checkpoint, Path]]:
        for name in words:
            path = run / "predictions" / f"squad_{name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"a": texts[name]}), encoding="utf-8")
            yield Checkpoint(name, path), path

    monkeypatch.setattr("evaluation.asking.predictor.predict_all", scripted)
    (run / "data").mkdir()
    write_records(run / "data" / "squad.jsonl", read_questions(data)[0])
    words = ["--run", str(run), "--json", "--ckpt"]
    assert squad_command.main([*words, "base", "step_10"]) == 0
    with pytest.raises(GateError, match="step_20"):
        squad_command.main([*words, "step_20", "--require-gate"])
    capsys.readouterr()
    held = json.loads((run / "results/squad.json").read_text(encoding="utf-8"))
    assert held["data"]["count"] == 1
    gates = {name: (row["gate"]["passed"], row["gate"]["reference"]) for name, row in held["checkpoints"].items()}
    # "Denver Broncos." is no exact match for the contest: EM 0 is below 90 % of the base's 100.
    assert gates == {"base": (True, "base"), "step_10": (False, "base"), "step_20": (False, "base")}
    assert held["checkpoints"]["step_10"]["gate"]["required_em"] == pytest.approx(90)
    assert held["checkpoints"]["step_10"]["predictions"] == "predictions/squad_step_10.json"
