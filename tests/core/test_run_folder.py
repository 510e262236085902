"""Run folders: every job has its own, whoever starts at the same moment."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from core import __version__
from core.config import load_contest
from core.errors import InputError, KitError
from core.files import read_json
from core.run_folder import RunFolder, begun, new_run


def test_jobs_of_the_same_second_have_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda form: "20240615-120000")
    # Another job makes its folder between a look and the making of one's own.
    monkeypatch.setattr(Path, "exists", lambda path, **_: False)
    runs = [new_run(load_contest("practice_math"), tmp_path).name for _ in range(3)]
    name = "practice_math-20240615-120000"
    assert runs == [name, f"{name}-2", f"{name}-3"]


def test_the_environment_names_the_kit_and_its_packages(tmp_path: Path) -> None:
    value = read_json(new_run(load_contest("practice_math"), tmp_path).path / "environment.json")
    assert value["kit"] == __version__
    assert value["packages"]["numpy"]


def test_a_link_to_nowhere_is_no_place_for_runs(tmp_path: Path) -> None:
    (tmp_path / "logs").symlink_to(tmp_path / "absent")
    with pytest.raises(FileExistsError):
        new_run(load_contest("practice_math"), tmp_path / "logs")


def ended(logs: Path, error: BaseException, new: bool = True, file: str = "") -> RunFolder:
    """A run whose command ends with an error, after writing a file."""
    run = new_run(load_contest("practice_math"), logs)
    if file:
        (run.path / file).parent.mkdir(parents=True)
        (run.path / file).write_text("{}")
    with pytest.raises(type(error)), begun(run, new), run.locked():
        raise error
    return run


def test_wrong_input_at_the_start_leaves_no_run_and_latest_where_it_was(tmp_path: Path) -> None:
    refused = InputError("b.jsonl:1: no record")
    assert not ended(tmp_path, refused).path.exists()
    assert list(tmp_path.iterdir()) == []
    before = new_run(load_contest("practice_math"), tmp_path)
    assert not ended(tmp_path, refused, file="data/skipped.jsonl").path.exists()
    assert os.readlink(tmp_path / "latest") == before.name


@pytest.mark.parametrize(
    ("error", "new", "file"),
    [
        (KitError("a worker died"), True, ""),
        (KeyboardInterrupt(), True, ""),
        (InputError("no record"), False, ""),
        (InputError("no record"), True, "data/train.jsonl"),
        (InputError("no record"), True, "predictions/accuracy_base.jsonl"),
    ],
)
def test_a_run_stays_where_something_was_made_or_may_go_on(
    tmp_path: Path, error: BaseException, new: bool, file: str
) -> None:
    assert ended(tmp_path, error, new, file).settings_file.is_file()


def test_a_run_stays_where_the_error_speaks_of_a_file_in_it(tmp_path: Path) -> None:
    run = new_run(load_contest("practice_math"), tmp_path)
    with pytest.raises(InputError), begun(run, new=True):
        raise InputError(f"{run.path / 'events.jsonl'}: not an event")
    assert run.settings_file.is_file()
