"""Checkpoints are evaluated while training goes on: the figures are those of afterwards, and a bad run ends early."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest

from core.config import load_contest
from core.errors import InputError
from core.files import read_json, read_jsonl
from core.run_folder import RunFolder
from tests.pipeline.conftest import main_job

TINY = ["data.retention_records=0", "data.test_records=20", "data.squad_records=20", "train.epochs=1"]
SAID = re.compile(r"evaluated meanwhile: (step_\d+): F1 ([\d.]+), EM ([\d.]+), gate (pass|FAIL), accuracy ([\d.]+)%")


def test_only_steps_that_evaluate_checkpoints_can_be_named() -> None:
    with pytest.raises(InputError, match="train.evaluate names 'score'.*retention, accuracy"):
        load_contest("practice_math", ["train.evaluate=[retention,score]"])
    with pytest.raises(InputError, match="train.evaluate names 'accuracy'.*there can be evaluated: nothing"):
        load_contest("practice_math", ["steps=[convert,train,accuracy]", "train.evaluate=[accuracy]"])


@pytest.mark.slow
@pytest.mark.mindspore
@pytest.mark.timeout(900)
def test_the_figures_are_those_of_afterwards(tmp_path: Path) -> None:
    environment = {**os.environ, "KIT_LOGS": str(tmp_path)}
    # Long enough for the first checkpoints to be evaluated before training ends.
    words = ["data.records=1600", "train.evaluate=[retention,accuracy]", *TINY]
    done = main_job(environment, *words)
    assert done.returncode == 0, done.stderr[-3000:]
    said = SAID.findall(done.stderr)
    assert said, done.stderr
    run = RunFolder((tmp_path / "latest").resolve())
    squad = read_json(run.results / "squad.json")["checkpoints"]
    accuracy = read_json(run.results / "accuracy.json")["checkpoints"]
    # What was done meanwhile is a part: the steps are done for the others too, and nothing of the part is done again.
    assert len(squad) == len(accuracy) == 6
    for name, f1, em, gate, share in said:
        row = squad[name]
        assert (f"{row['contest']['f1']:.2f}", f"{row['contest']['em']:.2f}") == (f1, em)
        assert row["gate"]["passed"] == (gate == "pass")
        assert f"{100 * accuracy[name]['accuracy']:.2f}" == share
        asked = [row["id"] for _, row in read_jsonl(run.predictions / f"accuracy_{name}.jsonl")]
        assert len(asked) == len(set(asked)) == 20  # not asked again afterwards


@pytest.mark.slow
@pytest.mark.mindspore
@pytest.mark.timeout(900)
def test_a_run_that_loses_its_ability_is_stopped(tmp_path: Path) -> None:
    environment = {**os.environ, "KIT_LOGS": str(tmp_path)}
    words = ["data.records=6400", "train.learning_rate=0.3", *TINY]
    words += ["train.evaluate=[retention]", "train.evaluate_limit=12", "train.evaluate_stop=true"]
    done = main_job(environment, *words)
    assert done.returncode == 3, done.stderr[-3000:]
    assert "error: training was stopped: step_" in done.stderr
    assert "does not pass the retention gate" in done.stderr
    run = RunFolder((tmp_path / "latest").resolve())
    losses = list(read_jsonl(run.losses, whole_lines=True))
    assert 0 < len(losses) < 200
    time.sleep(1)
    assert list(read_jsonl(run.losses, whole_lines=True)) == losses  # its workers have ended with it
    assert not (run.results / "squad.json").exists()  # a part of the questions is no result of the run
