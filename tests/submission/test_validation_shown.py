"""The loss on validation records in report, plot and zip, and what the checker finds wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops
from run_folder import STEPS, make_run

from core.errors import InputError
from core.files import read_json, write_json
from core.result_types import ValidationResult
from core.results import parsed
from submission.checks.figures import validation_problems
from submission.package.run_facts import read_run
from submission.report.plots import plot_loss


def result(**changes: Any) -> ValidationResult:
    losses = {f"step_{step}": {"loss": loss} for step, loss in zip(STEPS, (0.9, 0.7, 0.5, 0.6, 0.8), strict=True)}
    value = {
        "schema": 1, "rows": 40, "tokens": 700, "evaluations": 9, "checkpoints": losses, "best": "step_60",
        "lowest_step": 50, "lowest_loss": 0.45, "stopped_at": 100,
    }  # fmt: skip
    return parsed(value | changes, ValidationResult, "file")


def test_what_agrees_is_let_through() -> None:
    assert not list(validation_problems(result(), STEPS))
    assert not list(validation_problems(result(stopped_at=None), STEPS))


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"best": "step_80"}, "best is step_80, but the lowest loss is 0.5"),
        ({"best": "step_70"}, "best is step_70, which has no loss"),
        ({"best": None}, "best is None, which has no loss"),
        ({"lowest_loss": 0.55}, "lowest_loss is 0.55, a checkpoint has 0.5"),
        ({"stopped_at": 80}, "stopped at step 80, the last checkpoint is of step 100"),
    ],
)
def test_what_does_not_agree_is_named(changes: dict[str, Any], what: str) -> None:
    (problem,) = validation_problems(result(**changes), STEPS)
    assert what in problem


def test_the_plot_has_a_second_line(run: Path, tmp_path: Path) -> None:
    facts = read_run(run)
    assert [point.step for point in facts.validation_losses] == list(STEPS)
    plot_loss(facts, tmp_path / "both.png")
    object.__setattr__(facts, "validation_losses", ())
    plot_loss(facts, tmp_path / "one.png")
    with Image.open(tmp_path / "both.png") as both, Image.open(tmp_path / "one.png") as one:
        assert ImageChops.difference(both.convert("RGB"), one.convert("RGB")).getbbox()


def test_the_lines_name_the_best_and_where_training_stopped() -> None:
    said = " ".join(result().lines())
    assert "step_60 (0.5000); of all: step 50 (0.4500" in said
    assert "stopped early, at step 100" in said
    assert "stopped" not in " ".join(result(stopped_at=None).lines())


def test_a_run_without_what_it_was_to_measure_is_refused(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run")
    (folder / "train" / "validation.jsonl").unlink()
    with pytest.raises(InputError, match="train/validation.jsonl"):
        read_run(folder)
    folder = make_run(tmp_path / "other")
    value = read_json(folder / "results" / "validation.json")
    del value["checkpoints"]["step_20"]
    write_json(folder / "results" / "validation.json", value)
    with pytest.raises(InputError, match="results/validation.json has no figures of step_20"):
        read_run(folder)
