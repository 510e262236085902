from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import dump, load_contest
from core.result_parts import Answered, Asked
from core.results import update_results
from core.text.records import Record, write_records
from eval_suite.paired.comparison import Side, compare
from evaluation.figures.statistics import mcnemar

# Most of them start the command as a user does.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def command(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "eval_suite/compare.py"), *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stderr
    return done


def side(*marks: float) -> Side:
    return Side(
        np.array(marks, dtype=float)[:, None],
        [str(mark) for mark in marks],
        np.ones(len(marks)),
        np.ones(len(marks), bool),
    )


def compared(a: Side, b: Side, kinds: str = "") -> dict[str, Any]:
    questions = [(str(n), (kinds or "x" * len(a.said))[n], "right") for n in range(len(a.said))]
    return compare(questions, ["exact"], 0, (a, b))


def test_the_fourfold_table_and_its_test() -> None:
    a, b = side(1, 1, 1, 0, 0, 0, 0, 0), side(1, 0, 1, 1, 1, 1, 0, 1)
    row = compared(a, b)["figures"]["exact"]
    assert (row["both"], row["only_a"], row["only_b"], row["neither"]) == (2, 1, 4, 1)
    assert row["mcnemar_p"] == mcnemar(4, 1) == pytest.approx(0.375)
    assert (row["a"], row["b"], row["difference"]) == (3 / 8, 6 / 8, 3 / 8)


def test_the_questions_that_changed_are_listed_both_ways() -> None:
    result = compared(side(1, 0, 0, 1), side(0, 1, 0, 1), "ppqq")
    assert [row["id"] for row in result["gained"]] == ["1"]
    assert result["lost"] == [{"id": "0", "type": "p", "a": "1", "b": "0", "reference": "right", "scores": [1.0, 0.0]}]
    assert result["by_type"]["p"] == {"count": 2, "a": 0.5, "b": 0.5, "difference": 0.0, "gained": 1, "lost": 1}
    assert result["by_type"]["q"]["gained"] == 0


def test_pairing_sees_what_two_intervals_do_not() -> None:
    """Five points more, always on the same questions: the intervals overlap, the difference is sure."""
    base = np.repeat([1.0, 0.0], [200, 200])
    better = np.repeat([1.0, 0.0], [220, 180])
    low, high = compared(side(*base), side(*better))["figures"]["exact"]["interval"]
    assert 0.02 < low < 0.05 < high < 0.08


def test_scores_have_no_fourfold_table() -> None:
    row = compared(side(0.2, 0.9), side(0.4, 0.8))["figures"]["exact"]
    assert row["mcnemar_p"] is None
    assert row["difference"] == pytest.approx(0.05)


def test_the_larger_change_comes_first() -> None:
    result = compared(side(0.2, 0.1, 0.9), side(0.4, 0.8, 0.1))
    assert [row["id"] for row in result["gained"]] == ["1", "0"]
    assert [row["id"] for row in result["lost"]] == ["2"]


PROBLEMS = [Record(str(n), "math", f"计算 {n} + 1 等于多少？", f"{n} + 1 = {n + 1}") for n in range(60)]


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    data = tmp_path / "test.jsonl"
    write_records(data, PROBLEMS)
    paths = []
    for name, wrong in (("a", range(0, 60, 3)), ("b", range(0, 60, 5))):
        path = tmp_path / f"{name}.json"
        texts = {str(n): "0" if n in wrong else str(n + 1) for n in range(59)}
        path.write_text(json.dumps(texts), encoding="utf-8")
        paths.append(path)
    return data, paths[0], paths[1]


def test_two_files_from_end_to_end(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    data, a, b = files
    words = [a, b, "--data", data, "--contest", "math_llama3"]
    result = json.loads(command(*words, "--json").stdout)
    row = result["figures"]["rounded"]
    assert result["headline"] == "rounded"
    assert (row["only_a"], row["only_b"]) == (8, 16)
    assert result["a"]["missing"] == result["b"]["missing"] == 1
    assert len(result["gained"]) == 16
    assert result["gained"][0] == {
        "id": "3",
        "type": "add",
        "a": "0",
        "b": "4",
        "reference": "4",
        "scores": [0.0, 1.0],
    }
    text = command(*words, "--show", 2).stdout
    assert "gained by B: 16, the first 2:" in text
    assert "McNemar" in text
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"zzz": "1"}), encoding="utf-8")
    assert "answers none of the questions" in command(a, other, "--data", data, code=2).stderr
    assert "no-such.json: cannot be read" in command(a, "no-such.json", "--data", data, code=2).stderr


def test_questions_that_one_side_does_not_answer_are_told_of(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    data, a, b = files
    held = json.loads(b.read_text(encoding="utf-8"))
    part = tmp_path / "part.json"
    part.write_text(json.dumps(dict(list(held.items())[:9])), encoding="utf-8")
    words = ["--data", data, "--contest", "math_llama3"]
    assert json.loads(command(a, b, *words, "--json").stdout)["common"] is None
    common = json.loads(command(a, part, *words, "--json").stdout)["common"]
    right = [json.loads(command(path, path, *words, "--json").stdout)["figures"]["rounded"] for path in (b, part)]
    assert common["count"] == 9
    assert common["b"] == pytest.approx(right[1]["both"] / 9)
    assert right[1]["both"] < right[0]["both"]
    said = command(a, part, *words).stdout
    assert "of the 9 that both answer" in said
    assert "do not answer the same questions" in said


def test_two_checkpoints_of_a_run(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    data, *paths = files
    run = tmp_path / "run"
    (run / "data").mkdir(parents=True)
    (run / "run.yaml").write_text(dump(load_contest("practice_math")), encoding="utf-8")
    data.rename(run / "data" / "test.jsonl")
    for name, path in zip(("base", "step_10"), paths, strict=True):
        held = run / "predictions" / f"accuracy_{name}.json"
        held.parent.mkdir(exist_ok=True)
        path.rename(held)
        described = Asked(file="test.jsonl", sha256="0", selection="all", count=60)
        entry = Answered(predictions=f"predictions/{held.name}")
        update_results(run / "results/accuracy.json", name, entry, described)
    result = json.loads(command("base", "step_10", "--run", run, "--json").stdout)
    assert (result["a"]["name"], result["b"]["predictions"]) == ("base", "predictions/accuracy_step_10.json")
    assert result["figures"][result["headline"]]["only_b"] == 16
    assert "step_99" in command("base", "step_99", "--run", run, code=2).stderr
    limited = dump(load_contest("practice_math", ["data.limit=10"]))
    (run / "run.yaml").write_text(limited, encoding="utf-8")
    assert json.loads(command("base", "step_10", "--run", run, "--json").stdout)["count"] == 10


def test_retention_of_two_real_systems(shared_data: Path) -> None:
    folder = shared_data / "squad"
    files = [folder / f"predictions/{name}.json" for name in ("BERT", "Match-LSTM_with_Ans-Ptr")]
    result = json.loads(command(*files, "--data", folder / "dev-v1.1.json", "--squad", "--json").stdout)
    row = result["figures"]["contest em"]
    assert (result["count"], row["only_a"], row["only_b"]) == (2067, 330, 102)
    assert row["mcnemar_p"] < 1e-20
    low, high = row["interval"]
    assert low < row["difference"] < high < 0
    assert result["figures"]["contest f1"]["mcnemar_p"] is None
    assert len(result["lost"]) == 330
