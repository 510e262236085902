"""DoRA in MindFormers' network: LoRA's cell, whose weight W + s·B·A has its rows scaled to trained lengths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mindspore as ms
import numpy as np
from mindformers.pet.tuners.lora_adapter import LoRADense
from mindspore import Tensor, ops

from backend.changes import NetworkChange
from backend.methods.layers import (
    Placed,
    as_lora,
    chosen_layers,
    config_of,
    constant,
    train_only_adapter,
    weight_values,
)
from core.methods.dora import SHORTEST, DoraConfig


class DoraDense(Placed, LoRADense):  # type: ignore[misc]
    """A linear layer with W' = m ∘ (W + s·B·A) / ‖W + s·B·A‖, lengths taken of rows, and its own bias.

    The length counts as a constant for the gradient (section 4.3 of the paper).
    """

    def product(self, rows: Any) -> Any:
        """Return W'x and the bias for rows [rows, in], both in the computing type."""
        low = self.lora_a_matmul(self.lora_dropout(rows), self.mindpet_delta_lora_a.astype(self.dtype))
        update = self.lora_b_matmul(low, self.mindpet_delta_lora_b.astype(self.dtype))
        result = self.matmul(rows, self.weight.astype(self.dtype)) + update * ops.cast(self.scaling, self.dtype)
        return self.with_bias(result * (self.lora_magnitude_vector / self._lengths()).astype(self.dtype))

    def _lengths(self) -> Any:
        """Return the lengths of the rows of W + s·B·A in float32, without a gradient."""
        product = ops.matmul(self.mindpet_delta_lora_b, self.mindpet_delta_lora_a)
        moved = self.weight.astype(ms.float32) + product * self.scaling
        lengths = ops.sqrt(ops.reduce_sum(ops.square(moved), 1))
        return ops.stop_gradient(ops.maximum(lengths, Tensor(SHORTEST, ms.float32)))


class Dora(NetworkChange):
    """DoRA's cells in the place of the chosen layers."""

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(network, settings)
        made, config = config_of(settings, DoraConfig)
        self._cells = []
        for place in chosen_layers(network, made, config):
            own = config.local(place.layer)
            cell = as_lora(place, DoraDense, own.rank, own.alpha, own.dropout)
            cell.lora_magnitude_vector = constant((place.shape[0],), 1.0)
            place.put(cell)
            self._cells.append(cell)
        train_only_adapter(network, made, config)

    def loaded(self) -> None:
        """Begin with the lengths that the base's rows have: W' = W."""
        for cell in self._cells:
            lengths = np.sqrt(np.einsum("ij,ij->i", *[weight_values(cell)] * 2, dtype=np.float64))
            cell.lora_magnitude_vector.set_data(Tensor(lengths.astype(np.float32)))


CHANGE = Dora
