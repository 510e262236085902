"""`python -m pipeline`: what there is, and whether settings are right, without starting anything."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import names
from core.places import ROOT
from core.registry import STEPS
from core.steps import step_named
from pipeline.overview.listing import KINDS, listing


def pipeline(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline", *words],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_every_entry_of_every_kind_has_a_title() -> None:
    assert {entry["name"] for entry in listing("contests")} == set(names("contests"))
    assert [entry["name"] for entry in listing("steps")] == STEPS.names()
    for kind in KINDS:
        assert all(entry["title"] for entry in listing(kind)), kind


def test_one_line_an_entry_or_json() -> None:
    done = pipeline("ls", "steps")
    assert done.returncode == 0, done.stderr
    first = done.stdout.splitlines()[0]
    assert first.split() == ["convert", *step_named("convert").help.split()]
    assert json.loads(pipeline("ls", "contests", "--json").stdout) == listing("contests")
    assert list(json.loads(pipeline("ls", "--json").stdout)) == list(KINDS)
    assert "did you mean 'judges'" in pipeline("ls", "jugdes").stderr
    assert "did you mean 'validate'" in pipeline("valdate").stderr


def test_a_plug_in_is_listed_and_not_run(tmp_path: Path) -> None:
    (tmp_path / "core" / "methods").mkdir(parents=True)
    (tmp_path / "core" / "methods" / "mine.py").write_text(
        '"""A method of mine.\n\nMore."""\n\nraise SystemExit\nMETHOD = 1\n'
    )
    (tmp_path / "configs" / "prompts").mkdir(parents=True)
    (tmp_path / "configs" / "prompts" / "plain.yaml").write_text(
        '# As plain as can be.\nname: plain\ntemplate: "{question}"\n'
    )
    found = {
        entry["name"]: entry["title"]
        for entry in json.loads(pipeline("ls", "methods", "--json", KIT_PLUGINS=str(tmp_path)).stdout)
    }
    assert found["mine"] == "type: A method of mine."
    lines = pipeline("ls", "prompts", KIT_PLUGINS=str(tmp_path)).stdout.splitlines()
    assert ["plain", "As plain as can be."] in [line.split(maxsplit=1) for line in lines]


@pytest.mark.parametrize("contest", ["practice_math", "configs/contests/practice_choice.yaml"])
def test_what_is_right_is_said_in_a_second_or_two(contest: str) -> None:
    begun = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime  # a busy machine is no defect
    done = pipeline("validate", contest, "train.epochs=3")
    assert (done.returncode, done.stdout) == (0, f"{contest}: nothing is wrong\n")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begun < 10


def test_all_mistakes_of_the_settings_are_said_at_once() -> None:
    done = pipeline("validate", "practice_math", "model=practise", "train.epoch=3", "steps=[convert, score]", "words")
    assert done.returncode == 2
    for part in (
        "setting 'words' is not of the form key=value",
        "unknown model 'practise'; there are: ",
        "internlm_7b, llama3_8b, practice",
        "; did you mean 'practice'?",
        "did you mean 'train.epochs'",
        "step 'score' needs 'train', which is missing before it",
    ):
        assert part in done.stderr
    assert done.stderr.count("error:") == 1


def test_all_that_steps_find_wrong_is_said_at_once(tmp_path: Path) -> None:
    words = ["data.train=absent.jsonl", "model.num_layers=5", "submission.team=a/b"]
    done = pipeline("validate", "practice_math", *words, "--json", KIT_LOGS=str(tmp_path / "logs"))
    assert (done.returncode, done.stderr) == (2, "")
    found = json.loads(done.stdout)
    assert not found["ok"]
    assert [
        part in fault for part, fault in zip(("absent.jsonl", "model.layers.4", "'a/b'"), found["faults"], strict=True)
    ] == [True] * 3
    # A contest that hands nothing in needs no team.
    done = pipeline("validate", "practice_math", words[2], "steps=[convert, train, merge]")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "logs").exists()
