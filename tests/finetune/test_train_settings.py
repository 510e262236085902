"""What the settings of training do in MindFormers' own trainer: parts of a batch, schedules, weight decay."""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from backend.changes import make_changes, network_changes
from backend.versions import version
from core.config import load_contest
from core.errors import InputError
from core.files import read_jsonl
from core.packed import COLUMNS
from core.run_folder import RunFolder
from finetune.training.plan import make_plan
from tests.pipeline.conftest import main_job

TINY = ["data.records=160", "data.retention_records=0", "data.test_records=5", "data.squad_records=5"]


def composed(*settings: str) -> dict[str, object]:
    config = load_contest("practice_math", list(settings))
    return version().finetune_yaml(config, Path("d"), Path("t"), None, [1])


def test_parts_of_a_batch_are_rows_of_a_step() -> None:
    config = load_contest("practice_math", ["train.batch_size=4", "train.accumulate=3"])
    assert make_plan(config, 2400, "made up").epoch_steps == 2400 // (4 * 3 * 2)
    made = composed("train.batch_size=4", "train.accumulate=3")
    assert made["train_dataset"]["batch_size"] == 12  # type: ignore[index]
    assert "accumulate" not in composed()["runner_wrapper"]  # type: ignore[operator]


def test_a_rate_that_does_not_fall_is_refused() -> None:
    with pytest.raises(InputError, match="lr_end 0.1 must be below learning_rate 0.01"):
        load_contest("practice_math", ["train.schedule=polynomial", "train.learning_rate=0.01", "train.lr_end=0.1"])


@pytest.mark.slow
@pytest.mark.mindspore
@pytest.mark.timeout(600)
def test_a_batch_in_parts_is_the_whole_batch(tmp_path: Path) -> None:
    runs = []
    for batch, parts in ((8, 1), (2, 4)):
        environment = {**os.environ, "KIT_LOGS": str(tmp_path / str(parts))}
        words = [*TINY, "train.epochs=1", "steps=[convert,train]", "machine.workers=1", "machine.data_parallel=1"]
        done = main_job(environment, *words, f"train.batch_size={batch}", f"train.accumulate={parts}")
        assert done.returncode == 0, done.stderr[-3000:]
        runs.append(RunFolder((tmp_path / str(parts) / "latest").resolve()))
    whole, parted = ([row for _, row in read_jsonl(run.losses)] for run in runs)
    assert len(whole) == len(parted) == 20
    for key in ("loss", "gradient_norm", "learning_rate"):
        assert [row[key] for row in parted] == pytest.approx([row[key] for row in whole], rel=2e-4)
    first, second = (load_file(run.train / "adapters" / "step_20" / "adapter.safetensors") for run in runs)
    assert all(np.allclose(first[name], second[name], atol=2e-5) for name in first)
    assert max(np.abs(values).max() for values in first.values()) > 1e-2


@pytest.mark.slow
@pytest.mark.mindspore
def test_schedules_take_their_course() -> None:
    from mindformers.core.lr import build_lr
    from mindspore import Tensor

    total, warmup, top, end = 100, 10, 1e-3, 1e-4
    words = [f"train.learning_rate={top}", f"train.lr_end={end}", f"train.warmup_steps={warmup}"]
    share = {step: (step - warmup) / (total - warmup) for step in (10, 55, 99)}
    cosine = {step: (1 + math.cos(math.pi * part)) / 2 for step, part in share.items()}
    wanted = {
        "cosine": {step: end + (top - end) * part for step, part in cosine.items()},
        "linear": {step: top * (1 - part) for step, part in share.items()},
        "polynomial": {step: end + (top - end) * (1 - part) ** 2 for step, part in share.items()},
        "cosine_restarts": {
            10: top,
            55: top,
            99: end + (top - end) * (1 + math.cos(math.pi * (2 * share[99] - 1))) / 2,
        },
        "constant": dict.fromkeys(share, top),
    }
    for name, course in wanted.items():
        made = composed(f"train.schedule={name}", *words)
        schedule = build_lr({**made["lr_schedule"], "total_steps": total})  # type: ignore[dict-item]
        rate = {step: float(schedule(Tensor(step)).asnumpy()) for step in (5, *course)}
        assert rate[5] == pytest.approx(top / 2, rel=1e-5), name
        assert {step: rate[step] for step in course} == pytest.approx(course, rel=1e-4), name


@pytest.mark.slow
@pytest.mark.mindspore
def test_weight_decay_leaves_alone_what_is_named() -> None:
    from mindformers import LlamaConfig, LlamaForCausalLM
    from mindformers.trainer.optimizer_grouped_parameters import get_optimizer_grouped_parameters

    config = load_contest("practice_math", ["train.no_decay=[wq,norm_out]", "train.weight_decay=0.5"])
    network = LlamaForCausalLM(LlamaConfig(num_layers=1, hidden_size=16, num_heads=2, vocab_size=32, seq_length=8))
    make_changes(network, network_changes(config, COLUMNS))
    groups = get_optimizer_grouped_parameters(network, weight_decay=0.5)
    spared = {parameter.name for group in groups if group["weight_decay"] == 0 for parameter in group["params"]}
    assert "model.layers.0.attention.wq.weight" in spared
    assert "model.norm_out.weight" in spared
    assert "model.layers.0.attention.wk.weight" not in spared
    assert make_changes(network, network_changes(load_contest("practice_math", []), COLUMNS)) == []
