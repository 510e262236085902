"""LoRA-FA: LoRA whose A stays as it was drawn; only B is trained, at half the parameters and less memory.

https://arxiv.org/abs/2308.03303, section 3. A is needed to merge, so it is saved beside B.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.methods.lora import Lora, LoraConfig, WrittenAsLora


class LoraFaConfig(LoraConfig):
    """LoRA-FA: LoRA whose A stays as it was drawn; only B is trained."""


class LoraFa(Lora):
    """LoRA-FA by MindFormers' own layers."""

    title = "LoRA-FA"
    idea = {
        "en": "beside each weight matrix W of the targeted layers stands a product of two small matrices,\n"
        "A [rank × in] and B [out × rank]; A is random and stays, only B is trained",
        "zh": "在目标层的每个权重矩阵 W 旁增加两个小矩阵\nA [rank × in] 与 B [out × rank]，A 随机且固定，只训练 B",
    }
    settings = LoraFaConfig
    flat = {}
    peft = WrittenAsLora()

    def trains(self, settings: LoraConfig, name: str) -> bool:
        """Tell B, and what is trained beside, from A."""
        return not name.endswith(f".{self.parts['a']}")

    def trainer(self, settings: LoraConfig, composed: Mapping[str, Any]) -> dict[str, Any]:
        """Return MindFormers' `pet_config`, which freezes A."""
        found = super().trainer(settings, composed)
        if found:
            found["model"]["model_config"]["pet_config"]["freeze_include"] = [f"*{self.parts['a']}"]
        return found


METHOD = LoraFa()
