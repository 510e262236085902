from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.errors import InputError
from core.result_parts import Answered, Asked, EvaluationResult
from core.results import read_result, update_results

DATA = Asked(file="test.jsonl", sha256="0" * 64, selection="all", count=3)


def test_checkpoints_gather_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "results/accuracy.json"
    for name in ("step_100", "step_20", "base"):
        update_results(path, name, Answered(accuracy=len(name)), DATA)
    update_results(path, "step_20", Answered(accuracy=0.5), DATA)
    held = read_result(path, EvaluationResult)
    assert list(held.checkpoints) == ["base", "step_20", "step_100"]
    assert held.checkpoints["step_20"].as_json() == {"accuracy": 0.5}
    assert (held.schema_version, held.data) == (1, DATA)


def test_results_on_other_data_do_not_mix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "squad.json"
    update_results(path, "base", Answered(), DATA)
    update_results(path, "step_1", Answered(), DATA.model_copy(update={"sha256": "1" * 64}))
    assert list(read_result(path, EvaluationResult).checkpoints) == ["step_1"]
    assert "base" in capsys.readouterr().err


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "squad.json"
    update_results(path, "base", Answered(f1=1.0), DATA)
    before = path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        update_results(path, "step_1", Answered(f1=2.0), DATA)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2}', '{"schema": 1, "data": {}}'])
def test_another_file_is_not_overwritten(tmp_path: Path, text: str) -> None:
    path = tmp_path / "squad.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        update_results(path, "base", Answered(), DATA)
    assert path.read_text(encoding="utf-8") == text
