"""rsLoRA: LoRA that scales B·A by alpha / sqrt(rank), so that a high rank learns like a low one.

https://arxiv.org/abs/2312.03732, theorem 3.2. MindFormers divides alpha by the rank, so it is given alpha · sqrt(rank).
"""

from __future__ import annotations

import math

from core.methods.lora import Lora, LoraConfig, LoraPeft


class RsLoraConfig(LoraConfig):
    """rsLoRA: LoRA whose product B·A counts alpha / sqrt(rank).

    Attributes:
        alpha: B·A counts alpha / sqrt(rank).
    """

    @property
    def scaling(self) -> float:
        """The factor that B·A is trained with."""
        return self.alpha / math.sqrt(self.rank)


class RsLoraPeft(LoraPeft):
    """rsLoRA at PEFT: LoRA with `use_rslora`."""

    rank_stabilised = True


class RsLora(Lora):
    """rsLoRA by MindFormers' own layers."""

    title = "rsLoRA"
    formula = "W' = W + (alpha / sqrt(rank)) · B · A"
    settings = RsLoraConfig
    peft = RsLoraPeft()

    def trained_alpha(self, settings: LoraConfig) -> float:
        """Return alpha · sqrt(rank), which divided by the rank is the scaling."""
        return settings.alpha * math.sqrt(settings.rank)


METHOD = RsLora()
