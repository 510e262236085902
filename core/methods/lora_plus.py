"""LoRA+: LoRA whose B learns at a higher rate than its A, as wide layers need it.

https://arxiv.org/abs/2402.12354, section 4: lr_B = ratio · lr_A, with a ratio far above 1. MindFormers has learning
rates by parameter from 1.8 on (`grouped_lr_schedule`); older ones would pass over that without a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from core.methods.lora import Lora, LoraConfig, WrittenAsLora


class LoraPlusConfig(LoraConfig):
    """LoRA+: LoRA whose B learns at a higher rate than its A.

    Attributes:
        lr_ratio: B's learning rate is so many times train.learning_rate, which is A's. The paper has 16.
    """

    lr_ratio: float = Field(default=16.0, ge=1, le=10_000, allow_inf_nan=False)


class LoraPlus(Lora):
    """LoRA+ by MindFormers' own layers."""

    title = "LoRA+"
    idea = {
        "en": Lora.idea["en"] + ",\nB at a higher learning rate",
        "zh": Lora.idea["zh"] + "，B 的学习率更高",
    }
    settings = LoraPlusConfig
    since = "1.8"
    flat = {}
    peft = WrittenAsLora()

    def rates(self, settings: LoraConfig, rate: float) -> dict[str, float]:
        """Return B's learning rate."""
        return {"lora_b": _ratio(settings) * rate}

    def trainer(self, settings: LoraConfig, composed: Mapping[str, Any]) -> dict[str, Any]:
        """Return LoRA's settings, and the run's schedule twice: as it is, and so many times higher for B."""
        found = super().trainer(settings, composed)
        if schedule := composed.get("lr_schedule"):
            higher = {
                key: _ratio(settings) * value if key in ("learning_rate", "lr_end") else value
                for key, value in schedule.items()
            }
            group = {**higher, "params": [f"*{self.parts['b']}"]}
            found["grouped_lr_schedule"] = {"default": dict(schedule), "grouped": [group]}
        return found


def _ratio(settings: LoraConfig) -> float:
    return settings.lr_ratio if isinstance(settings, LoraPlusConfig) else 1.0


METHOD = LoraPlus()
