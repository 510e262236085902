"""What later steps need is looked at before anything is done: all faults at once, with numbers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from core.config import load_contest
from core.errors import InputError
from core.places import ROOT
from core.run_folder import RunFolder, new_run
from data_convert.mindrecord.index import LONGEST_PATH, check_index_path, partial_index
from data_convert.mindrecord.writer import MindRecordWriter
from finetune.run import main as plan
from pipeline.beforehand.faults import faults
from pipeline.beforehand.room import check_room

Disk = Callable[[int], None]
SMALL = ["data.records=320", "data.retention_records=0", "train.epochs=1"]
MERGED = 5 * 1_619_360 * 4  # five checkpoints of the practice model


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Let a disk have so many bytes free."""
    return lambda free: monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))


def test_room_for_checkpoints_and_zip_is_asked_for_before_the_first_step(disk: Disk) -> None:
    config = load_contest("practice_math", SMALL)
    disk(1 << 40)
    assert faults(config) == []
    disk(40_000_000)
    (said,) = faults(config)
    assert "merged 32.4 MB, zip 32.4 MB), 40.0 MB are free; make room, or set KIT_LOGS" in said
    disk(2 * MERGED + (26 << 20))
    assert faults(config) == []
    disk(MERGED + (26 << 20))
    assert "the run needs 91." in faults(config)[0]
    assert faults(load_contest("practice_math", [*SMALL, "submission.checkpoints=manifest"])) == []


def test_room_is_asked_for_what_is_left_of_a_run(disk: Disk, tmp_path: Path) -> None:
    config = load_contest("practice_math", SMALL)
    run = new_run(config, tmp_path)
    disk(MERGED)
    with pytest.raises(InputError, match=r"the run needs .* of disk"):
        check_room(config, run)
    # What an earlier merge left makes way for the new one.
    run.checkpoints.mkdir()
    (run.checkpoints / "step_1.ckpt").write_bytes(bytes(MERGED))
    disk(MERGED + (26 << 20))
    check_room(config, run)
    # Once it is trained, each step asks for itself: it knows what it has written already.
    for step in ("convert", "train"):
        run.event("step done", step=step)
    disk(0)
    check_room(config, run)


def test_large_figures_are_in_gigabytes(disk: Disk) -> None:
    config = load_contest("math_llama3", ["submission.checkpoints=full"])
    disk(100_000_000_000)
    with pytest.raises(InputError, match=r"merged 80\.30 GB, zip 80\.30 GB\), 100\.00 GB are free"):
        check_room(config)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    test, squad, other = tmp_path / "test.jsonl", tmp_path / "dev.json", tmp_path / "other.jsonl"
    test.write_text('{"problem": "1 + 1 = ?", "solution": "2"}\n{"problem": \n', encoding="utf-8")
    squad.write_text('{"data": [{"paragraphs": 3}]}', encoding="utf-8")
    other.write_text("", encoding="utf-8")
    settings = [f"data.test={test}", f"data.squad={squad}", f"data.against={other}", "submission.team=a/b"]
    said = "; ".join(faults(load_contest("practice_math", [*settings, "model.num_layers=5"])))
    for part in (
        f"{test}:2",
        str(squad),
        f"{other}: no record in it",
        "does not fit model practice",
        "team name 'a/b'",
    ):
        assert part in said


def test_a_damaged_tokenizer_is_found_before_the_corpus_is_read(tmp_path: Path) -> None:
    broken = tmp_path / "tokenizer.model"
    broken.write_bytes(b"no model")
    assert any(str(broken) in one for one in faults(load_contest("practice_math", [f"model.tokenizer.file={broken}"])))


def test_steps_that_do_not_suffice_for_the_checkpoints_are_said() -> None:
    config = load_contest("practice_math", ["data.records=20", "data.retention_records=0", "train.epochs=1"])
    assert faults(config) == ["20 records on 2 workers give no full batch of 16; use a smaller batch"]


def test_missing_packages_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.beforehand.faults.find_spec", lambda name: None)
    config = load_contest("practice_math", SMALL)
    assert faults(config, here=False) == []
    assert "training needs mindspore and mindformers, which this Python lacks" in faults(config)[0]


@pytest.mark.slow
def test_a_file_that_may_not_be_read_is_said_with_all_else(tmp_path: Path) -> None:
    test = tmp_path / "test.jsonl"
    test.write_text('{"problem": "1 + 1 = ?", "solution": "2"}\n', encoding="utf-8")
    test.chmod(0)
    words = [sys.executable, "-m", "pipeline", "validate", "practice_math", f"data.test={test}", "data.squad=none.json"]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root reads every file")
        words = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *words]
    done = subprocess.run([*words, "--json"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    (fault,) = json.loads(done.stdout)["faults"]
    assert "data.test" in fault
    assert "may not be read by this user" in fault
    assert "data.squad" in fault


def test_a_path_is_as_long_as_sqlite_takes_it_and_no_longer(tmp_path: Path) -> None:
    folder = tmp_path / ("d" * 200) / ("e" * 150)
    folder.mkdir(parents=True)
    room = LONGEST_PATH - len(os.fsencode(partial_index(folder / "x"))) + 1
    longest = folder / ("x" * room)
    with MindRecordWriter(longest, ("input_ids",), "test") as writer:
        writer.write({"input_ids": np.ones((1, 4), np.int32)})
    with pytest.raises(InputError, match=rf"has {LONGEST_PATH + 1} bytes, SQLite takes {LONGEST_PATH}"):
        check_index_path(folder / ("x" * (room + 1)))
    with pytest.raises(InputError, match="set KIT_LOGS to a folder with a shorter path"):
        MindRecordWriter(folder / ("x" * (room + 1)), ("input_ids",), "test")
    assert [file.name for file in folder.iterdir() if len(file.name) > room + 3] == []


@pytest.mark.slow
def test_a_folder_of_runs_too_deep_is_refused_before_a_run_is_made(tmp_path: Path) -> None:
    logs = tmp_path / ("d" * 200) / ("e" * 200) / "logs"
    words = [sys.executable, "data_convert/run.py", "--contest", "practice_math", "data.records=320"]
    environment = {**os.environ, "KIT_LOGS": str(logs)}
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert f"SQLite takes {LONGEST_PATH}" in done.stderr
    assert not logs.exists()


def test_a_run_whose_name_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="this path is not UTF-8"):
        new_run(load_contest("practice_math"), tmp_path / os.fsdecode("我的".encode("gbk")))
    assert isinstance(new_run(load_contest("practice_math"), tmp_path / "我的"), RunFolder)


def test_a_plan_says_what_conversion_would_refuse(tmp_path: Path) -> None:
    corpus = tmp_path / "one.jsonl"
    corpus.write_text('{"problem": "1 + 1 = ?", "solution": "2"}\n' * 40, encoding="utf-8")
    words = ["--contest", "practice_math", "--dry-run", f"data.train={corpus}"]
    with pytest.raises(InputError, match="no question can be held out to measure accuracy on, .* data.test=FILE"):
        plan(words)
    corpus.write_text("".join(f'{{"problem": "{n} + 1 = ?", "solution": "{n + 1}"}}\n' for n in range(400)), "utf-8")
    assert plan(words) == 0


def test_a_plan_says_what_is_free(capsys: pytest.CaptureFixture[str], disk: Disk) -> None:
    for free, little in ((1 << 40, False), (1 << 20, True)):
        disk(free)
        assert plan(["--contest", "practice_math", "--dry-run"]) == 0
        said = capsys.readouterr().out
        assert f"disk: free here     {free / 1e9:,.2f} GB" in said
        assert ("too little for the 0.07 GB that a run makes" in said) is little


POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 999\n"


def test_what_the_corpora_are_is_looked_at_beforehand(tmp_path: Path) -> None:
    train, packed = tmp_path / "train.jsonl", tmp_path / "retention.json"
    train.write_text(POINTER, encoding="utf-8")
    packed.write_bytes(b"\x1f\x8b\x08\x00")
    settings = [*SMALL, f"data.train={train}", f"data.retention_corpus={packed}"]
    (said,) = faults(load_contest("practice_math", settings), here=False)
    assert f"{train}: a Git LFS pointer" in said
    assert f"{packed}: compressed by gzip" in said


def test_pointers_are_named_by_whatever_opens_them(tmp_path: Path) -> None:
    file = tmp_path / "pointer"
    file.write_text(POINTER, encoding="utf-8")
    for words in (["submission.check", file], ["data_convert.show", file]):
        with pytest.raises(InputError, match="a Git LFS pointer, not the file of 999 bytes itself"):
            import_module(str(words[0])).main([str(words[1])])
    with pytest.raises(InputError, match="a Git LFS pointer"):
        load_contest("practice_math", ["prompt=chat", f"prompt.chat_template={file.rename(tmp_path / 'own.jinja')}"])
