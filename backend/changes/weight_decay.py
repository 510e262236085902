"""Parameters that weight decay leaves alone, chosen by parts of their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.changes import NetworkChange


class NoDecay(NetworkChange):
    """Tells MindFormers, which groups the parameters for the optimizer, which of them have no weight decay.

    Settings: `names`, a list of parts of names. MindFormers itself spares biases and all that has one dimension.
    """

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(network, settings)
        names = set(settings["names"])
        network.no_weight_decay_keywords = lambda: names


CHANGE = NoDecay
