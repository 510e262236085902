"""The launcher, started as people start it: other shells, links, line ends of Windows, odd names of folders."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from core import __version__
from core.places import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.mindspore]
SCRIPT = ROOT / "finetune" / "run_lora.sh"
VERSION = f"kit {__version__}\n"


def run(words: list[str], cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    own = {**os.environ, "KIT_PYTHON": sys.executable, **environment}
    return subprocess.run(words, cwd=cwd, env=own, capture_output=True, text=True, timeout=60)


def copied(folder: Path) -> Path:
    """Copy the kit without what the launcher does not need for --version; return the launcher there."""
    passed_over = shutil.ignore_patterns(".*", "__pycache__", "assets", "benchmarks", "docs", "logs", "models", "tests")
    shutil.copytree(ROOT, folder, ignore=passed_over, dirs_exist_ok=True)
    return folder / "finetune" / "run_lora.sh"


@pytest.mark.parametrize("shell", ["bash", "sh", "dash", "bash --posix"])
def test_any_shell_starts_it(shell: str, tmp_path: Path) -> None:
    if not shutil.which(shell.split()[0]):
        pytest.skip(f"no {shell} on this machine")
    done = run([*shell.split(), str(SCRIPT), "--version"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")
    # Words with blanks and signs reach the command as they are.
    done = run([*shell.split(), str(SCRIPT), "a b  $x*=1"], tmp_path)
    assert done.returncode == 2
    assert "unknown setting 'a b  $x*'" in done.stderr


def test_a_link_starts_it(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "run").symlink_to(SCRIPT)
    (tmp_path / "my job").symlink_to("bin/run")
    (tmp_path / "kit").symlink_to(ROOT)
    for start in ("bin/run", "my job", "kit/finetune/run_lora.sh"):
        for shell in ("bash", "sh"):
            done = run([shell, start, "--version"], tmp_path)
            assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")
    assert run([str(tmp_path / "my job"), "--version"], Path("/")).stdout == VERSION


def test_what_a_shell_is_set_to_does_not_matter(tmp_path: Path) -> None:
    done = run(["bash", "finetune/run_lora.sh", "--version"], ROOT, CDPATH=str(tmp_path), BASH_ENV="", ENV="")
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")


def test_it_does_not_end_a_shell_that_sources_it(tmp_path: Path) -> None:
    done = run(["bash", "-c", f". {SCRIPT}; echo still here"], tmp_path)
    assert done.stdout == "still here\n"
    assert done.stderr == "error: start it, do not source it: bash finetune/run_lora.sh\n"


@pytest.mark.parametrize("streams", [">&-", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_matter(streams: str, tmp_path: Path) -> None:
    done = run(["bash", "-c", f'bash "$1" --version {streams}', "bash", str(SCRIPT)], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("" if ">&-" in streams.replace("2>&-", "") else VERSION)


def test_line_ends_of_windows_do_not_matter(tmp_path: Path) -> None:
    script = copied(tmp_path)
    for file in [file for file in tmp_path.rglob("*") if file.suffix in (".sh", ".py", ".yaml", ".toml", ".txt")]:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    for shell in ("bash", "sh"):
        done = run([shell, str(script), "--version"], tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")
        assert "did you mean 'train.epochs'" in run([shell, str(script), "train.epoch=3"], tmp_path).stderr


@pytest.mark.parametrize("name", ["with blanks", 'it\'s "mine"', "a:b", "$HOME", "我们的", "-x", "a#b?c%20"])
def test_the_kit_may_lie_anywhere(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    script = copied(folder)
    done = run(["bash", str(script), "--version"], tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")
    done = run(["bash", "finetune/run_lora.sh", "--version"], folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, VERSION, "")


@pytest.mark.parametrize("script", ["tests/run.sh", "finetune/setup.sh", "finetune/run_lora.sh"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_script_starts_with_any_shell_through_a_link_and_with_line_ends_of_windows(
    script: str, ends: str, tmp_path: Path
) -> None:
    for name in ("tests/run.sh", "finetune/setup.sh", "finetune/run_lora.sh"):
        copy = tmp_path / "kit" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8", newline=ends)
    (tmp_path / "link").symlink_to(tmp_path / "kit" / script)
    for start in (f"kit/{script}", "link"):
        for shell in ("bash", "sh"):
            done = run([shell, start], tmp_path, KIT_PYTHON="/no/python")
            assert (done.returncode, done.stderr) == (2, "error: KIT_PYTHON=/no/python is no command\n")
