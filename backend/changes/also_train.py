"""Tensors of the base that are trained in full beside a tuning method: `also_train` of its settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.changes import NetworkChange


class AlsoTrain(NetworkChange):
    """Lets the optimizer have what the settings name, after the method has frozen the base."""

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        from core.methods import method
        from core.models import family_with

        super().__init__(network, settings)
        made = method(str(settings["type"]))
        config = made.settings.model_validate(settings)
        parameters = {parameter.name: parameter for parameter in network.get_parameters()}
        adapted = set(made.targets(config, family_with(parameters), parameters))
        for name in made.beside(config, adapted, [name for name in parameters if not made.owns(name)]):
            parameters[name].requires_grad = True


CHANGE = AlsoTrain
