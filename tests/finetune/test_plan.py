"""The plan: steps, parameters, commands, disk, against the contest's own figures."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from backend.versions import version
from core.config import load_contest, names
from core.errors import InputError
from core.places import ROOT
from finetune.training.plan import make_plan, msrun_commands


def test_stage_1_figures() -> None:
    config = load_contest("math_llama3")
    plan = make_plan(config, config.data.records, "stated")
    assert (plan.trainable, plan.total) == (3_407_872, 8_030_261_248)
    assert plan.ratio == pytest.approx(3_407_872 / 8_030_261_248, abs=1e-15)
    assert round(plan.published_ratio or 0, 9) == 0.000424393
    # 809,993 records: 202,499 a worker (the last share is filled up), 25,312 batches of 8 in each, 5 epochs.
    assert plan.checkpoint_steps == [25312, 50624, 75936, 101248, 126560]


def test_stage_2_figures() -> None:
    config = load_contest("choice_internlm")
    plan = make_plan(config, config.data.records, "stated")
    assert (plan.trainable, plan.total) == (8_388_608, 7_321_948_160)
    assert plan.steps == 5 * (27_604 // 4 // 4)


@pytest.mark.parametrize(
    ("settings", "trainable"),
    [
        (["method.rank=64", "method=lora_qkvo", "method.rank=64"], 54_525_952),
        (["method=lora_qkvo", "method.rank=16"], 13_631_488),
        (["method.rank=12"], 5_111_808),
        (["method.target_modules=.*wq|.*wv|.*wo"], 5_505_024),
    ],
)
def test_published_parameter_counts(settings: list[str], trainable: int) -> None:
    config = load_contest("math_llama3", settings)
    assert make_plan(config, 1000, "stated").trainable == trainable


def test_targets_that_match_nothing_are_refused() -> None:
    with pytest.raises(InputError):
        make_plan(load_contest("math_llama3", ["method.target_modules=query"]), 1000, "stated")


def test_too_few_records_for_the_checkpoints_are_refused() -> None:
    with pytest.raises(InputError):
        make_plan(load_contest("practice_math", ["train.epochs=1"]), 40, "stated")


def test_msrun_of_several_hosts() -> None:
    machine = load_contest("math_llama3", ["machine=ascend_2x8x64g", "machine.master_addr=10.0.0.5"]).machine
    commands = msrun_commands(machine, Path("w.py"), Path("f.yaml"), Path("log"))
    assert len(commands) == 2
    assert "--node_rank=1" in commands[1]
    assert {"--worker_num=16", "--local_worker_num=8", "--master_addr=10.0.0.5"} <= set(commands[0])


def test_one_worker_needs_no_msrun() -> None:
    machine = load_contest("math_llama3", ["machine=ascend_1x32g"]).machine
    assert msrun_commands(machine, Path("w.py"), Path("f.yaml"), Path("log")) == []


@pytest.mark.parametrize("contest", names("contests"))
def test_the_yaml_trains_what_the_contest_says(contest: str) -> None:
    config = load_contest(contest)
    trainer_yaml = version().finetune_yaml(config, Path("d.mindrecord"), Path("train"), Path("base.ckpt"), [1, 2])
    model = trainer_yaml["model"]["model_config"]
    assert model["pet_config"]["target_modules"] == config.method.target_modules
    assert model["seq_length"] == config.data.seq_length
    # With only_save_strategy MindFormers exits before the first step: two teams of the contest fell for it.
    assert trainer_yaml["only_save_strategy"] is False
    assert (model["qkv_has_bias"], model["attn_proj_has_bias"]) == (config.model.name == "internlm_7b",) * 2


def test_dry_run_needs_no_mindspore_and_starts_at_once() -> None:
    hidden = "import sys; sys.modules.update(mindspore=None, mindformers=None, torch=None);"
    code = hidden + "from finetune.run import main; sys.exit(main(sys.argv[1:]))"
    words = ["--contest", "math_llama3", "--machine", "ascend_4x32g", "--dry-run", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    plan = json.loads(done.stdout)
    assert plan["trainable"] == 3_407_872
    assert plan["mindformers_yaml"]["context"]["device_target"] == "Ascend"
    assert len(plan["checkpoint_steps"]) == 5
