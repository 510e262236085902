from __future__ import annotations

import pytest

from core.errors import InputError
from core.text.records import Record
from eval_squad.retention.gate import Gate, check, gate_from_base, gate_of_contest
from eval_squad.retention.scoring import score
from evaluation.answers.predictions import Predictions


def asked(name: str, *answers: str) -> Record:
    meta = {"passage": "p", "answers": list(answers)}
    return Record(name, "squad", "q?", answers[0] if answers else "", meta=meta)


def test_missing_scores_zero_and_unknown_and_repeated_ids_are_counted() -> None:
    given = Predictions([("a", "no"), ("a", "Denver"), ("z", "Denver")])
    result = score([asked("a", "Denver"), asked("b", "Paris")], given)
    assert (result.count, result.missing, result.unknown, result.duplicates) == (2, 1, 1, 1)
    for way in ("contest", "official"):
        assert (getattr(result, way).f1, getattr(result, way).em) == (50.0, 50.0)
    assert result.gate is None


def test_a_missing_prediction_is_not_an_empty_one() -> None:
    assert score([asked("a", "-")], {}).contest.em == 0
    assert score([asked("a")], {}).official.em == 0
    assert score([asked("a")], {"a": " "}).official.em == 100
    assert score([asked("a")], {"a": " "}).empty == 1


def test_contest_takes_the_first_answer_official_the_best() -> None:
    result = score([asked("a", "Santa Clara, California", "Santa Clara")], {"a": "Santa Clara"})
    assert result.official.em == 100
    assert result.contest.em == 0


def test_the_gate_is_ninety_percent_of_the_base() -> None:
    gate = gate_from_base(59.87023775108988, 44.17029511369134)
    assert gate.required_f1 == pytest.approx(53.88321397598089, abs=1e-12)
    assert gate.required_em == pytest.approx(39.75326560232221, abs=1e-12)
    assert gate.reference == "base"


@pytest.mark.parametrize(("f1", "em", "passed"), [(50, 40, True), (49.999, 90, False), (90, 39.999, False)])
def test_both_figures_must_reach_the_gate(f1: float, em: float, passed: bool) -> None:
    result = check(Gate(50, 40, "contest"), f1, em)
    assert result["passed"] is passed
    assert result["margin_f1"] == pytest.approx(f1 - 50)
    assert {"required_f1", "required_em", "reference", "passed"} <= set(result)


def test_a_contest_without_thresholds_states_no_gate() -> None:
    assert gate_of_contest(None, None) is None
    assert gate_of_contest(53.9, 39.8) == Gate(53.9, 39.8, "contest")


@pytest.mark.parametrize("figures", [(101, 50, 0.9), (-1, 50, 0.9), (float("nan"), 50, 0.9), (50, 50, 9)])
def test_impossible_figures_are_refused(figures: tuple[float, float, float]) -> None:
    with pytest.raises(InputError):
        gate_from_base(*figures)
