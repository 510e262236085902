"""Runs in a table, named, noted, timed, set side by side and removed; nothing is touched that something works on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.config import load_contest
from core.errors import InputError, run_command
from core.run_folder import RunFolder, new_run
from pipeline import runs as command
from pipeline.overview.runs import differences, row_of, runs_in, size_in_words, size_on_disk, table
from pipeline.overview.times import Span, spans, training_in_words, waterfall


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(command, "LOGS", tmp_path)
    return tmp_path


def made(logs: Path, name: str, *settings: str) -> RunFolder:
    run = new_run(load_contest("practice_math", settings), logs)
    renamed = RunFolder(logs / name)
    run.path.rename(renamed.path)
    (logs / "latest").unlink()
    (logs / "latest").symlink_to(name)
    return renamed


def scored(run: RunFolder) -> None:
    """Let a run have trained and scored."""
    for step in ("train", "score"):
        run.event("step done", step=step, seconds=1.0)
    run.results.mkdir()
    rows: dict[str, Any] = {
        f"step_{step}": {
            "accuracy": accuracy,
            "interval": [0.5, 0.7],
            "score": score,
            "gate_passed": True,
            "eligible": True,
            "rank": None,
        }
        for step, accuracy, score in ((50, 0.61, 0.72), (100, 0.6, 0.71))
    }
    score = {"schema": 1, "formula": "f", "ratio": 0.01, "checkpoints": rows, "best": "step_50"}
    ratio = {"schema": 1, "trainable": 20480, "total": 1619200, "ratio": 20480 / 1619200}
    (run.results / "score.json").write_text(json.dumps(score))
    (run.results / "ratio.json").write_text(json.dumps(ratio))


def test_what_differs_from_the_contest_is_named_and_a_part_by_its_name(logs: Path) -> None:
    run = made(logs, "one", "method=dora_qv", "method.rank=4", "train.epochs=3", "data.test_records=7")
    found = differences(run.settings(), "practice_math")
    assert found == {"method": "dora_qv", "method.rank": "4", "train.epochs": "3", "data.test_records": "7"}
    assert differences(made(logs, "two").settings(), "practice_math") == {}
    assert differences(run.settings(), "gone") == {}


def test_the_table_has_the_best_checkpoint_and_says_what_it_cannot_read(logs: Path) -> None:
    scored(made(logs, "good"))
    broken = made(logs, "broken")
    broken.settings_file.write_text("contest: [")
    rows = {run.name: row_of(run) for run in runs_in(logs)}
    assert (rows["good"].checkpoint, rows["good"].done, rows["good"].steps) == ("step_50", 2, 7)
    lines = list(table([rows["good"], rows["broken"]]))
    assert lines[0].split() == ["run", "steps", "score", "size"]
    assert lines[1].split()[:3] == ["good", "2/7", "0.7200"]
    assert lines[2].split()[:3] == ["broken", "0/0", "-"]
    assert "cannot be read" in lines[3]
    assert max(map(len, lines)) <= 80


def test_a_folder_s_size_counts_a_file_with_two_names_once_and_follows_no_link(tmp_path: Path) -> None:
    inside, outside = tmp_path / "run", tmp_path / "large"
    inside.mkdir()
    outside.write_bytes(b"x" * 1_000_000)
    (inside / "a").write_bytes(b"x" * 200_000)
    os.link(inside / "a", inside / "b")
    (inside / "c").symlink_to(outside)
    assert 200_000 <= size_on_disk(inside) < 300_000
    assert [size_in_words(size) for size in (0, 999, 1500, 31_457_280, 16 * 10**9)] == [
        "0 B",
        "999 B",
        "1.5 kB",
        "31 MB",
        "16 GB",
    ]


def test_a_run_is_named_again_with_latest_and_noted_and_removed(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(logs, "first")
    made(logs, "second")
    assert run_command(command.main, ["note", "second", "rank 16"]) == 0
    assert run_command(command.main, ["mv", "second", "best"]) == 0
    assert os.readlink(logs / "latest") == "best"
    assert row_of(RunFolder(logs / "best")).note == "rank 16"
    assert run_command(command.main, ["rm", "best"]) == 0
    assert (logs / "best").is_dir()
    assert "would remove" in capsys.readouterr().out
    assert run_command(command.main, ["rm", "best", "--yes"]) == 0
    assert [run.name for run in runs_in(logs)] == ["first"]
    assert os.readlink(logs / "latest") == "first"
    assert run_command(command.main, ["rm", "first", "--yes"]) == 0
    assert not os.path.lexists(logs / "latest")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", ".hidden", "latest", "a\nb", "other"])
def test_a_name_that_is_none_changes_nothing(logs: Path, name: str) -> None:
    made(logs, "other")
    made(logs, "mine")
    assert run_command(command.main, ["mv", "mine", "--", name]) == 2
    assert {run.name for run in runs_in(logs)} == {"mine", "other"}


def test_a_run_at_work_is_left_alone(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = made(logs, "busy")
    with run.locked():
        assert run_command(command.main, ["rm", "busy", "--yes"]) == 2
        assert run_command(command.main, ["mv", "busy", "other"]) == 2
    assert "something is working on this run" in capsys.readouterr().err
    assert run.settings_file.is_file()


def test_what_is_no_run_is_never_removed(logs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(logs, "practice_math-1")
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.tex").write_text("years of work")
    assert run_command(command.main, ["rm", str(folder), "--yes"]) == 2
    assert run_command(command.main, ["rm", "practise_math-1", "--yes"]) == 2
    assert "did you mean 'practice_math-1'?" in capsys.readouterr().err
    assert (folder / "chapter.tex").is_file()


def test_the_time_of_each_step_is_its_own_and_gaps_are_seen() -> None:
    def event(second: int, kind: str, step: str, **facts: Any) -> dict[str, Any]:
        return {"time": f"2026-01-01T00:{second // 60:02}:{second % 60:02}+00:00", "event": kind, "step": step, **facts}

    rows = [
        {"time": "2026-01-01T00:00:00+00:00", "event": "run created"},
        event(0, "step started", "convert"),
        event(12, "step done", "convert", seconds=11.6),
        event(12, "step started", "train"),
        event(600, "step started", "train"),
        event(700, "step failed", "train"),
        event(700, "step stale", "score"),
        event(701, "step started", "train"),
        event(801, "step done", "train", seconds=100.0),
        event(801, "step done", "main job", seconds=190.0),
        event(802, "step started", "merge"),
    ]
    assert spans(rows, "main job") == [
        Span("convert", 0, 11.6),
        Span("train", 12, 588, "killed"),
        Span("train", 600, 100, "failed"),
        Span("train", 701, 100),
        Span("merge", 802, 0, "going on"),
    ]
    late = spans([rows[1], rows[2], event(90, "step started", "train"), event(95, "step done", "train")], "main job")
    assert late == [Span("convert", 0, 11.6), Span("", 11.6, 78.4), Span("train", 90, 5)]
    lines = list(waterfall(late))
    assert "(nothing ran)" in lines[2]
    assert lines[1].split()[5] == "69.9%"
    assert max(map(len, lines)) <= 80


def test_a_training_s_time_is_split_into_its_steps_and_the_rest() -> None:
    rows = [{"step": step, "seconds": 10 + 0.5 * step} for step in range(1, 12)]
    said = training_in_words(rows, 20.0)
    assert "10 steps after the first took 5.0 s (0.500 s each)" in said
    assert "took 15.0 s" in said
    assert training_in_words(rows[:1], 20.0) == ""


def test_runs_side_by_side_show_what_differs_and_what_they_came_to(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scored(made(logs, "one"))
    made(logs, "two", "method.rank=4", f"data.train={logs / ('x' * 60)}.json")
    assert run_command(command.main, ["compare", "one", "two"]) == 0
    shown = capsys.readouterr().out
    assert "A: one\nB: two\n" in shown
    assert any(line.split() == ["method.rank", "8", "4"] for line in shown.splitlines())
    assert f"    B  {logs / ('x' * 60)}.json" in shown
    assert "0.7200" in shown
    assert run_command(command.main, ["compare", "one", "two", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found["settings"]) == {"method.rank", "data.train"}
    assert found["figures"]["checkpoint"] == ["step_50", "-"]
    with pytest.raises(InputError, match="two runs or more"):
        command.main(["compare", "one", "one"])
