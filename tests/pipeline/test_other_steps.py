"""A contest with other steps and a tuning method with its own cell, both of docs/extending.md, are really run.

They come from a folder outside the kit; the method is trained under msrun, merged, and its checkpoints are scored.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from core.files import read_json, read_jsonl
from core.places import ROOT
from core.run_folder import find_run
from tests.pipeline.conftest import free_port, main_job
from tests.recipes import prints, recipes

pytestmark = [pytest.mark.slow, pytest.mark.mindspore]

STEPS = ["convert", "train", "merge", "accuracy", "score"]
CONTEST, METHOD = recipes()["a contest with any order of steps"], recipes()["a tuning method that needs its own cell"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A plug-in folder with the contest's one file and the method's three."""
    CONTEST.write(METHOD.write(tmp_path / "plugin"))
    return {**os.environ, "KIT_PLUGINS": str(tmp_path / "plugin"), "KIT_LOGS": str(tmp_path / "logs")}


def test_a_contest_with_other_steps_needs_one_file(environment: dict[str, str], tmp_path: Path) -> None:
    (_, by_default), (commands, lines) = CONTEST.trials[-1], METHOD.trials[-1]
    start, *words = shlex.split(commands.removeprefix("bash "))
    assert start == "finetune/run_lora.sh"
    done = main_job(environment, *words, f"machine.master_port={free_port()}")
    assert done.returncode == 0, done.stderr[-3000:]
    prints(done.stdout, lines)
    prints(done.stdout, [line for line in by_default if not line.startswith("trained")])
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["checkpoint", "accuracy", "score"]
    assert [row.split()[0] for row in rows[:6]] == ["base", *[f"step_{step}" for step in (2, 4, 6, 8, 10)]]
    assert rows[0].split()[2] == "-"
    assert rows[6].startswith("trained 2,560 of")
    assert rows[7].startswith("best (*): step_")
    assert all(row.startswith("on other questions ") for row in rows[8:]), "no zip is spoken of"
    run = find_run(str(tmp_path / "logs" / "latest"))
    noted = [(row["event"], row["step"]) for _, row in read_jsonl(run.path / "events.jsonl") if "step" in row]
    wanted = [(event, step) for step in STEPS for event in ("step started", "step done")]
    assert noted == [*wanted, ("step done", "main job")]
    score = read_json(run.results / "score.json")
    assert sorted(score["inputs"]) == ["accuracy", "ratio"]
    assert all(row["eligible"] and row["gate_passed"] is None for row in score["checkpoints"].values())
    assert not (run.results / "squad.json").exists()
    assert not run.submission.exists()
    _rooms_run_by_hand_leave_a_run_that_the_job_takes_as_done(environment, run.path, done.stdout)


def _rooms_run_by_hand_leave_a_run_that_the_job_takes_as_done(
    environment: dict[str, str], path: Path, summary: str
) -> None:
    run = find_run(str(path))
    merge = [
        "ckpt_tools/merge.py",
        *("--base", "assets/practice/base.ckpt", "--out", str(run.checkpoints)),
        *("--adapter", *map(str, (run.train / "adapters").glob("step_*"))),
    ]
    accuracy = ["eval_accuracy/run.py", "--run", str(path), "--ckpt", "all"]
    score = ["eval_accuracy/score.py", "--run", str(path)]
    run.redo("merge")
    assert [name for name in STEPS if run.finished(name)] == ["convert", "train"]
    for words in (merge, accuracy, score):
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
    again = main_job(environment, "--run", str(path))
    assert again.stderr.count("done before") == len(STEPS)
    assert again.stdout == summary
