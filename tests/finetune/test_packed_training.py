"""A packed run learns, step by step, what the same run learns with one record a row; really trained, also by msrun."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backend.changes import read_changes
from core.audit import converted_columns, filling
from core.files import read_jsonl
from core.places import ROOT
from core.run_folder import RunFolder, find_run
from core.schedule import steps_per_epoch

pytestmark = [pytest.mark.slow, pytest.mark.mindspore]

SMALL = ("data.records=36", "data.squad_records=5", "data.test_records=5", "train.epochs=5", "train.warmup_ratio=0")


def started(logs: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "KIT_LOGS": str(logs)},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def converted(logs: Path, *settings: str) -> RunFolder:
    started(logs, "data_convert/run.py", "--contest", "practice_math", *SMALL, *settings)
    return find_run(str(logs / "latest"))


def losses(run: RunFolder) -> list[float]:
    return [row["loss"] for _, row in read_jsonl(run.losses)]


@pytest.mark.timeout(900)
def test_each_step_of_all_records_has_the_loss_of_one_record_a_row(tmp_path: Path) -> None:
    settings = ("machine.workers=1", "machine.data_parallel=1", "data.retention_records=8")
    rows = filling(converted(tmp_path / "look", *settings, "data.packing=true").audit).rows
    found = []
    for more in (("data.packing=true", f"train.batch_size={rows}"), ("train.batch_size=44",)):
        run = converted(tmp_path / more[-1], *settings, *more)
        assert ("segments" in converted_columns(run.audit)) == (len(more) == 2)
        started(tmp_path / more[-1], "finetune/run.py")
        found.append(losses(run))
    packed, one_a_row = found
    assert len(packed) == len(one_a_row) == 5
    assert np.abs(np.subtract(packed, one_a_row)).max() < 1e-5
    assert packed[-1] < packed[0] - 0.1


@pytest.mark.release  # test_resume.py trains packed rows with two workers too
@pytest.mark.timeout(900)
def test_two_workers_train_the_steps_of_the_plan(tmp_path: Path) -> None:
    run = converted(tmp_path, "data.packing=true", "data.retention_records=0", "train.batch_size=2")
    plan = started(tmp_path, "finetune/run.py", "--dry-run")
    rows = filling(run.audit).rows
    steps = steps_per_epoch(rows, 2, 2)
    assert f"rows                {rows} of 128 + 1 tokens" in plan
    assert f"steps               {5 * steps} (5 epochs of {steps})" in plan
    started(tmp_path, "finetune/run.py")
    assert len(losses(run)) == 5 * steps
    (change,) = read_changes(run.trainer_yaml)
    assert change["module"] == "backend.changes.packing"
