"""Evaluations that are killed go on where they were; whatever decides an answer and changes starts a new file."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from core.config import load_contest
from core.errors import InputError
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.tasks import choice as choice_text
from core.text.prompts import Prompt
from core.text.records import Record, write_records
from evaluation.answers.predictions import read_predictions
from evaluation.asking import predictor
from evaluation.asking.predict import predict, predict_options
from evaluation.asking.predictor import Predictor, predict_all
from evaluation.asking.requests import RequestSettings
from evaluation.command_line.checkpoints import Checkpoint
from inference.engine import GenerationSettings
from tests.inference.scripted import ScriptedEngine
from tests.inference.test_http import asked, serving

ROOT = Path(__file__).resolve().parents[2]
RECORDS = [Record(f"q{number}", "math", f"{number} + 1 = ?", f"{number + 1}") for number in range(5)]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_killed_command_asks_only_what_was_not_answered(tmp_path: Path) -> None:
    # The server takes 0.3 s for each of these, one after another.
    records = [Record(f"q{number}", "math", f"wait:99:{number}", "1") for number in range(8)]
    write_records(tmp_path / "test.jsonl", records)
    environment = {**os.environ, "KIT_LOGS": str(tmp_path / "logs")}
    with serving() as url:
        words = ["--server", url, "--model", "m", "--contest", "math_llama3", "--data", str(tmp_path / "test.jsonl")]
        line = [sys.executable, str(ROOT / "eval_accuracy/run.py"), *words, "--json"]
        line += ["--set", "prompt=bare", "eval.http.concurrency=1"]
        with subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 60
            while not (done := [row for path in tmp_path.rglob("accuracy_m-*.jsonl") for row in lines(path)][:3])[2:]:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            process.send_signal(signal.SIGKILL)
        finished = subprocess.run(line, env=environment, capture_output=True, text=True, check=True, timeout=60)
        seen = asked(url)["seen"]
    assert json.loads(finished.stdout)["missing"] == 0
    assert sum(seen.values()) <= 9  # one more than there are: the one that was under way
    assert [seen[f"wait:99:{row['id'][1:]}"] for row in done] == [1, 1, 1]
    (path,) = tmp_path.rglob("accuracy_m-*.jsonl")
    assert sorted(row["id"] for row in lines(path)) == sorted(record.id for record in records)


class Local(ScriptedEngine):
    def __init__(self) -> None:
        super().__init__(lambda prompt: "5")
        self.loaded: list[Path] = []

    def load(self, checkpoint: Path) -> None:
        self.loaded.append(checkpoint)

    def use(self, prompt: Prompt) -> None:
        self.template = prompt.template


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Local:
    engine = Local()

    def made(config: RunConfig, checkpoint: Path, *_: Any) -> Local:
        engine.load(checkpoint)
        return engine

    monkeypatch.setattr(predictor, "local_engine", made)
    return engine


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "run")
    folder.checkpoints.mkdir(parents=True)
    for number in range(1, 6):
        (folder.checkpoints / f"step_{number}.ckpt").write_bytes(b"weights %d" % number)
    return folder


@pytest.mark.parametrize(
    "changed",
    [
        ["prompt=bare"],
        ["eval.accuracy.temperature=0.5"],
        ["eval.accuracy.temperature=0.5", "eval.accuracy.seed=2"],
        ["eval.accuracy.max_new_tokens=7"],
        ["eval.accuracy.stop=[x]"],
        ["eval.engine=ascend"],
        ["model.max_length=512"],
    ],
)
def test_a_changed_setting_never_mixes(run: RunFolder, local: Local, changed: list[str]) -> None:
    target, path = Checkpoint("step_1", run.checkpoints / "step_1.ckpt"), run.predictions / "accuracy_step_1.jsonl"
    for _ in range(2):
        Predictor(load_contest("practice_math"), run).predict(target, RECORDS, "accuracy", path)
        assert len(local.prompts) == 5
    Predictor(load_contest("practice_math", changed), run).predict(target, RECORDS, "accuracy", path)
    assert len(local.prompts) == 10
    assert len(lines(path)) == len(lines(path.with_name(f"{path.name}.old-1"))) == 5


def test_a_changed_checkpoint_never_mixes(run: RunFolder, local: Local) -> None:
    target, path = Checkpoint("step_1", run.checkpoints / "step_1.ckpt"), run.predictions / "accuracy_step_1.jsonl"
    config = load_contest("practice_math")
    Predictor(config, run).predict(target, RECORDS, "accuracy", path)
    target.path.write_bytes(b"other weights")
    Predictor(config, run).predict(target, RECORDS, "accuracy", path)
    assert len(local.prompts) == 10
    assert path.with_name(f"{path.name}.old-1").is_file()


def test_five_checkpoints_in_one_call_with_one_engine(run: RunFolder, local: Local) -> None:
    config = load_contest("practice_math")
    words = [f"step_{number}" for number in range(1, 6)]
    found = list(predict_all(words, config, run, RECORDS, "accuracy", standard=True))
    assert [(target.name, path.name) for target, path in found] == [(word, f"accuracy_{word}.jsonl") for word in words]
    assert [path.stem for path in local.loaded] == words
    assert len(local.prompts) == 25
    assert local.template == config.prompt.template


def test_other_ways_of_asking_leave_the_runs_own_answers_alone(run: RunFolder, local: Local) -> None:
    config = load_contest("practice_math")
    (own,) = [path for _, path in predict_all(["step_1"], config, run, RECORDS, "accuracy", standard=True)]
    before = own.read_bytes()
    for changed in ([], ["eval.accuracy.temperature=1"]):
        other = load_contest("practice_math", changed)
        (path,) = [path for _, path in predict_all(["step_1"], other, run, RECORDS, "accuracy", standard=False)]
        assert path.name.startswith("accuracy_step_1-")
    assert len(local.prompts) == 15
    assert own.read_bytes() == before
    with pytest.raises(InputError, match="give --server and --model"):
        list(predict_all(["step_1"], load_contest("practice_math", ["eval.engine=http"]), run, [], "accuracy", False))


def test_other_questions_keep_the_names_of_their_files() -> None:
    """Answers that were kept by earlier versions are found again."""
    records, decoding = [Record("q1", "choice", "Which?", "A")], load_contest("practice_choice").eval.accuracy
    scoring = RequestSettings("loglikelihood", "text")
    assert predictor._mark(records, scoring, "m", decoding) == "loglikelihood-f07952bf"
    assert predictor._mark(records, None, "m", decoding) == "3860d565"


def choices() -> list[Record]:
    question = choice_text.question("Which?", ["a", "b", "c", "d"])
    return [Record(f"c{number}", "choice", f"{question}{number}", "The right option is B.") for number in range(150)]


def test_scored_options_go_on_where_they_were(tmp_path: Path) -> None:
    scores = {(f"c{number}", f"The right option is {letter}."): -float(number % 4 != place) - 0.1234567
              for number in range(150) for place, letter in enumerate("ABCD")}  # fmt: skip
    ask, path = RequestSettings("loglikelihood"), tmp_path / "p.jsonl"
    first = ScriptedEngine({}, scores, fail_after=100)
    with pytest.raises(KeyboardInterrupt):
        predict_options(choices(), lambda record: record.id, first, path, {}, ask.options)
    assert len(lines(path)) == 100
    rest = ScriptedEngine({}, scores)
    predict_options(choices(), lambda record: record.id, rest, path, {}, ask.options)
    assert rest.prompts == [f"c{number}" for number in range(100, 150)]
    found = read_predictions(path)
    assert found["c6"] == "The right option is C."
    assert found.scores["c6"] == [-1.123457, -1.123457, -0.123457, -1.123457]


def test_an_impossible_option_is_written_and_weights_that_give_no_number_are_one_sentence(tmp_path: Path) -> None:
    scores = {("c0", f"The right option is {letter}."): value for letter, value in
              zip("ABCD", (-math.inf, -2.0, -math.inf, -3.0), strict=True)}  # fmt: skip
    ask = RequestSettings("loglikelihood")

    def answered(path: Path) -> Path:
        return predict_options(
            choices()[:1], lambda record: record.id, ScriptedEngine({}, scores), path, {}, ask.options
        )

    assert read_predictions(answered(tmp_path / "p.jsonl")).scores["c0"] == [-1e6, -2, -1e6, -3]
    scores["c0", "The right option is B."] = math.nan
    with pytest.raises(InputError, match="'c0': its options have no likelihood"):
        answered(tmp_path / "q.jsonl")


def test_prompts_that_were_cut_are_marked_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    engine = ScriptedEngine(lambda prompt: "5", longest=9)
    records = [*RECORDS, Record("long", "math", "a very long question", "1")]
    path = predict(records, lambda record: record.question, engine, tmp_path / "p.jsonl", {}, GenerationSettings(5))
    assert "1 of 6 prompts are too long" in capsys.readouterr().err
    assert [row["id"] for row in lines(path) if row.get("truncated")] == ["long"]
    assert read_predictions(path).truncated == 1
