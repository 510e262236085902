"""LoRA in MindFormers' network with ranks and alphas that differ: MindFormers' own cell for each layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindformers.pet.tuners.lora_adapter import LoRADense

from backend.changes import NetworkChange
from backend.methods.layers import as_lora, chosen_layers, config_of, train_only_adapter
from core.methods.lora import Lora, LoraConfig


class PatternedLora(NetworkChange):
    """LoRA's cells in the place of the chosen layers, each with the rank and alpha of its layer."""

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(network, settings)
        made, config = config_of(settings, LoraConfig)
        if not isinstance(made, Lora):
            raise TypeError(f"{made.title} is no kind of LoRA")
        for place in chosen_layers(network, made, config):
            own = config.local(place.layer)
            place.put(as_lora(place, LoRADense, own.rank, made.trained_alpha(own), own.dropout))
        train_only_adapter(network, made, config)


CHANGE = PatternedLora
