"""MindFormers 1.2 and 1.3: keys of their own, .ckpt only, and no bias on wo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from backend.versions import number_of
from backend.versions.dialect import LACKING_1_3, MODEL_1_3, Dialect, Release
from backend.versions.v1_9 import MindFormers19
from core.packed import COLUMNS
from core.schema import MachineConfig, ModelConfig, RunConfig

_BIAS = "is taken without a word: wo is made without bias, and that of the weights is dropped"
_GROUPED = "is taken without a word: every parameter has the one learning rate"
_FORMAT = "is taken without a word: .ckpt is read"
_PER_TOKEN = "is taken without a word: the loss is the mean of each worker's own batch"


class MindFormers13(MindFormers19):
    """MindFormers 1.2 and 1.3."""

    begins = "1.2"
    releases: ClassVar[Mapping[str, Release]] = {
        "1.2.0": Release("2.3.0", "8.0.RC2", "3.10"),
        "1.3.2": Release("2.4.10", "8.0.0", "3.10"),
    }
    tried = (
        "1.3.2 on MindSpore 2.7.2 with a shim: ten steps on the CPU, and with two workers; 1.2.0, cells of the kit's "
        "own (packing, DoRA and others), resuming, evaluation and NPUs: not run"
    )
    dialect: ClassVar[Dialect] = Dialect(
        strict={},
        model_keys=MODEL_1_3,
        unread={
            "model.model_config.attn_proj_has_bias": _BIAS,
            "grouped_lr_schedule": _GROUPED,
            "load_ckpt_format": _FORMAT,
            "calculate_per_token_loss": _PER_TOKEN,
        },
        needed={"micro_batch_interleave_num": 1},
        lacking=LACKING_1_3,
        formats=(".ckpt",),
    )

    def lacks(self, config: RunConfig, base: Path | None) -> list[str]:
        """Return what it cannot do, a sentence each."""
        found, number = super().lacks(config, base), number_of(config.machine) or self.begins
        if config.model.attn_proj_has_bias:
            found.append(
                f"{config.model.title} has a bias on wo, which MindFormers {number} drops without a word (a wrong "
                "model would be trained): take 1.5 or later"
            )
        if config.train.accumulate > 1:
            found.append(
                f"train.accumulate needs a loss by token, which MindFormers has from 1.6 on, this is {number}: set "
                "train.accumulate=1"
            )
        return found

    def model_config(self, model: ModelConfig, seq_length: int, machine: MachineConfig) -> dict[str, Any]:
        """Return MindFormers' configuration of a base model, without what it would not read."""
        return self._read(super().model_config(model, seq_length, machine), "model.model_config.")

    def finetune_yaml(
        self,
        config: RunConfig,
        mindrecord: Path,
        train_folder: Path,
        base: Path | None,
        steps: list[int],
        columns: Sequence[str] = COLUMNS,
    ) -> dict[str, Any]:
        """Compose the YAML that MindFormers' Trainer is given, with the keys that must stand in it here."""
        composed = super().finetune_yaml(config, mindrecord, train_folder, base, steps, columns)
        return {**self._read(composed), **self.dialect.needed}

    def _read(self, settings: dict[str, Any], group: str = "") -> dict[str, Any]:
        """Return the settings of a group that are read."""
        return {key: value for key, value in settings.items() if f"{group}{key}" not in self.dialect.unread}


VERSION = MindFormers13()
