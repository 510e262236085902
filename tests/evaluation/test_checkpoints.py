"""What stands after --ckpt: single files and checkpoints in several files, by name, by path, or all of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_tools.formats.index import INDEX
from core.config import dump, load_contest
from core.errors import InputError
from core.run_folder import RunFolder
from core.schema import RunConfig
from evaluation.command_line.checkpoints import Checkpoint, find_checkpoints, run_for


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    for name in ("step_100", "step_30"):
        (run.checkpoints / name).mkdir(parents=True)
        (run.checkpoints / name / INDEX).touch()
    (run.checkpoints / "step_20.ckpt").touch()
    (run.checkpoints / "step_20.json").touch()
    (run.checkpoints / ".step_40.partial").mkdir()
    (run.path / "run.yaml").write_text(dump(load_contest("practice_math")), encoding="utf-8")
    return run


@pytest.fixture
def config(run: RunFolder, tmp_path: Path) -> RunConfig:
    base = tmp_path / "base.ckpt"
    base.touch()
    return run.config([f"model.checkpoint={base}"])


def test_all_are_found_in_the_order_of_their_steps(run: RunFolder, config: RunConfig) -> None:
    folder = run.checkpoints
    merged = [
        Checkpoint("step_20", folder / "step_20.ckpt"),
        Checkpoint("step_30", folder / "step_30" / INDEX),
        Checkpoint("step_100", folder / "step_100" / INDEX),
    ]
    assert find_checkpoints(["all"], run, config)[1:] == merged
    assert find_checkpoints(["step_100", "step_20"], run, config) == [merged[2], merged[0]]


@pytest.mark.parametrize("what", ["step_30", f"step_30/{INDEX}"])
def test_a_folder_and_its_index_are_one_checkpoint(
    run: RunFolder, config: RunConfig, tmp_path: Path, what: str
) -> None:
    path = run.checkpoints / what
    assert find_checkpoints([str(path)], run, config) == [Checkpoint("step_30", run.checkpoints / "step_30" / INDEX)]
    assert run_for([str(path)], None).path == run.path
    elsewhere = tmp_path / "other" / "Llama-3.1"
    elsewhere.mkdir(parents=True)
    (elsewhere / INDEX).touch()
    assert find_checkpoints([str(elsewhere)], run, config) == [Checkpoint("Llama-3.1", elsewhere / INDEX, of_run=False)]


def test_what_is_there_twice_or_not_at_all_is_refused(run: RunFolder, config: RunConfig) -> None:
    (run.checkpoints / "step_30.ckpt").touch()
    for words in (["all"], ["step_30"]):
        with pytest.raises(InputError, match="two checkpoints are called 'step_30'"):
            find_checkpoints(words, run, config)
    with pytest.raises(InputError, match=r"step_40\.ckpt: no such checkpoint"):
        find_checkpoints(["step_40"], run, config)
    with pytest.raises(InputError, match=r"checkpoints: no such checkpoint; give a file, the folder of one in several"):
        find_checkpoints([str(run.checkpoints)], run, config)
