"""What becomes of the losses on validation records: which adapters are the checkpoints, the result, going on, news."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.training.state_files import State, decided_hash, states_in, write_state
from backend.versions import version
from core.config import load_contest
from core.errors import InputError, run_command
from core.files import read_json
from core.run_folder import RunFolder, new_run
from core.validation import ValidationPlan
from finetune import run as planning
from finetune.training.plan import make_plan, stopped_plan
from finetune.training.resume import Decided, keep_losses, step_to_go_on_from, what_decides
from finetune.training.validated import put_in_place, saved_adapter, write_result
from finetune.training.watch import Validated, Watch

PLANNED = [10, 20, 30, 40, 50]
PLAN = ValidationPlan(3, tuple(PLANNED), 2, 0.0, tuple(range(3, 51, 3)), (15, 30, 45))
DECIDED = Decided({"seed": "1"}, {})


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return new_run(load_contest("practice_math"), tmp_path)


def save(run: RunFolder, folder: str, *steps: int) -> None:
    for step in steps:
        file = run.train / folder / f"step_{step}" / "adapter.safetensors"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(step))


def trained(run: RunFolder, until: int) -> None:
    """Let a training have saved all adapters that it saves up to a step."""
    save(run, "adapters", *(step for step in PLANNED if step <= until))
    save(run, "between", *(step for step in PLAN.kept if step <= until and step not in PLANNED))


def lose(run: RunFolder, losses: dict[int, float]) -> None:
    rows = ({"step": step, "loss": loss, "tokens": 7, "seconds": 0.1} for step, loss in losses.items())
    run.validation_losses.parent.mkdir(parents=True, exist_ok=True)
    run.validation_losses.write_text("".join(json.dumps(row) + "\n" for row in rows))


def names(folder: Path) -> list[int]:
    return sorted(int(each.name.removeprefix("step_")) for each in folder.glob("step_*"))


RISING = {3: 0.5, 6: 0.4, 9: 0.45, 10: 0.46, 12: 0.5, 15: 0.6}


def test_after_an_early_stop_the_checkpoints_are_the_even_ones_up_to_there(run: RunFolder) -> None:
    trained(run, 15)
    lose(run, RISING)
    assert PLAN.stopped([{"step": step, "loss": loss} for step, loss in RISING.items()]) == 15
    for _ in range(2):  # done again after a kill, by which the last one was saved once more, it gives the same
        put_in_place(run, [3, 6, 9, 12, 15])
        assert names(run.train / "adapters") == [3, 6, 9, 12, 15]
        assert names(run.train / "between") == [10]
        save(run, "between", 15)
    held = [(run.train / "adapters" / f"step_{step}" / "adapter.safetensors").read_text() for step in (3, 6, 9, 12, 15)]
    assert held == ["3", "6", "9", "12", "15"]
    result = write_result(run, PLAN, 40, [3, 6, 9, 12, 15])
    assert (result.best, result.lowest_step, result.stopped_at) == ("step_6", 6, 15)
    assert read_json(run.path / "results" / "validation.json")["checkpoints"]["step_12"] == {"loss": 0.5}


def test_a_loss_that_is_no_number_is_the_best_of_none(run: RunFolder) -> None:
    lose(run, {10: 0.5, 20: 0.4, 30: math.nan, 40: math.nan, 50: math.inf})
    result = write_result(run, ValidationPlan(10, tuple(PLANNED)), 40, PLANNED)
    assert result.best == "step_20"
    assert result.checkpoints["step_30"].loss is None
    lose(run, dict.fromkeys(PLANNED, math.nan))
    result = write_result(run, ValidationPlan(10, tuple(PLANNED)), 40, PLANNED)
    assert result.best is None
    assert result.lines() == ["no loss on validation records is a number"]


def test_the_plan_of_a_stopped_training_is_that_of_the_steps_it_did() -> None:
    config = load_contest("practice_math", ["data.validation_records=40", "train.patience=2"])
    plan = make_plan(config, 4000, "made up")
    assert (plan.steps, plan.validation_batches) == (250, 2)
    stopped = stopped_plan(plan, 150)
    assert (stopped.steps, stopped.checkpoint_steps) == (150, [30, 60, 90, 120, 150])
    assert plan.disk["between"] == plan.disk["adapters"] // 5 * (2 + 20)
    assert plan.validation_share == pytest.approx(2 * 25 * 0.4 / 250)
    off = make_plan(load_contest("practice_math"), 4000, "made up")
    assert off.validation is None
    assert "between" not in off.disk


def state(run: RunFolder, step: int) -> None:
    write_state(run.train / "state", 0, State(step, 1.0, decided_hash(DECIDED.values), {"a": np.ones(2, np.float32)}))


def begin(run: RunFolder, validation: ValidationPlan | None = PLAN) -> int:
    return step_to_go_on_from(run, DECIDED, PLANNED, 1, "go on", validation)


def test_after_an_early_stop_nothing_is_trained_on(run: RunFolder) -> None:
    assert begin(run) == 0
    trained(run, 15)
    lose(run, RISING)
    state(run, 12)
    state(run, 15)
    put_in_place(run, [3, 6, 9, 12, 15])  # a kill came after that
    assert begin(run) == 12  # the workers stop again at step 15, and can be compared
    assert list(states_in(run.train / "state")) == [12]


def test_without_an_early_stop_it_goes_on_from_the_newest_state(run: RunFolder) -> None:
    begin(run)
    trained(run, 15)
    lose(run, {step: 1 / step for step in RISING})
    state(run, 12)
    state(run, 15)
    assert begin(run) == 15
    keep_losses(run, 12, validated=True)
    assert [json.loads(line)["step"] for line in run.validation_losses.read_text().splitlines()] == [3, 6, 9, 10, 12]


def test_a_state_is_passed_over_whose_kept_adapters_are_gone(run: RunFolder) -> None:
    begin(run)
    trained(run, 15)
    state(run, 5)
    state(run, 14)
    assert saved_adapter(run, 6) is not None
    for file in (run.train / "between" / "step_6").iterdir():
        file.unlink()
    assert begin(run) == 5


def test_adapters_between_are_not_taken_over_by_another_training(run: RunFolder) -> None:
    begin(run)
    save(run, "between", 3)
    other = Decided({"seed": "2"}, {})
    with pytest.raises(InputError, match="seed was 1 and is 2"):
        step_to_go_on_from(run, other, PLANNED, 1, "go on", PLAN)
    assert step_to_go_on_from(run, other, PLANNED, 1, "anew", PLAN) == 0
    assert not (run.train / "between").exists()


def test_when_training_stops_decides_it_and_off_decides_nothing(run: RunFolder, tmp_path: Path) -> None:
    rows, base = run.data / "mindrecord", tmp_path / "base.ckpt"
    for folder in (rows, run.validation):
        folder.mkdir(parents=True)
        (folder / "a.mindrecord").write_text("rows")
    base.write_text("base")
    config = load_contest("practice_math", ["data.validation_records=40"])
    plain = version().finetune_yaml(config, rows, run.train, base, PLANNED)
    without = what_decides(run, plain, [], rows, base).values
    assert not any("validation" in name or "patience" in name for name in without)
    found = []
    for plan in (PLAN, ValidationPlan(3, tuple(PLANNED), 3), PLAN):
        made = version().validated(plain, config, plan, run.validation, ["input_ids", "labels"])
        found.append(what_decides(run, made, [], rows, base, run.validation).values)
    assert found[0] == found[2] != found[1]
    assert found[1]["train.patience"] == "3"
    assert "the rows in data/validation/a.mindrecord" in found[0]
    assert without.items() <= found[0].items()


def test_the_dry_run_says_when_and_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--contest", "practice_math", "--dry-run"]
    on = ["data.validation_records=200", "train.validation_steps=10", "train.patience=3"]
    assert run_command(planning.main, [*words, *on]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "validation loss every 10 steps, 28 times in all" in said
    )  # 236 steps, and five checkpoints of which none is due
    assert "200 rows: 7 forward passes of a worker each, about 33.2% of the steps' time, 0.37 GB a worker" in said
    assert "stops early after 3 times without a lower loss, at 50, 100, 150, 200" in said
    assert "disk: between" in said
    assert run_command(planning.main, words) == 0
    off = capsys.readouterr().out
    assert "validation" not in off
    assert "between" not in off
    assert run_command(planning.main, [*words, *on, "train.validation_steps=100"]) == 2
    assert "training can stop nowhere with 5 even checkpoints" in capsys.readouterr().err


def row(step: int) -> dict[str, Any]:
    return {"step": step, "loss": 0.3, "overflow": False, "learning_rate": 1e-3, "seconds": 0.5 * step}


def test_the_news_have_the_last_loss_and_the_lowest(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    lose(run, {3: 0.6})
    validation = Validated(PLAN, run.validation_losses, 400)
    watch = Watch(run.path, None, 0.0, validation=validation)
    assert ", validation 0.600, " in watch.note([row(3)], os.getpid())
    lose(run, {3: 0.6, 6: 0.4, 9: 0.5})
    assert ", validation 0.500 (lowest 0.400), " in watch.note([row(9)], os.getpid())
    assert "validation" not in Watch(run.path, None, 0.0).note([row(3)], os.getpid())
    # What is computed after step 12 takes its time: 400 passes, twice half a second each before a word is said.
    watch = Watch(run.path, None, 0.0, validation=Validated(PLAN, run.validation_losses, 400))
    watch.note([row(11), row(12)], os.getpid())
    watch.look(1000)  # the first time it has to be compiled
    lose(run, {3: 0.6, 6: 0.4, 9: 0.5, 12: 0.5})
    watch.note([row(13), row(14), row(15)], os.getpid())
    watch.look(60 + 399)
    assert "no step was done" not in capsys.readouterr().err
    watch.look(60 + 401)
    assert "no step was done for 461 s" in capsys.readouterr().err
