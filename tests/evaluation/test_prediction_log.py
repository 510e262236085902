from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from core.files import sha256_text
from core.text.records import Record
from evaluation.answers.prediction_log import Prediction, PredictionLog, settings_path
from evaluation.asking.predict import predict
from inference.engine import GenerationSettings
from tests.inference.scripted import ScriptedEngine

SETTINGS = {"checkpoint_sha256": "aa", "limit": None}
RECORDS = [Record(f"q{number}", "math", f"{number} + 1 = ?", str(number + 1)) for number in range(6)]


def render(record: Record) -> str:
    return f"Solve: {record.question}"


def answer(prompt: str) -> str:
    return f"answer to {prompt}"


def run(path: Path, engine: ScriptedEngine, **changed: object) -> Path:
    given_settings = {**SETTINGS, **changed}
    return predict(RECORDS, render, engine, path, given_settings, GenerationSettings(50))


def rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_for_each_question(tmp_path: Path) -> None:
    path = run(tmp_path / "predictions" / "math_base.jsonl", ScriptedEngine(answer))
    found = rows(path)
    assert [list(row) for row in found] == [["id", "prompt_sha256", "text", "tokens", "seconds"]] * 6
    assert found[2]["prompt_sha256"] == sha256_text("Solve: 2 + 1 = ?")
    assert found[2]["text"] == "answer to Solve: 2 + 1 = ?"
    stored = json.loads((tmp_path / "predictions" / "math_base.settings.json").read_text())
    assert stored == {**SETTINGS, "max_new_tokens": 50, "min_new_tokens": 1, "stop": [], "decoding": "greedy"}


def test_an_interrupted_evaluation_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(path, ScriptedEngine(answer, fail_after=4))
    assert len(rows(path)) == 4
    with path.open("ab") as stream:
        stream.write(b'{"id": "q4", "prompt_sha256": "torn')
    second = ScriptedEngine(answer)
    run(path, second)
    assert second.prompts == [render(record) for record in RECORDS[4:]]
    assert [row["id"] for row in rows(path)] == [record.id for record in RECORDS]
    assert not list(tmp_path.glob("*.old-*"))


def test_a_finished_log_needs_no_engine(tmp_path: Path) -> None:
    path = run(tmp_path / "p.jsonl", ScriptedEngine(answer))
    before = path.read_bytes()

    def no_engine() -> ScriptedEngine:
        raise AssertionError("the engine must not be made")

    predict(RECORDS, render, no_engine, path, SETTINGS, GenerationSettings(50))
    assert path.read_bytes() == before


@pytest.mark.parametrize("change", [{"checkpoint_sha256": "bb"}, {"limit": 3}, {"bos": True}])
def test_a_changed_setting_starts_anew(
    tmp_path: Path, change: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    path = run(tmp_path / "p.jsonl", ScriptedEngine(answer))
    before = path.read_bytes()
    other = ScriptedEngine(lambda prompt: "other")
    run(path, other, **change)
    assert len(other.prompts) == 6
    assert {row["text"] for row in rows(path)} == {"other"}
    assert (tmp_path / "p.jsonl.old-1").read_bytes() == before
    assert (tmp_path / "p.settings.json.old-1").is_file()
    assert f"setting {next(iter(change))!r} changed" in capsys.readouterr().err
    run(path, ScriptedEngine(answer))
    assert (tmp_path / "p.jsonl.old-2").is_file()


@pytest.mark.parametrize(("former", "name"), [("weigh", "score_options"), ("gap", "target_delimiter")])
def test_a_log_with_the_former_name_of_a_setting_is_gone_on_with(tmp_path: Path, former: str, name: str) -> None:
    path = run(tmp_path / "p.jsonl", ScriptedEngine(answer), **{name: "text"})
    stored = json.loads(settings_path(path).read_text())
    settings_path(path).write_text(json.dumps({former if key == name else key: stored[key] for key in stored}))
    again = ScriptedEngine(answer)
    run(path, again, **{name: "text"})
    assert again.prompts == []
    run(path, again, **{name: "letter"})
    assert len(again.prompts) == 6


def test_a_changed_prompt_or_question_starts_anew(tmp_path: Path) -> None:
    path = run(tmp_path / "p.jsonl", ScriptedEngine(answer))
    predict(RECORDS, lambda record: record.question, ScriptedEngine(answer), path, SETTINGS, GenerationSettings(50))
    assert (tmp_path / "p.jsonl.old-1").is_file()
    fewer = ScriptedEngine(answer)
    predict(RECORDS[:3], lambda record: record.question, fewer, path, SETTINGS, GenerationSettings(50))
    assert len(fewer.prompts) == len(rows(path)) == 3


def test_predictions_of_unknown_origin_are_put_aside(tmp_path: Path) -> None:
    path = run(tmp_path / "p.jsonl", ScriptedEngine(answer))
    settings_path(path).unlink()
    again = ScriptedEngine(answer)
    run(path, again)
    assert len(again.prompts) == 6
    assert (tmp_path / "p.jsonl.old-1").is_file()


def test_a_damaged_line_in_the_midst_is_named(tmp_path: Path) -> None:
    path = run(tmp_path / "p.jsonl", ScriptedEngine(answer))
    lines = path.read_bytes().splitlines(keepends=True)
    for damage, said in ((b"{broken\n", "p.jsonl:3: not a line of valid JSON"),
                         (b'{"id": "q2"}\n', "p.jsonl:3: not a prediction"),
                         (lines[0], "p.jsonl:3: question 'q0' appears twice")):  # fmt: skip
        path.write_bytes(b"".join([*lines[:2], damage, *lines[3:]]))
        with pytest.raises(InputError, match=said):
            run(path, ScriptedEngine(answer))


def test_two_processes_cannot_write_one_log(tmp_path: Path) -> None:
    with PredictionLog(tmp_path / "p.jsonl", SETTINGS, {}), pytest.raises(InputError, match="another evaluation"):
        PredictionLog(tmp_path / "p.jsonl", SETTINGS, {})


def test_no_or_repeated_questions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no questions"):
        predict([], render, ScriptedEngine(answer), tmp_path / "p.jsonl", SETTINGS, GenerationSettings(5))
    with pytest.raises(InputError, match="'q1' appears twice"):
        predict([*RECORDS, RECORDS[1]], render, ScriptedEngine(answer), tmp_path / "p.jsonl", {}, GenerationSettings(5))


_KILLED = """
import os, signal, sys
from pathlib import Path
from inference.engine import GenerationSettings
from tests.inference.scripted import ScriptedEngine
from evaluation.asking.predict import predict
from tests.evaluation.test_prediction_log import RECORDS, SETTINGS, answer, render

def dies(prompt):
    if prompt == render(RECORDS[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return answer(prompt)

predict(RECORDS, render, ScriptedEngine(dies), Path(sys.argv[1]), SETTINGS, GenerationSettings(50))
"""


def test_what_was_answered_survives_a_killed_process(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    process = subprocess.run([sys.executable, "-c", _KILLED, str(path)], env=environment, timeout=60, check=False)
    assert process.returncode == -signal.SIGKILL
    assert [row["id"] for row in rows(path)] == ["q0", "q1", "q2"]
    rest = ScriptedEngine(answer)
    run(path, rest)
    assert len(rest.prompts) == 3


@settings(deadline=None)
@given(texts=st.lists(st.text(), max_size=5), torn=st.binary(max_size=20))
def test_any_text_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], torn: bytes
) -> None:
    path = tmp_path_factory.mktemp("log") / "p.jsonl"
    hashes = {str(number): sha256_text(str(number)) for number in range(len(texts))}
    with PredictionLog(path, SETTINGS, hashes) as log:
        for number, text in enumerate(texts):
            log.append(Prediction(str(number), hashes[str(number)], text, len(text), 0.5))
        written = dict(log.done)
    with path.open("ab") as stream:
        stream.write(torn.replace(b"\n", b""))
    with PredictionLog(path, SETTINGS, hashes) as log:
        assert log.done == written
