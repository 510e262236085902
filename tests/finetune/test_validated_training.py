"""A training that watches the loss on validation records and stops early learns what one without it learns."""

from __future__ import annotations

from pathlib import Path

import pytest

from ckpt_tools.merging.adapter import open_adapter
from core.files import read_json, read_jsonl
from core.run_folder import RunFolder
from tests.finetune import kills

SETTINGS = [
    "data.records=100", "data.retention_records=0", "data.test_records=5", "data.squad_records=5",
    "data.validation_records=20", "data.packing=true", "machine.workers=1", "machine.data_parallel=1",
    "train.epochs=2", "train.batch_size=4", "train.neftune_alpha=5", "method.dropout=0.1",
]  # fmt: skip


def steps(folder: Path) -> list[int]:
    return sorted(int(each.parent.name.removeprefix("step_")) for each in folder.glob("step_*/adapter.json"))


def losses(run: RunFolder) -> list[float]:
    return [row["loss"] for _, row in read_jsonl(run.losses)]


@pytest.mark.slow
@pytest.mark.mindspore
@pytest.mark.timeout(600)
def test_the_weights_are_the_same_to_the_bit_and_training_ends_at_five_even_checkpoints(tmp_path: Path) -> None:
    runs = []
    for name, more in (
        ("without", ["train.validation_steps=0"]),
        ("with", ["train.validation_steps=2", "train.patience=2", "train.min_delta=9"]),
    ):
        (tmp_path / name).mkdir()
        run = kills.converted(tmp_path / name, [*SETTINGS, *more])
        said = kills.train(run)
        runs.append(run)
    without, validated = runs
    assert steps(without.train / "adapters") == [4, 8, 12, 16, 20]
    assert steps(validated.train / "adapters") == [2, 4, 6, 8, 10]
    assert "training stopped early, at step 10" in said
    assert losses(validated) == losses(without)[:10]
    for step in (4, 8):
        ours, theirs = (run.train / "adapters" / f"step_{step}" / "adapter.safetensors" for run in runs)
        assert ours.read_bytes() == theirs.read_bytes()
    assert not (without.train / "between").exists()
    rows = [row for _, row in read_jsonl(validated.validation_losses)]
    assert [row["step"] for row in rows] == [2, 4, 6, 8, 10]
    assert {row["tokens"] for row in rows} == {read_json(validated.audit)["validation"]["answer_tokens"]}
    result = read_json(validated.path / "results" / "validation.json")
    assert result["stopped_at"] == 10
    assert result["checkpoints"]["step_4"]["loss"] == rows[1]["loss"]
    # The loss is of the same size as that of the training rows, which the model has not learned yet.
    assert rows[0]["loss"] == pytest.approx(losses(without)[1], rel=0.1)
    with open_adapter(validated.train / "adapters" / "step_10") as adapter:
        assert adapter.info.step == 10
