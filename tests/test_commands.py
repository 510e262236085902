"""What holds for every command: help with an example, a version, `--json`, and one way to begin and to end."""

from __future__ import annotations

import ast
import importlib
import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from core import __version__
from core.places import ROOT
from tests.test_floor_plan import commands

# What a user starts: not the workers that msrun starts, nor a door that leads to another command.
STARTED_BY_MSRUN = {"backend/worker.py", "inference/ascend/worker.py"}
DOORS = {"eval_accuracy/compare.py"}
BEFORE_INSTALLATION = {"finetune/dependencies.py"}
COMMANDS = sorted(
    {file.relative_to(ROOT).as_posix() for file in commands()} - STARTED_BY_MSRUN - DOORS - BEFORE_INSTALLATION
)
PREAMBLE = "sys.path[0] = str(Path(__file__).resolve().parents[1])"


@pytest.mark.slow  # a process for each
@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_how_the_command_is_called_and_an_example(command: str) -> None:
    words = [sys.executable, str(ROOT / command), "--help"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    room, name = command.removesuffix(".py").split("/")
    called = f"python -m pipeline {name}" if room == "pipeline" else command
    called = {"pipeline/job.py": "finetune/run_lora.sh"}.get(command, called)
    assert done.stdout.startswith(f"usage: {called}")
    # An example stands below the options, and begins with how it is called.
    examples = done.stdout[done.stdout.rindex("example") :]
    assert called in examples


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_its_version(command: str) -> None:
    main = importlib.import_module(command.removesuffix(".py").replace("/", ".")).main
    with pytest.raises(SystemExit, match="0"), redirect_stdout(io.StringIO()) as said:
        main(["--version"])
    assert said.getvalue() == f"kit {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_begins_and_ends_as_all_do(command: str) -> None:
    text = (ROOT / command).read_text(encoding="utf-8")
    assert text.count(PREAMBLE) == 1
    last = ast.parse(text).body[-1]
    assert ast.unparse(last) == "if __name__ == '__main__':\n    sys.exit(run_command(main))"


@pytest.mark.parametrize("command", ["ckpt_tools/count.py", "ckpt_tools/schedule.py"])
def test_json_is_all_that_is_printed(command: str) -> None:
    words = {
        "ckpt_tools/count.py": ["--model", "llama3_8b", "--rank", "8", "--targets", ".*wq|.*wv"],
        "ckpt_tools/schedule.py": ["--records", "27562", "--batch", "4", "--epochs", "10"],
    }[command]
    line = [sys.executable, str(ROOT / command), *words, "--json"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True)
    assert isinstance(json.loads(done.stdout), dict)


def test_every_room_with_commands_has_a_door_that_says_what_it_is() -> None:
    for door in sorted(ROOT.glob("*/__main__.py")):
        said = ast.get_docstring(ast.parse(door.read_text(encoding="utf-8"))) or ""
        assert f"python -m {Path(door).parent.name}" in said
