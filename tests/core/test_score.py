from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.config import load_contest
from core.errors import InputError
from core.score import formula, low_parameter_score, rank
from eval_accuracy.score import score_under

ROOT = Path(__file__).resolve().parents[2]


def command(*words: object, code: int = 0) -> str:
    line = [sys.executable, str(ROOT / "eval_accuracy/score.py"), *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_every_row_of_the_published_ranking(shared_data: Path) -> None:
    rules = load_contest("math_llama3").rules
    rows = json.loads((shared_data / "contest/leaderboard_stage1.json").read_text(encoding="utf-8"))
    assert len(rows) == 20
    for row in rows:
        accuracy, ratio = float(row["accuracy"].rstrip("%")) / 100, float(row["low_param_ratio"])
        result = score_under(rules, accuracy, ratio)
        assert result["score"] == pytest.approx(float(row["final_score"]), abs=1e-9), row["team"]
        assert result["rank"] == row["rank"], row["team"]


@pytest.mark.parametrize(
    ("accuracy", "ratio", "score"),
    [
        (0.9683, 4194304 / 7321e6, 0.976091),
        (0.9776, 134217728 / 7321e6, 0.929320),
        (0.9806, 67108864 / 7321e6, 0.958920),
        (0.9742, 33554432 / 7321e6, 0.968190),
    ],
)
def test_stage_two_multiplies_the_ratio_by_ten(accuracy: float, ratio: float, score: float) -> None:
    assert low_parameter_score(accuracy, ratio, ratio_factor=10) == pytest.approx(score, abs=1e-6)
    assert score_under(load_contest("choice_internlm").rules, accuracy, ratio)["rank"] is None


@pytest.mark.parametrize("value", [-0.01, 1.01, 71.61, math.nan, math.inf])
def test_percent_and_nonsense_are_refused(value: float) -> None:
    with pytest.raises(InputError, match="accuracy"):
        low_parameter_score(value, 0.1)
    with pytest.raises(InputError, match="ratio"):
        low_parameter_score(0.1, value)


def test_rank_counts_what_is_strictly_greater() -> None:
    assert [rank(value, [0.8, 0.7, 0.7, 0.6]) for value in (0.9, 0.8, 0.7, 0.65, 0.1)] == [1, 1, 2, 4, 5]


def test_the_formula_as_text() -> None:
    assert formula() == "(1 - 1*r)*0.3 + accuracy*0.7"
    assert formula(ratio_factor=10) == "(1 - 10*r)*0.3 + accuracy*0.7"


def test_the_command_prints_a_sentence_or_json() -> None:
    words = ["--contest", "math_llama3", "--accuracy", 0.7161, "--ratio", 0.00679028]
    result: dict[str, Any] = json.loads(command(*words, "--json"))
    assert result["score"] == pytest.approx(0.799232916, abs=1e-12)
    assert (result["contest"], result["accuracy"], result["ratio"], result["rank"]) == (
        "math_llama3",
        0.7161,
        0.00679028,
        1,
    )
    assert len(result["published"]) == 20
    said = command(*words).splitlines()
    assert said[0] == "score 0.799233 = (1 - 1*r)*0.3 + accuracy*0.7"
    assert said[2] == "it would have been number 1 beside 20 published scores"
    assert "71.61" in command("--contest", "math_llama3", "--accuracy", 71.61, "--ratio", 0, code=2)
    assert "no_such" in command("--contest", "no_such", "--accuracy", 0.5, "--ratio", 0, code=2)
