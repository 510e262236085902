"""What the retention figures do not decide: intervals, the gate inside them, pre-screens."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.text.records import Record
from data_convert.readers.squad_questions import read_questions
from eval_squad.retention.gate import Gate, certainty, gate_from_base
from eval_squad.retention.scoring import question_scores, score, summarise
from eval_squad.retention.table import table, warnings
from evaluation.answers.predictions import read_predictions

# Resampling whole data sets, and commands as a user starts them.
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def run(*words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "eval_squad/run.py"), *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stderr
    return done


def questions(count: int, per_passage: int = 1) -> list[Record]:
    return [
        Record(str(n), "squad", "q?", "yes", meta={"passage": f"p{n // per_passage}", "answers": ["yes"]})
        for n in range(count)
    ]


def answers(count: int, right: int) -> dict[str, str]:
    return {str(n): "yes" if n < right else "no" for n in range(count)}


def test_every_figure_has_an_interval_that_holds_it() -> None:
    result = score(questions(400), answers(400, 300))
    for way in ("contest", "official"):
        for name in ("f1", "em"):
            low, high = getattr(getattr(result, way), f"{name}_interval")
            assert low < getattr(getattr(result, way), name) < high
            # 1.96 * sqrt(0.75 * 0.25 / 400) is 4.24 points.
            assert (high - low) / 2 == pytest.approx(4.24, abs=0.4)
    assert result.intervals.method == "bootstrap over questions"


def test_questions_on_one_passage_count_as_one_observation() -> None:
    """All five questions of a passage right or all wrong: as sure as a fifth of the questions would be."""
    clustered = score(questions(400, per_passage=5), answers(400, 300))
    single = score(questions(80), answers(80, 60))
    assert clustered.intervals.method == "bootstrap over passages"
    assert clustered.contest.em_interval == pytest.approx(single.contest.em_interval, abs=1e-9)


def test_a_clear_decision_is_sure_and_a_close_one_warns() -> None:
    gate = Gate(50.0, 50.0, "contest")
    clear = {"clear": score(questions(400), answers(400, 300), gate)}
    close = {"close": score(questions(400), answers(400, 202), gate)}
    assert clear["clear"].gate.pass_probability == 1.0
    assert list(warnings(clear)) == []
    held = close["close"].gate
    assert held.passed
    assert held.within_interval == ("f1", "em")
    assert 0.4 < held.pass_probability < 0.8
    (warning,) = warnings(close)
    assert "inside the 95 % interval of F1 and EM" in warning
    assert f"{held.pass_probability:.1%}" in warning


def test_the_bases_own_answers_make_the_gate_surer() -> None:
    records = questions(400)
    base, mine = question_scores(records, answers(400, 200)), question_scores(records, answers(400, 190))
    gate = gate_from_base(50.0, 50.0)
    alone = summarise(records, answers(400, 190), mine, gate).gate
    paired = summarise(records, answers(400, 190), mine, gate, base).gate
    assert (alone.paired, paired.paired) == (False, True)
    assert alone.kept_em == paired.kept_em == pytest.approx(0.95)
    assert alone.within_interval == ("f1", "em")
    assert paired.within_interval == ()
    low, high = paired.kept_em_interval
    assert 0.9 < low < 0.95 < high < 1


def test_the_base_model_itself_keeps_everything() -> None:
    records = questions(60)
    base = question_scores(records, answers(60, 30))
    held = summarise(records, answers(60, 30), base, gate_from_base(50.0, 50.0), base).gate
    assert held.kept_f1_interval == pytest.approx((1.0, 1.0))
    assert held.pass_probability == 1.0


def test_a_base_without_a_right_answer_keeps_no_share() -> None:
    held = certainty(Gate(0.0, 0.0, "base"), np.zeros((10, 2)), np.zeros((10, 2)))
    assert held["kept_f1_interval"] is None
    assert held["pass_probability"] == 1.0


def test_a_prescreen_of_everything_is_certain() -> None:
    records, given = questions(100), answers(100, 51)
    gate = Gate(50.0, 50.0, "contest")
    held = summarise(records, given, question_scores(records, given), gate, total=100).gate
    assert held.pass_probability == 1.0
    part = summarise(records, given, question_scores(records, given), gate, total=1000).gate
    assert 0.3 < part.pass_probability < 0.9


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    def qas(n: int) -> list[dict[str, Any]]:
        return [{"id": str(n), "question": "q?", "answers": [{"text": "yes", "answer_start": 0}]}]

    data = tmp_path / "dev.json"
    paragraphs = [{"context": f"c{n}", "qas": qas(n)} for n in range(500)]
    data.write_text(json.dumps({"data": [{"paragraphs": paragraphs}]}), encoding="utf-8")
    base, mine = tmp_path / "base.json", tmp_path / "mine.json"
    rng = np.random.default_rng(0)
    hard = rng.random(500)
    base.write_text(json.dumps({str(n): "yes" if hard[n] < 0.8 else "no" for n in range(500)}), encoding="utf-8")
    mine.write_text(json.dumps({str(n): "yes" if hard[n] < 0.76 else "no" for n in range(500)}), encoding="utf-8")
    return data, base, mine


def test_a_prescreen_asks_the_same_questions_and_says_how_sure_it_is(files: tuple[Path, Path, Path]) -> None:
    data, base, mine = files
    words = ["--predictions", mine, "--base-predictions", base, "--data", data]
    done = run(*words, "--prescreen", 100, "--json")
    result = json.loads(done.stdout)
    assert (result["count"], result["data"]["total"]) == (100, 500)
    assert "pre-screen" in result["data"]["selection"]
    assert "500 questions" in result["intervals"]["method"]
    text = run(*words, "--prescreen", 100).stdout
    assert "100 of 500 questions asked" in text
    # The same questions were asked again: the same probability comes out.
    assert f"with probability {result['gate']['pass_probability']:.1%}" in text
    assert result["gate"]["reference"] == "base"
    assert run(*words, "--prescreen", 0, code=2).stderr.startswith("error: --prescreen 0")


def test_the_table_shows_interval_and_share() -> None:
    records = questions(400)
    base = question_scores(records, answers(400, 200))
    given = answers(400, 190)
    result = summarise(records, given, question_scores(records, given), gate_from_base(50.0, 50.0), base)
    low, high = result.contest.f1_interval
    lines = table({"step_10": result}, 400).splitlines()
    assert lines[1].split() == ["step_10", *2 * ["47.50", f"{low:.2f}", "-", f"{high:.2f}"], "95.0%", "95.0%", "passed"]
    assert lines[2] == "gate: F1 45.00 and EM 45.00 are needed, 90% of the base model's"
    assert max(map(len, lines)) <= 80
    more = table({"step_10": result}, 400, more=True)
    assert "step_10: F1 47.500, margin +2.500, 95.0% of the base [" in more
    assert f"official  47.50 {low:.2f} - {high:.2f}" in more


def test_questions_without_an_answer_are_reported_apart(tmp_path: Path) -> None:
    """A SQuAD v2.0 file from end to end."""
    answerable = {"id": "a", "question": "q?", "is_impossible": False, "answers": [{"text": "x", "answer_start": 0}]}
    impossible = [
        {"id": name, "question": "q?", "is_impossible": True, "answers": [], "plausible_answers": []} for name in "bc"
    ]
    data, predictions = tmp_path / "v2.json", tmp_path / "p.json"
    document = {"version": "v2.0", "data": [{"paragraphs": [{"context": "c", "qas": [answerable, *impossible]}]}]}
    data.write_text(json.dumps(document), encoding="utf-8")
    predictions.write_text(json.dumps({"a": "x", "b": "", "c": "made up"}), encoding="utf-8")
    words = ["--predictions", predictions, "--data", data, "--selection", "all", "--json"]
    official = json.loads(run(*words).stdout)["official"]
    assert official["em"] == pytest.approx(200 / 3)
    assert official["has_answer"] == {"count": 1, "f1": 100.0, "em": 100.0}
    assert official["no_answer"] == {"count": 2, "f1": 50.0, "em": 50.0}


def test_xquad_from_end_to_end(shared_data: Path, tmp_path: Path) -> None:
    data = shared_data / "xquad/xquad.zh.json"
    records, _ = read_questions(data, "all")
    predictions = tmp_path / "p.json"
    texts = {record.id: record.answer if n % 2 else f"{record.answer}的" for n, record in enumerate(records)}
    predictions.write_text(json.dumps(texts), encoding="utf-8")
    result = json.loads(run("--predictions", predictions, "--data", data, "--selection", "all", "--json").stdout)
    assert result["count"] == 1190
    assert result["contest"]["em"] == pytest.approx(50.0)
    assert 50 < result["contest"]["f1"] < 100


def test_real_systems_are_told_apart(shared_data: Path) -> None:
    records, _ = read_questions(shared_data / "squad/dev-v1.1.json", "contest")
    given = {name: read_predictions(shared_data / f"squad/predictions/{name}.json") for name in ("BERT", SECOND)}
    base = question_scores(records, given["BERT"])
    gate = gate_from_base(*(100 * base[:, column].mean() for column in (0, 1)))
    held = summarise(records, given[SECOND], question_scores(records, given[SECOND]), gate, base).gate
    assert held.kept_f1 == pytest.approx(0.8831, abs=1e-4)
    assert held.pass_probability < 0.05
    assert held.kept_f1_interval[0] > 0.86


SECOND = "Match-LSTM_with_Ans-Ptr"
