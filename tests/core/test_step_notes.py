"""What a run notes of its steps: done, failed, stale; and what becomes of them when a source changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core import sources
from core.config import load_contest
from core.errors import InputError
from core.files import read_jsonl
from core.run_folder import RunFolder, new_run

USUAL = ("convert", "train", "merge", "retention", "accuracy", "score", "submission")
MADE = {"retention": "results/squad.json", "accuracy": "results/accuracy.json", "score": "results/score.json"}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "corpus.jsonl"
    file.write_text("one\n")
    return file


@pytest.fixture
def run(tmp_path: Path, corpus: Path) -> RunFolder:
    base = tmp_path / "base.ckpt"
    base.write_text("weights")
    settings = [f"data.train={corpus}", f"model.checkpoint={base}"]
    return new_run(load_contest("practice_math", settings), tmp_path / "logs")


def do(run: RunFolder, *names: str) -> None:
    for name in names:
        with run.step(name):
            if name in MADE:
                file = run.path / MADE[name]
                file.parent.mkdir(exist_ok=True)
                file.write_text("{}")


def done(run: RunFolder) -> list[str]:
    return [name for name in (*USUAL, "main job") if run.finished(name)]


def _interrupted(file: Path) -> KeyboardInterrupt:
    """Write half of a result, and return what ends the work there."""
    file.write_text("merged")
    return KeyboardInterrupt()


def events(run: RunFolder, step: str) -> list[str]:
    return [row["event"] for _, row in read_jsonl(run.path / "events.jsonl") if row.get("step") == step]


def test_an_event_that_a_full_disk_cut_off_is_passed_over_and_written_over(run: RunFolder) -> None:
    do(run, "convert")
    whole = run.events.read_bytes()
    run.events.write_bytes(whole + b'{"time": "2026-01-01T00:00:00", "event": "step do')
    assert done(run) == ["convert"]
    run.event("step started", step="train")
    text = run.events.read_bytes()
    assert text.startswith(whole)
    assert text.count(b"\n") == whole.count(b"\n") + 1
    assert events(run, "train") == ["step started"]


def test_two_runs_held_at_once_are_both_held_until_the_end(run: RunFolder, tmp_path: Path) -> None:
    other = new_run(run.config(), tmp_path / "others")
    with run.locked():
        with other.locked():
            pass
        with run.locked():  # as by a command that the holder starts
            pass


def test_a_step_is_noted_with_its_seconds_and_its_sources(run: RunFolder) -> None:
    do(run, "convert")
    assert events(run, "convert") == ["step started", "step done"]
    noted = run.steps.last()["convert"]
    assert noted["seconds"] >= 0
    assert sorted(noted["sources"]) == ["data.train", "model.tokenizer.file"]
    with pytest.raises(InputError, match="already converted; --force converts it again and redoes all"):
        do(run, "convert")


def test_a_step_that_fails_is_not_done_and_says_how_it_ended(run: RunFolder) -> None:
    for error, code in ((InputError("no"), 2), (KeyboardInterrupt(), 130), (ValueError("defect"), 1)):
        with pytest.raises(type(error)), run.step("convert"):
            raise error
        assert not run.finished("convert")
        assert run.steps.last()["convert"]["exit_code"] == code
    do(run, "convert")
    assert done(run) == ["convert"]


def test_a_step_within_itself_is_noted_once(run: RunFolder) -> None:
    with run.step("convert"):
        do(RunFolder(run.path), "convert")
        assert "KIT_STEP_HELD" in os.environ
        with run.step("train"):
            pass
        do(run, "convert")  # which is again the one that is held
    assert events(run, "convert") == ["step started", "step done"]
    assert "KIT_STEP_HELD" not in os.environ
    assert "KIT_RUN_HELD" not in os.environ


def test_repeating_a_step_makes_stale_what_reads_it_and_nothing_else(run: RunFolder) -> None:
    do(run, *USUAL)
    run.event("step done", step="main job")
    with run.step("retention", force=True):
        pass
    assert done(run) == ["convert", "train", "merge", "retention", "accuracy"]
    do(run, "score", "submission")
    with run.step("train", force=True):
        pass
    assert done(run) == ["convert", "train"]


def test_looking_again_at_what_is_done_undoes_nothing_unless_the_outcome_is_another(run: RunFolder) -> None:
    do(run, *USUAL)
    run.event("step done", step="main job")
    do(run, "retention")
    with run.step("submission"):
        run.submission.mkdir()
        (run.submission / "report.md").write_text("in other words")
    assert done(run) == [*USUAL, "main job"]
    with run.step("retention"):
        (run.path / MADE["retention"]).write_text('{"other": 1}')
    assert done(run) == ["convert", "train", "merge", "retention", "accuracy"]


def test_a_part_that_is_changed_by_hand_is_made_whole_again(run: RunFolder) -> None:
    do(run, *USUAL)
    with run.steps.partly("accuracy"):
        pass
    assert done(run) == list(USUAL)
    with run.steps.partly("accuracy"):
        (run.path / MADE["accuracy"]).write_text('{"step_1": {}}')
    assert done(run) == ["convert", "train", "merge", "retention"]
    do(run, "accuracy")
    assert (run.path / MADE["accuracy"]).is_file()


def test_what_was_made_of_an_earlier_training_is_gone_before_it_is_made_anew(run: RunFolder) -> None:
    do(run, "convert", "train", "merge", "retention")
    old = run.checkpoints / "step_9.ckpt"
    old.parent.mkdir()
    old.write_text("merged")
    (run.checkpoints / "step_9").mkdir()
    with run.step("train", force=True):
        pass
    assert old.is_file()
    with run.step("merge"):
        assert list(run.checkpoints.iterdir()) == []
    assert (run.path / MADE["retention"]).exists()
    with run.step("retention"):
        assert not (run.path / MADE["retention"]).exists()


def test_a_merge_that_was_interrupted_keeps_what_it_has(run: RunFolder) -> None:
    do(run, "convert", "train")
    run.checkpoints.mkdir()
    with pytest.raises(KeyboardInterrupt), run.step("merge"):
        raise _interrupted(run.checkpoints / "step_3.ckpt")
    with run.step("merge"):
        assert (run.checkpoints / "step_3.ckpt").is_file()


def test_a_corpus_that_changed_is_converted_again_while_nothing_is_trained(
    run: RunFolder, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    do(run, "convert")
    corpus.write_text("two\n")
    do(run, "convert")
    assert f"convert: {corpus} (data.train) has changed since it was done" in capsys.readouterr().err
    assert events(run, "convert")[-3:] == ["step stale", "step started", "step done"]
    do(run, "train")


def test_a_corpus_that_changed_after_training_ends_the_job_unless_it_is_forced(run: RunFolder, corpus: Path) -> None:
    do(run, "convert", "train", "merge")
    corpus.write_text("two\n")
    before = (run.path / "events.jsonl").read_text()
    for work in (lambda: run.steps.check_sources(USUAL, force=False), lambda: do(run, "convert")):
        with pytest.raises(InputError, match=rf"{corpus} \(data.train\).*--force to redo: convert, train, merge"):
            work()
    assert (run.path / "events.jsonl").read_text() == before
    run.steps.check_sources(USUAL, force=True)
    assert done(run) == []


def test_the_base_that_changed_is_named_and_a_step_by_hand_refuses_too(run: RunFolder, corpus: Path) -> None:
    do(run, "convert", "train")
    base = Path(run.config().model.checkpoint)
    base.write_text("other weights")
    with pytest.raises(InputError, match=r"base.ckpt \(model.checkpoint\) since step 'train'.*redo: train$"):
        run.steps.check_sources(USUAL, force=False)
    with pytest.raises(InputError, match=r"\(model.checkpoint\) has changed since step 'train', and merge would use"):
        do(run, "merge")


def test_a_step_refuses_to_go_on_with_what_an_old_file_became(run: RunFolder, corpus: Path) -> None:
    do(run, "convert")
    corpus.write_text("two\n")
    with pytest.raises(InputError, match="has changed since step 'convert', and train would use"):
        do(run, "train")
    assert events(run, "train") == []
    corpus.write_text("one\n")
    do(run, "train")


def test_what_is_only_touched_or_moved_away_is_no_change(run: RunFolder, corpus: Path) -> None:
    do(run, "convert")
    os.utime(corpus, ns=(1, 1))
    run.steps.check_sources(USUAL, force=False)
    corpus.unlink()
    run.steps.check_sources(USUAL, force=False)
    do(run, "train", "merge")
    assert done(run) == ["convert", "train", "merge"]


def test_a_change_that_keeps_size_and_time_is_seen(run: RunFolder, corpus: Path) -> None:
    do(run, "convert")
    status = corpus.stat()
    corpus.write_text("two\n")
    os.utime(corpus, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert run.steps.changed("convert") == [f"{corpus} (data.train)"]


def test_a_source_that_changes_while_a_step_reads_it_is_of_no_use(run: RunFolder, corpus: Path) -> None:
    with pytest.raises(InputError, match="was changed while step 'convert' read it"), run.step("convert"):
        corpus.write_text("two\n")
    assert not run.finished("convert")
    do(run, "convert")
    # Training reads what conversion made of the corpus, so that it may be written to in the meantime.
    with run.step("train"):
        corpus.write_text("three\n")
    assert run.finished("train")


def test_a_folder_counts_by_the_files_that_readers_take(tmp_path: Path) -> None:
    folder = tmp_path / "choice"
    folder.mkdir()
    (folder / "a_test.csv").write_text("q,a,b,c,d,A\n")
    config = load_contest("practice_choice", [f"data.train={folder}"])
    run = new_run(config, tmp_path / "logs")
    do(run, "convert")
    (folder / "notes.txt").write_text("of no account")
    (folder / ".hidden.csv").write_text("of no account")
    assert run.steps.changed("convert") == []
    (folder / "a_test.csv").rename(folder / "b_test.csv")
    assert run.steps.changed("convert") == [f"{folder} (data.train)"]


def test_a_large_file_is_read_once_until_it_changes(
    run: RunFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sources, "_LARGE", 0)
    read: list[str] = []
    real = sources.sha256_file
    monkeypatch.setattr(sources, "sha256_file", lambda path: read.append(path.name) or real(path))
    base = Path(run.config().model.checkpoint)
    do(run, "convert", "train", "merge")
    run.steps.check_sources(USUAL, force=False)
    assert read.count("base.ckpt") == 1
    (run.path / "sources.json").write_text("damaged")
    run.steps.check_sources(USUAL, force=False)
    assert read.count("base.ckpt") == 2
    base.write_text("heavier weights")
    assert run.steps.changed("train") == [f"{base} (model.checkpoint)"]
    assert run.steps.changed("merge") == [f"{base} (model.checkpoint)"]


def test_a_run_of_before_has_no_hashes_and_is_taken_as_it_is(run: RunFolder, corpus: Path) -> None:
    run.event("step done", step="convert", seconds=1.0)
    corpus.write_text("two\n")
    assert run.steps.changed("convert") == []
    do(run, "train")
