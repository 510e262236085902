"""What parameters cost before training, and what choosing the best of five adds to its accuracy."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.config import dump, load_contest
from core.files import write_json
from core.result_parts import Asked
from core.results import update_results
from core.run_folder import RunFolder
from core.text.records import Record, write_records
from eval_accuracy.contest_score.best_of import optimism
from eval_accuracy.contest_score.what_if import what_if
from eval_accuracy.score import score_run
from eval_accuracy.scoring.accuracy import score
from eval_accuracy.scoring.questions import read_questions
from eval_squad.retention.gate import Gate
from eval_squad.retention.scoring import score as retained
from evaluation.answers.predictions import read_predictions

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("contest", "targets", "rank", "trainable", "lost", "needed"),
    [
        # The exchange rates of both stages, computed by hand from the published structures.
        ("math_llama3", "wq,wv", 1, 425_984, 0.00002, 0.00002),
        ("math_llama3", "wq,wv", 8, 3_407_872, 0.00013, 0.00018),
        ("math_llama3", "wq,wk,wv,wo", 64, 54_525_952, 0.0020, 0.0029),
        ("math_llama3", "wq,wk,wv,wo,w1,w2,w3", 8, 20_971_520, 0.0008, 0.0011),
        ("choice_internlm", "wq,wk,wv,wo", 4, 4_194_304, 0.0017, 0.0025),
        ("choice_internlm", "wq,wk,wv,wo,w1,w2,w3", 8, 19_988_480, 0.0082, 0.0117),
        ("choice_internlm", "wq,wk,wv,wo", 64, 67_108_864, 0.0275, 0.039),
        ("choice_internlm", "wq,wk,wv,wo", 128, 134_217_728, 0.055, 0.079),
    ],
)
def test_what_parameters_cost(
    contest: str, targets: str, rank: int, trainable: int, lost: float, needed: float
) -> None:
    config = load_contest(contest)
    rows = {(row["targets"], row["rank"]): row for row in what_if(config.model, config.method, config.rules)}
    row = rows[targets, rank]
    assert row["trainable"] == trainable
    assert row["points_lost"] == pytest.approx(lost, rel=0.06, abs=5e-6)
    assert row["accuracy_needed"] == pytest.approx(needed, rel=0.06, abs=5e-6)


def test_the_contests_own_method_comes_first_and_is_what_others_are_held_against() -> None:
    config = load_contest("math_llama3")
    rows = what_if(config.model, config.method, config.rules, accuracy=0.64)
    assert (rows[0]["targets"], rows[0]["rank"], rows[0]["accuracy_beside_own"]) == ("lora_qv", 8, 0.0)
    # The team that came third: 64.00 % with this very method.
    assert rows[0]["place"] == 3
    assert rows[0]["score"] == pytest.approx(0.747872682, abs=1e-6)
    for row in rows:
        assert row["score"] + row["points_lost"] == pytest.approx(rows[0]["score"] + rows[0]["points_lost"])


def test_the_command_prints_a_table_or_json() -> None:
    line = [sys.executable, str(ROOT / "eval_accuracy/score.py"), "--contest", "math_llama3", "--what-if"]
    text = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert "3,407,872" in text
    assert "0.0424%" in text
    held = json.loads(subprocess.run([*line, "--json"], capture_output=True, text=True, check=True).stdout)
    assert len(held["rows"]) == 25
    refused = subprocess.run([*line, "--ratio", "0.1"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "--what-if goes with" in refused.stderr


def test_the_best_of_equals_owes_its_lead_to_chance() -> None:
    """Five independent checkpoints, all right in half of 400 cases: the best is expected 1.163 deviations too high."""
    rng = np.random.default_rng(1)
    right = (rng.random((400, 5)) < 0.5).astype(float)
    # The same questions in turn, so that all five are equally good on them.
    right = np.concatenate([np.roll(right, turn, axis=1) for turn in range(5)])
    found = optimism([f"step_{n}" for n in range(5)], right)
    expected = 1.163 * math.sqrt(0.25 / 2000)
    assert found["optimism"] == pytest.approx(expected, rel=0.1)
    assert found["optimism_of_equals"] == pytest.approx(found["optimism"])
    assert found["expected"] == pytest.approx(found["accuracy"] - found["optimism"])
    assert all(0.1 < share < 0.3 for share in found["chosen"].values())


def test_a_clear_winner_owes_nothing_to_the_choice() -> None:
    rng = np.random.default_rng(1)
    right = (rng.random((500, 3)) < np.array([0.3, 0.3, 0.7])).astype(float)
    found = optimism(["a", "b", "c"], right)
    assert found["chosen"]["c"] == 1.0
    assert abs(found["optimism"]) < 0.002
    assert found["optimism_of_equals"] > 0.01


def test_checkpoints_that_answer_alike_leave_nothing_to_choose() -> None:
    same = np.repeat((np.arange(300) % 2)[:, None], 5, axis=1).astype(float)
    found = optimism(list("abcde"), same)
    assert found["optimism"] == pytest.approx(0, abs=0.002)
    assert found["optimism_of_equals"] == pytest.approx(0, abs=0.002)


def test_a_run_states_how_optimistic_its_best_checkpoint_is(tmp_path: Path) -> None:
    (tmp_path / "run.yaml").write_text(dump(load_contest("practice_math")), encoding="utf-8")
    run = RunFolder(tmp_path)
    data = run.data / "test.jsonl"
    write_records(data, (Record(str(n), "math", f"计算 {n} + 1 等于多少？", f"{n} + 1 = {n + 1}") for n in range(200)))
    records = read_questions(data)
    described = Asked(file="test.jsonl", sha256="0", selection="all", count=200)
    read = Record("q", "squad", "q?", "yes", meta={"passage": "p", "answers": ["yes"]})
    for step in (10, 20, 30):
        rng = np.random.default_rng(step)
        file = run.predictions / f"accuracy_step_{step}.json"
        write_json(file, {str(n): str(n + 1) if rng.random() < 0.6 else "0" for n in range(200)})
        result = score(records, read_predictions(file)).model_copy(update={"predictions": f"predictions/{file.name}"})
        retention = retained([read], {"q": "no" if step == 30 else "yes"}, Gate(50.0, 50.0, "contest"))
        update_results(run.results / "accuracy.json", f"step_{step}", result, described)
        update_results(run.results / "squad.json", f"step_{step}", retention, described)
    write_json(run.results / "ratio.json", {"schema": 1, "trainable": 1, "total": 100, "ratio": 0.01})
    result = score_run(run)
    assert result.best_of.of == 2
    assert set(result.best_of.chosen) == {"step_10", "step_20"}
    best = result.checkpoints[result.best]
    assert result.best_of.accuracy == best.accuracy
    assert best.interval[0] < best.accuracy < best.interval[1]
    assert 0 < result.best_of.optimism <= result.best_of.optimism_of_equals
    assert result.checkpoints["step_30"].gate_passed is False
    (run.predictions / "accuracy_step_10.json").unlink()
    assert score_run(run).best_of is None


def test_without_retention_no_gate_keeps_a_checkpoint_out(tmp_path: Path) -> None:
    steps = "[convert, train, merge, accuracy, score, submission]"
    config = load_contest("practice_math", [f"steps={steps}"])
    (tmp_path / "run.yaml").write_text(dump(config), encoding="utf-8")
    run = RunFolder(tmp_path)
    described = Asked(file="test.jsonl", sha256="0", selection="all", count=2)
    records = [Record(name, "math", f"计算 {name} + 1 等于多少？", f"{name} + 1 = {int(name) + 1}") for name in "12"]
    for name, said in (("base", "0"), ("step_10", "2"), ("step_20", "0")):
        update_results(run.results / "accuracy.json", name, score(records, {"1": said, "2": "0"}), described)
    write_json(run.results / "ratio.json", {"schema": 1, "trainable": 1, "total": 100, "ratio": 0.01})
    result = score_run(run)
    assert result.best == "step_10"
    assert {name: (row.gate_passed, row.eligible) for name, row in result.checkpoints.items()} == {
        "step_10": (None, True),
        "step_20": (None, True),
    }
    assert set(result.inputs) == {"ratio", "accuracy"}
