"""PiSSA in MindFormers' network: LoRA's cell that starts from the leading singular triplets of its weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from mindformers.pet.tuners.lora_adapter import LoRADense
from mindspore import Tensor, ops

from backend.changes import NetworkChange
from backend.methods.layers import (
    Array,
    Placed,
    as_lora,
    chosen_layers,
    config_of,
    constant,
    generator,
    of_first_worker,
    train_only_adapter,
    weight_values,
)  # fmt: skip
from core.methods.pissa import PissaConfig, principal_factors


class PissaDense(Placed, LoRADense):  # type: ignore[misc]
    """A linear layer with W' = W + s·(B·A - B0·A0), the base's weight as it is.

    The paper takes s·B0·A0 off the stored weight once. Here it is taken off the product, so that a weight of 16 bits
    keeps all its digits, and what is trained on is the base to the last bit. Written as (B - B0)·A + B0·(A - A0), no
    large numbers are taken from each other, and the gradients are those of B·A.
    """

    def product(self, rows: Any) -> Any:
        """Return W'x and the bias for rows [rows, in], both in the computing type."""
        dropped = self.lora_dropout(rows)
        a, b = self.mindpet_delta_lora_a, self.mindpet_delta_lora_b
        moved_a, moved_b = a - self.pissa_initial_a, b - self.pissa_initial_b
        update = self._thin(dropped, a, moved_b) + self._thin(dropped, moved_a, self.pissa_initial_b)
        result = self.matmul(rows, self.weight.astype(self.dtype)) + update * ops.cast(self.scaling, self.dtype)
        return self.with_bias(result)

    def _thin(self, rows: Any, a: Any, b: Any) -> Any:
        return self.lora_b_matmul(self.lora_a_matmul(rows, a.astype(self.dtype)), b.astype(self.dtype))


class Pissa(NetworkChange):
    """PiSSA's cells in the place of the chosen layers."""

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(network, settings)
        made, self._config = config_of(settings, PissaConfig)
        self._cells = {}
        for place in chosen_layers(network, made, self._config):
            out, into = place.shape
            own = self._config.local(place.layer)
            cell = as_lora(place, PissaDense, own.rank, own.alpha, own.dropout)
            cell.pissa_initial_a = constant((own.rank, into), 0.0, trained=False)
            cell.pissa_initial_b = constant((out, own.rank), 0.0, trained=False)
            place.put(cell)
            self._cells[place.layer] = cell
        train_only_adapter(network, made, self._config)

    def loaded(self) -> None:
        """Begin with the factors of the base's weights, unless initial factors are there already."""
        for layer, cell in self._cells.items():
            if cell.pissa_initial_b.asnumpy().any():
                continue
            a, b = self._factors(layer, cell)
            for parameter, values in (
                (cell.mindpet_delta_lora_a, a), (cell.mindpet_delta_lora_b, b),
                (cell.pissa_initial_a, a), (cell.pissa_initial_b, b),
            ):  # fmt: skip
                parameter.set_data(Tensor(values))

    def _factors(self, layer: str, cell: Any) -> tuple[Array, Array]:
        """Return A0 and B0, of one decomposition for all workers."""
        random = generator(f"{layer}.weight")

        def made() -> Array:
            a, b = principal_factors(weight_values(cell), self._config.local(layer), random)
            return np.concatenate([a, b.T], axis=1)

        rank, into = cell.pissa_initial_a.shape
        both = of_first_worker(made, (rank, into + cell.pissa_initial_b.shape[0]))
        return np.ascontiguousarray(both[:, :into]), np.ascontiguousarray(both[:, into:].T)


CHANGE = Pissa
