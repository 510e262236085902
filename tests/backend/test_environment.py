"""What workers find around them: a home folder that MindPet takes, and the Python that runs now."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.environment import home_for_mindpet, worker_environment


@pytest.mark.parametrize("home", ["", "/nonexistent/home", "/proc", "{file}", "{others}"])
def test_a_home_that_will_not_do_is_replaced(home: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "others").mkdir()
    if os.geteuid() == 0:
        os.chown(tmp_path / "others", 12345, 12345)
    elif "others" in home:
        pytest.skip("only root can give a folder to another user")
    monkeypatch.setenv("HOME", home.format(file=tmp_path / "file", others=tmp_path / "others"))
    given = worker_environment(tmp_path / "logs")["HOME"]
    assert Path(given).is_dir()
    assert Path(given).is_relative_to(tmp_path / "logs")
    assert not list((tmp_path / "others").iterdir())


def test_without_a_home_there_is_one_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    assert home_for_mindpet(tmp_path) == str(tmp_path / "home")


def test_a_home_of_one_s_own_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "HOME" not in worker_environment(tmp_path / "logs")
    assert not (tmp_path / "logs").exists()


@pytest.mark.parametrize("folder", ["a:b", "with 'quotes' and \"more\"", "plain", "我 的"])
@pytest.mark.parametrize("name", ["python", "python3.11"])
def test_the_first_python_on_the_path_is_the_one_that_runs(
    folder: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from backend import environment

    own = tmp_path / folder / "bin"
    own.mkdir(parents=True)
    script = own / name
    script.write_text("#!/bin/sh\necho mine\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    environment._folder_with_python.cache_clear()
    path = worker_environment(tmp_path / "logs")["PATH"]
    environment._folder_with_python.cache_clear()
    found = subprocess.run(["python"], env={"PATH": path}, capture_output=True, text=True, timeout=20)
    assert found.stdout == "mine\n"


def test_workers_write_utf8_logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "gbk")
    assert worker_environment(tmp_path)["PYTHONIOENCODING"] == "utf-8:backslashreplace"
