"""Hostile inputs are read or refused in one sentence, within memory and time; `run.py` has the long tail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from attacks.bounded import ROOT, Outcome, attacked
from attacks.laid_out import LIMITS, laid_out
from attacks.run import SHORT, faults, passing_zip

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("reader", SHORT)
def test_a_hostile_input_is_read_or_refused_within_bounds(tmp_path: Path, reader: str) -> None:
    inputs = laid_out(reader, tmp_path / "in", lambda: passing_zip(tmp_path), SHORT[reader])
    outcomes = attacked(reader, inputs)
    assert len(outcomes) == len(inputs) > 5
    assert faults(reader, outcomes) == []
    # Of a kind of input that passes all the time, nothing would have been seen.
    assert reader == "texts" or sum(bool(one.said) for one in outcomes.values()) >= 5
    if reader == "check":
        assert outcomes["whole"].said == ""
        assert outcomes["300 pictures of 100 megapixels"].said == "problems"


def test_a_crash_and_an_excess_are_noticed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff")  # which this reader of the tests takes for text
    crashed = attacked("texts", {"a": tmp_path / "a"})
    assert faults("texts", crashed)[0].startswith("a: crash: UnicodeDecodeError")
    ended = attacked("no such reader", {"a": tmp_path / "a", "b": tmp_path / "b"})
    assert list(ended) == ["a"]
    assert "ended its process" in faults("texts", ended)[0]
    greedy = Outcome("x", "", crashed=False, seconds=11.0, megabytes=900)
    assert [line[:5] for line in faults("check", {"x": greedy})] == ["x: 11", "x: up"]


def test_a_command_says_one_sentence(tmp_path: Path) -> None:
    """As a user meets it: exit code 2, one line that begins with "error:", no traceback."""
    (tmp_path / "deep.jsonl").write_text("[" * 50_000, encoding="utf-8")
    (tmp_path / "bomb.yaml").write_text("a: &a [x]\nb: [*a, *a]\n", encoding="utf-8")
    (tmp_path / "adapter.json").write_text('{"step": ' + "1" * 5000 + "}", encoding="utf-8")
    commands = (
        ["submission/check.py", str(tmp_path / "deep.jsonl")],
        ["-m", "pipeline", "validate", str(tmp_path / "bomb.yaml")],
        ["-m", "pipeline", "validate", "practice_math", "train.epochs=" + "1" * 5000],
        ["ckpt_tools/merge.py", str(tmp_path), "--base", "assets/practice/base.ckpt", "--out", str(tmp_path / "out")],
    )
    for words in commands:
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode == 2, (words[:2], done.stderr[-2000:])
        assert done.stderr.startswith(("error: ", "usage: ")), done.stderr[-2000:]
        assert "Traceback" not in done.stderr


def test_limits_are_stated_for_every_reader() -> None:
    assert set(SHORT) <= set(LIMITS)
