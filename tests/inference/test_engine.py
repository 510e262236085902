from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import inference.cpu.prefix_groups
from inference.engine import Completion, GenerationSettings, cut_at_stop
from tests.inference.scripted import ScriptedEngine, requests, scored


def test_the_earliest_stop_string_cuts() -> None:
    assert cut_at_stop("one two three two", ["three", "two"]) == "one "
    assert cut_at_stop("one two", ["", "four"]) == "one two"


def test_scripted_engine_keeps_order_limits_and_stop() -> None:
    engine = ScriptedEngine({"a": "w x y z", "b": "stop here"}, {("a", "w"): -0.5})
    seen: list[tuple[int, Completion]] = []
    answers = engine.generate(
        requests(["b", "a"]), GenerationSettings(3, stop=(" here",)), lambda *done: seen.append(done)
    )
    assert [answer.text for answer in answers] == ["stop", "w x y"]
    assert [index for index, _ in seen] == [0, 1]
    assert engine.loglikelihood(scored([("a", "w"), ("a", "?")])) == [-0.5, -1000.0]


def test_the_worked_example_of_prefix_groups_is_true() -> None:
    found = doctest.testmod(inference.cpu.prefix_groups)
    assert (found.failed, found.attempted) == (0, 2)


def test_importing_the_room_imports_no_mindspore() -> None:
    modules = "inference.engines inference.cpu inference.ascend inference.http "
    modules += "inference.http.engine inference.cpu.engine inference.ascend.engine evaluation.command_line.evaluation "
    modules += "evaluation.asking.requests evaluation.answers.prediction_log evaluation.asking.predict "
    modules += "evaluation.asking.predictor"
    code = f"import sys, {', '.join(modules.split())}; assert not {{'mindspore', 'numpy'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[2], check=True, timeout=60)
