"""IA3 in MindFormers' network: linear layers whose outputs or inputs are scaled by a trained vector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.changes import NetworkChange
from backend.methods.layers import PlacedLinear, chosen_layers, config_of, constant, train_only_adapter
from core.methods.ia3 import METHOD, Ia3Config


class ScaledOutputs(PlacedLinear):
    """A linear layer whose products are scaled, without a bias."""

    def product(self, rows: Any) -> Any:
        """Return l·(Wx) for rows [rows, in], both in the computing type."""
        return super().product(rows) * self.ia3_l.astype(self.dtype)


class ScaledBiased(PlacedLinear):
    """A linear layer whose products are scaled, the bias in them too."""

    def product(self, rows: Any) -> Any:
        """Return l·(Wx + bias) for rows [rows, in], both in the computing type."""
        return super().product(rows) * self.ia3_l_biased.astype(self.dtype)


class ScaledInputs(PlacedLinear):
    """A linear layer whose inputs are scaled."""

    def product(self, rows: Any) -> Any:
        """Return W(l·x) and the bias for rows [rows, in], both in the computing type."""
        return super().product(rows * self.ia3_l_in.astype(self.dtype))


_CELLS = {"l": ScaledOutputs, "l_biased": ScaledBiased, "l_in": ScaledInputs}


class Ia3(NetworkChange):
    """IA3's cells in the place of the chosen layers."""

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(network, settings)
        made, config = config_of(settings, Ia3Config)
        for place in chosen_layers(network, made, config):
            ((role, shape),) = METHOD.layer_shapes(config, place.layer, *place.shape, place.cell.has_bias).items()
            cell = _CELLS[role](place)
            setattr(cell, METHOD.parts[role], constant(shape, 1.0))
            place.put(cell)
        train_only_adapter(network, made, config)


CHANGE = Ia3
