"""VeRA in MindFormers' network: two random matrices for all layers, frozen, and two trained vectors in each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mindspore import nn
from mindspore.ops import operations as P  # noqa: N812 - as MindSpore calls it

from backend.changes import NetworkChange
from backend.methods.layers import (
    Place,
    PlacedLinear,
    chosen_layers,
    config_of,
    constant,
    parameter_of,
    train_only_adapter,
)  # fmt: skip
from core.methods.vera import SHARED, VeraConfig, projections


class VeraLinear(PlacedLinear):
    """A linear layer with W' = W + diag(b)·B·diag(d)·A.

    Args:
        place: the layer whose place it takes.
        config: VeRA's settings.
        a: A of all layers [rank, widest in].
        b: B of all layers [widest out, rank]; each layer uses the first columns of A and the first rows of B.
    """

    def __init__(self, place: Place, config: VeraConfig, a: Any, b: Any) -> None:
        super().__init__(place)
        self.vera_lambda_d = constant((config.rank,), config.d_initial)
        self.vera_lambda_b = constant((self.out_channels,), 0.0)
        self.vera_a, self.vera_b = a, b
        self.vera_dropout = nn.Dropout(p=config.dropout)
        self.thin = P.MatMul(transpose_b=True)

    def product(self, rows: Any) -> Any:
        """Return W'x and the bias for rows [rows, in], both in the computing type."""
        a = self.vera_a[:, : self.in_channels].astype(self.dtype)
        b = self.vera_b[: self.out_channels].astype(self.dtype)
        low = self.thin(self.vera_dropout(rows), a) * self.vera_lambda_d.astype(self.dtype)
        return super().product(rows) + self.thin(low, b) * self.vera_lambda_b.astype(self.dtype)


class Vera(NetworkChange):
    """VeRA's cells in the place of the chosen layers."""

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(network, settings)
        made, config = config_of(settings, VeraConfig)
        places = chosen_layers(network, made, config)
        values = projections(config, [place.shape for place in places])
        shared = [parameter_of(one, trained=False) for one in values]
        for place in places:
            place.put(VeraLinear(place, config, *shared))
        # They belong to no layer, so they are called after all layers are in their places.
        for parameter, name in zip(shared, SHARED, strict=True):
            parameter.name = name
        train_only_adapter(network, made, config)


CHANGE = Vera
