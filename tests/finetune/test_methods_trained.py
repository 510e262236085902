"""Tuning methods are really trained: ten steps under msrun with two workers, merged, and verified.

A training takes most of a minute, so the usual run has two of them, each with something of its own: factors that the
first worker finds and shares, tensors that all layers share and nobody trains. The others are trained before a release.
(tests/backend/test_method_cells.py holds all of them against MindFormers' network in any case.)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backend.model_config import llama_config
from ckpt_tools.formats.tensors import open_tensors
from ckpt_tools.merge import merge
from ckpt_tools.verify import verify
from core.config import kit_path, load_contest, names
from core.files import read_json, read_jsonl
from core.methods import method_of
from core.places import ROOT
from core.run_folder import RunFolder, new_run
from core.schema import RunConfig
from tests.pipeline.conftest import free_port

pytestmark = [pytest.mark.slow, pytest.mark.mindspore]
TRAINED = ("pissa_qv", "vera_qv")
STEPS = 10
# Of the base, on the first batch of these records.
FIRST_LOSS = 1.2010015


def config_with(name: str) -> RunConfig:
    small = ["data.records=320", "data.retention_records=0", "data.test_records=10", "data.squad_records=10"]
    rates = ["train.epochs=1", "train.learning_rate=3.0e-3"]
    return load_contest("practice_math", [*small, *rates, f"method={name}", f"machine.master_port={free_port()}"])


def command(*words: str | Path) -> None:
    done = subprocess.run([sys.executable, *map(str, words)], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    run = new_run(config_with("lora_qv"), tmp_path_factory.mktemp("logs"))
    command("data_convert/run.py", "--run", run.path)
    return run


@pytest.mark.parametrize(
    "name", [name if name in TRAINED else pytest.param(name, marks=pytest.mark.release) for name in names("methods")]
)
def test_two_workers_train_it_from_the_base_on_and_it_is_merged(
    name: str, converted: RunFolder, tmp_path: Path
) -> None:
    config = config_with(name)
    made, settings = method_of(config.method), config.method
    run = new_run(config, tmp_path)
    shutil.copytree(converted.data, run.data, dirs_exist_ok=True)
    command("finetune/run.py", "--run", run.path)

    assert read_json(run.results / "ratio.json")["trainable"] == made.parameters(settings, config.model)
    rows = [row for _, row in read_jsonl(run.losses)]
    assert len(rows) == STEPS
    # Whatever a method adds changes nothing before the first step: this is the loss of the base on the first batch.
    assert rows[0]["loss"] == pytest.approx(FIRST_LOSS, abs=2e-5)
    assert rows[-1]["loss"] < rows[0]["loss"]
    last = [run.train / "workers" / f"rank_{rank}" / "adapter.safetensors" for rank in (0, 1)]
    assert last[0].read_bytes() == last[1].read_bytes()
    adapters = [run.train / "adapters" / f"step_{step}" for step in (8, STEPS)]
    with (
        open_tensors(adapters[1] / "adapter.safetensors") as held,
        open_tensors(adapters[0] / "adapter.safetensors") as before,
    ):
        assert {one: held[one].shape for one in held} == made.all_tensors(settings, config.model)
        assert {held[one].dtype for one in held if made.trains(settings, one)} == {"float32"}
        moved = {one for one in held if held.read(one).tobytes() != before.read(one).tobytes()}
    assert moved == set(made.trained(settings, config.model))

    base = kit_path(config.model.checkpoint)
    (manifest,) = merge(base, [adapters[1]], tmp_path / "merged")
    assert manifest["warnings"] == []
    network = llama_config(config.model, 32, config.machine)
    del network["type"]
    (result,) = verify(base, [(adapters[1], tmp_path / "merged" / "step_10.ckpt")], network, [[1, 5, 9, 30], [7] * 32])
    assert result["relative"] < 1e-5
    assert result["base_difference"] > 10 * result["max_difference"]
