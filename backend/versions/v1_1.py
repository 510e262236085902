"""MindFormers 1.1, the contest's own: another optimizer, float16 adapters where no type is named, no bias on wo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from backend.versions.dialect import LACKING_1_1, MODEL_1_1, Dialect, Release
from backend.versions.v1_3 import MindFormers13
from core.errors import InputError
from core.schema import RunConfig
from core.schema_train import TrainConfig


class MindFormers11(MindFormers13):
    """MindFormers 1.1."""

    begins = "1.1"
    releases: ClassVar[Mapping[str, Release]] = {"1.1.0": Release("2.3.0rc2", "8.0.RC1", "3.9")}
    tried = (
        "1.1.0 on MindSpore 2.7.2 with two shims: ten steps on the CPU, and with two workers; its own MindSpore "
        "2.3.0rc2 and Python 3.9, cells of the kit's own (packing, DoRA and others), evaluation and NPUs: not run"
    )
    dialect: ClassVar[Dialect] = Dialect(
        strict={},
        model_keys=MODEL_1_1,
        unread={
            **MindFormers13.dialect.unread,
            "model.model_config.tie_word_embeddings": "is taken without a word: the output layer keeps its own weights",
            "model.model_config.fused_rms_norm": "is taken without a word: the norm is fused wherever the device can",
            "data_skip_steps": "is taken without a word: training begins with the first row again",
        },
        needed={"micro_batch_interleave_num": 1},
        lacking=LACKING_1_1,
        formats=(".ckpt",),
        adapter_dtype="float16",
    )

    def lacks(self, config: RunConfig, base: Path | None) -> list[str]:
        """Return what it cannot do, a sentence each."""
        found = super().lacks(config, base)
        if config.model.tie_word_embeddings:
            found.append(
                f"{config.model.title} shares the embedding with the output layer, which MindFormers 1.1 does not: "
                "take 1.3 or later"
            )
        return found

    def notes(self, config: RunConfig) -> list[str]:
        """Return what is different in a run's figures, a sentence each."""
        return [
            "the optimizer is MindSpore's AdamWeightDecay, without bias correction: its first steps are other ones "
            "than AdamW's (after ten steps of the practice contest the loss was 0.518 instead of 0.429)",
            "generation calls processors of new tokens with numpy rows, in threads: the kit's has no effect there",
        ]

    def optimizer(self, train: TrainConfig) -> dict[str, Any]:
        """Return the optimizer's settings: there is no AdamW."""
        first, second = train.betas
        return {
            "type": "FP32StateAdamWeightDecay",
            "beta1": first,
            "beta2": second,
            "eps": 1e-8,
            "weight_decay": train.weight_decay,
        }

    def resumed(self, trainer_yaml: dict[str, Any], step: int) -> dict[str, Any]:
        """Raise InputError: rows cannot be skipped by a setting, so a training would go on with the wrong ones."""
        raise InputError(
            f"a training cannot go on after step {step} with MindFormers 1.1, which skips no rows (data_skip_steps, "
            "from 1.3 on); begin anew with --force"
        )


VERSION = MindFormers11()
