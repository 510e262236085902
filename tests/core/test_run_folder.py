"""Run folders: every job has its own, whoever starts at the same moment."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from core import __version__
from core.config import load_contest
from core.files import read_json
from core.run_folder import new_run


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
