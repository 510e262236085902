"""`submission/run.py`: the whole way, its output, its exit codes, its start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from run_folder import make_run

from core.errors import GateError, InputError
from submission.run import main

ROOT = Path(__file__).resolve().parent.parent.parent


def test_json_is_all_there_is_on_standard_output(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(
            [
                "--run",
                str(run),
                "--team",
                "队",
                "--language",
                "zh",
                "--checkpoints",
                "manifest",
                "--weights-url",
                "obs://team/weights",
                "--json",
            ]
        )
        == 0
    )
    value = json.loads(capsys.readouterr().out)
    assert value["ok"]
    assert Path(value["zip"]).name == "队.zip"
    assert value["packed"]


def test_a_zip_that_fails_its_check_is_exit_code_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "run", steps=(1, 2, 3, 4, 50))
    with pytest.raises(GateError, match="not fit to be handed in"):
        main(["--run", str(run)])
    assert "not evenly spaced" in capsys.readouterr().out


def test_no_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a run folder"):
        main(["--run", str(tmp_path)])


@pytest.mark.parametrize("program", [["submission/run.py"], ["-m", "submission"], ["submission/check.py"]])
def test_help_starts_without_heavy_modules(program: list[str]) -> None:
    code = (
        "import runpy, sys\n"
        "sys.argv = sys.argv[1:]\n"
        "try:\n"
        "    runpy.run_module('submission', run_name='__main__') if sys.argv[0] == '-m' else"
        " runpy.run_path(sys.argv[0], run_name='__main__')\n"
        "except SystemExit as done:\n"
        "    heavy = {'mindspore', 'mindformers', 'numpy', 'matplotlib', 'PIL', 'jinja2', 'jieba'} & set(sys.modules)\n"
        "    sys.exit(done.code or (f'imports {sorted(heavy)}' if heavy else 0))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *program, "--help"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "example:" in done.stdout
