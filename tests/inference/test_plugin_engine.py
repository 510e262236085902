"""An engine of one's own: one module in a folder that KIT_PLUGINS names, asked by the real commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.config import load_contest
from core.run_folder import RunFolder, new_run
from core.text.records import Record, write_records

ROOT = Path(__file__).resolve().parents[2]

COUNTING = '''
"""Answers every prompt with the number of its words; of continuations the shortest is the likeliest."""

from inference.engine import Completion
from inference.engines import LocalEngineKind


class Counting:
    def load(self, checkpoint):
        self.checkpoint = checkpoint

    def use(self, prompt):
        self.template = prompt

    def generate(self, requests, settings, on_done=None):
        found = [Completion(str(len(request.prompt.split())), 1, 0.0) for request in requests]
        for index, completion in enumerate(found):
            if on_done is not None:
                on_done(index, completion)
        return found

    def loglikelihood(self, requests, on_done=None):
        found = [-float(len(request.continuation)) for request in requests]
        for index, value in enumerate(found):
            if on_done is not None:
                on_done(index, value)
        return found

    def overlong(self, prompts, new_tokens):
        return [False] * len(prompts)


class CountingKind(LocalEngineKind):
    label = "counting"

    def build(self, config, checkpoint, tokenizer, folder):
        return Counting()

    def plan(self, config, scoring):
        return {"counts": "words"}


ENGINE = CountingKind()
'''
SERVED = '''
"""Asks a server in a way of its own."""

from inference.counting import Counting
from inference.engines import ServedEngineKind


class MineKind(ServedEngineKind):
    label = "mine"

    def build(self, config, prompt, tokenizer):
        return Counting()

    def model(self, config):
        return {"url": config.eval.http.url, "model": config.eval.http.model}


ENGINE = MineKind()
'''


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run with two questions, and a plug-in folder with two engines."""
    folder = tmp_path / "plug" / "inference"
    folder.mkdir(parents=True)
    (folder / "counting.py").write_text(COUNTING, encoding="utf-8")
    (folder / "served_mine.py").write_text(SERVED, encoding="utf-8")
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path / "plug"))
    made = new_run(load_contest("practice_math", ["prompt=bare"]), tmp_path / "logs")
    write_records(made.data / "test.jsonl", [Record("q0", "math", "one two = ?", "4"), Record("q1", "math", "1", "7")])
    return made


def evaluate(run: RunFolder, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / "eval_accuracy/run.py"), "--run", str(run.path), *words]
    done = subprocess.run(line, env=os.environ, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, done.stderr
    return done


def test_an_engine_from_a_plugin_folder_answers(run: RunFolder) -> None:
    shown = json.loads(evaluate(run, "--ckpt", "base", "--set", "eval.engine=counting", "--json").stdout)
    assert (shown["count"], shown["correct"], shown["accuracy"]) == (2, 1, 0.5)
    predictions = run.path / shown["predictions"]
    rows = [json.loads(line) for line in predictions.read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["text"]) for row in rows] == [("q0", "4"), ("q1", "1")]
    settings = json.loads(predictions.with_suffix(".settings.json").read_text(encoding="utf-8"))
    assert settings["engine"] == "counting"
    planned = evaluate(run, "--ckpt", "base", "--set", "eval.engine=counting", "--dry-run").stdout
    assert planned.startswith("engine: counting\ncheckpoints:\n")
    assert "counts: words" in planned


def test_one_that_asks_servers_is_chosen_with_set(run: RunFolder) -> None:
    words = ["--server", "http://127.0.0.1:9", "--model", "m", "--set"]
    shown = json.loads(evaluate(run, *words, "eval.engine=served_mine", "--json").stdout)
    assert shown["correct"] == 1
    assert "it runs on this machine" in evaluate(run, *words, "eval.engine=counting", code=2).stderr
    said = evaluate(run, "--ckpt", "base", "--set", "eval.engine=served_mine", code=2).stderr
    assert "the server has its checkpoint" in said


def test_an_unknown_engine_is_refused_with_the_nearest_one(run: RunFolder) -> None:
    said = evaluate(run, "--ckpt", "base", "--set", "eval.engine=countin", code=2).stderr
    assert "there are: ascend, cpu, http, " in said
    assert "counting, served_mine; " in said
    assert "did you mean 'counting'" in said


def test_the_former_name_of_the_cpu_engine_is_read() -> None:
    assert load_contest("practice_math", ["eval.engine=mindspore"]).eval.engine == "cpu"
