"""What a network is changed by between MindFormers making it and the first step: cells of a method, packing, dropout.

A change is a class below `NetworkChange` that its module assigns to `CHANGE`: modules of backend/methods/ are the cells
of tuning methods that need their own, those here what a run asks for besides. `network_changes` says which ones a run
needs; they are written beside the trainer's YAML, and each worker makes them as soon as MindFormers has made the
network, before the optimizer is given its parameters. Nothing here imports MindSpore before a worker asks for it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.files import read_json, write_json
from core.packed import SEGMENTS
from core.registry import METHODS, extended

if TYPE_CHECKING:
    from core.methods import MethodConfig
    from core.schema import RunConfig

_FILE = "changes.json"
# Changes of one worker, in their order; its callbacks tell them when weights are loaded and when a step begins.
_MADE: list[NetworkChange] = []


class NetworkChange:
    """A change of a network, made when the object is made.

    Args:
        network: MindFormers' network, with the adapter that its `pet_config` gave it; cells of it are replaced, and
            `requires_grad` of its parameters says afterwards what is trained.
        settings: what `network_changes` wrote for this change: plain data.
    """

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        self.network, self.settings = network, settings

    def loaded(self) -> None:
        """The base's weights are in the network now, and no step was taken."""

    def before_step(self, step: int) -> None:
        """Optimizer step number `step` of the run (from 1) is about to be taken."""

    def state(self) -> Mapping[str, Any]:
        """Return name -> parameter of what steps change besides what is trained; an exact resume puts it back."""
        return {}


def network_changes(config: RunConfig, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the changes that a run needs, in their order: module and settings of each, as plain data.

    Args:
        config: the run's configuration.
        columns: of its rows.
    """
    changes = [*method_changes(config.method), *packing_changes(config, columns)]
    if rate := getattr(config.method, "dropout", 0.0):
        settings = {"rate": rate, "seed": config.train.seed}
        changes.append({"module": "backend.changes.dropout", "settings": settings})
    if alpha := config.train.neftune_alpha:
        settings = {"alpha": alpha, "seed": config.train.seed, "width": config.model.hidden_size}
        changes.append({"module": "backend.changes.noise", "settings": settings})
    if names := config.train.no_decay:
        changes.append({"module": "backend.changes.weight_decay", "settings": {"names": list(names)}})
    return changes


def packing_changes(config: RunConfig, columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the change with which the records of a packed row do not see each other; none for rows of one record."""
    if not config.data.packing:
        return []
    model = config.model
    settings = {
        "bos": None if SEGMENTS in columns else model.bos_token_id,
        "pad": model.pad_token_id,
        "flash": config.machine.flash_attention,
    }
    return [{"module": "backend.changes.packing", "settings": settings}]


def method_changes(method: MethodConfig) -> list[dict[str, Any]]:
    """Return the changes that a tuning method alone needs; a network that is only asked needs no other."""
    from core.methods import method_of

    settings = method.model_dump(mode="json")
    cells = method_of(method).cells_for(method)
    changes = [{"module": f"backend.methods.{cells}", "settings": settings}] if cells else []
    if method.also_train:
        changes.append({"module": "backend.changes.also_train", "settings": settings})
    return changes


def write_changes(trainer_yaml: Path, changes: Sequence[Mapping[str, Any]]) -> None:
    """Write the changes beside the YAML of a run's trainer."""
    write_json(trainer_yaml.with_name(_FILE), changes)


def read_changes(trainer_yaml: Path) -> list[dict[str, Any]]:
    """Return the changes that are written beside a trainer's YAML; none where there is no such file."""
    file = trainer_yaml.with_name(_FILE)
    if not file.exists():
        return []
    changes: list[dict[str, Any]] = read_json(file)
    return changes


def register_changes(changes: Sequence[Mapping[str, Any]]) -> None:
    """Import the changes' modules: what they register with MindFormers has to be known before a network is made."""
    for change in changes:
        _kind(change)


def make_changes(network: Any, changes: Sequence[Mapping[str, Any]]) -> list[NetworkChange]:
    """Change a network; the objects are returned, and kept for `made_changes`. Modules may lie in plug-ins."""
    _MADE.clear()
    _MADE.extend(kind(network, change["settings"]) for change in changes if (kind := _kind(change)))
    return list(_MADE)


def made_changes() -> list[NetworkChange]:
    """Return the changes of this worker's network, in their order."""
    return list(_MADE)


def change_networks(changes: Sequence[Mapping[str, Any]]) -> None:
    """Let MindFormers' trainer make networks with these changes in this process."""
    from mindformers.trainer.base_trainer import BaseTrainer

    register_changes(changes)
    trainer: Any = BaseTrainer
    create = trainer.create_network

    def create_and_change(self: Any, *arguments: Any, **named: Any) -> Any:
        network = create(self, *arguments, **named)
        make_changes(network, changes)
        return network

    trainer.create_network = create_and_change


def _kind(change: Mapping[str, Any]) -> Callable[[Any, Mapping[str, Any]], NetworkChange] | None:
    """Import a change's module and return its class; None where all it does is register with MindFormers."""
    module = str(change["module"])
    # Cells of a plug-in's method import the method itself, whose settings they are made from.
    for package in (module.rpartition(".")[0], METHODS.place):
        extended(package)
    kind: Callable[[Any, Mapping[str, Any]], NetworkChange] | None
    kind = getattr(importlib.import_module(module), "CHANGE", None)
    return kind
