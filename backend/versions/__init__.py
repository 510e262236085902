"""MindFormers, version by version: what each of them calls things and can do.

A version is a module here that assigns `VERSION`, an object of a class below `Version`. It is chosen by what is
installed; nothing of MindFormers is imported before a worker asks for it.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

from core.errors import InputError
from core.methods import Method
from core.packed import COLUMNS
from core.registry import VERSIONS
from core.schema import MachineConfig, ModelConfig, RunConfig
from core.validation import ValidationPlan


class Version(ABC):
    """What depends on the version of MindFormers.

    Attributes:
        begins: the first MindFormers of this kind, such as "1.9"; it serves later ones up to the next entry.
        on_cpu: settings of the model's configuration without which the CPU could not run it, or would compute
            something else than the decoder of the kit.
    """

    begins: ClassVar[str]
    on_cpu: ClassVar[dict[str, Any]]

    @abstractmethod
    def model_config(self, model: ModelConfig, seq_length: int, machine: MachineConfig) -> dict[str, Any]:
        """Return MindFormers' configuration of a base model, for sequences of `seq_length` tokens, as plain data."""

    @abstractmethod
    def finetune_yaml(
        self,
        config: RunConfig,
        mindrecord: Path,
        train_folder: Path,
        base: Path | None,
        steps: list[int],
        columns: Sequence[str] = COLUMNS,
    ) -> dict[str, Any]:
        """Compose the YAML that MindFormers' Trainer is given, as plain data.

        Args:
            config: the run's configuration.
            mindrecord: the training data: a folder of MindRecord files, or one of them.
            train_folder: the run's train/ folder; MindFormers' own output goes to train/mindformers/.
            base: the base model's weights; None trains from fresh weights.
            steps: the steps at which the trained tensors are saved.
            columns: of the training data, in the order in which the network takes them.
        """

    def resumed(self, trainer_yaml: dict[str, Any], step: int) -> dict[str, Any]:
        """Return the trainer's YAML for a training that goes on after `step` from the state in train/state/."""
        return {**_monitored(trainer_yaml, resume=step), "data_skip_steps": step}

    def validated(
        self, trainer_yaml: dict[str, Any], config: RunConfig, plan: ValidationPlan, rows: Path, columns: Sequence[str]
    ) -> dict[str, Any]:
        """Return the trainer's YAML for a training that computes the loss on validation records now and then.

        Args:
            trainer_yaml: as composed.
            config: the run's configuration.
            plan: when it is computed.
            rows: folder of the validation records' MindRecord files.
            columns: of these.
        """
        settings = {name: list(value) if isinstance(value, tuple) else value for name, value in vars(plan).items()}
        own = {"rows": str(rows), "columns": list(columns), "batch_size": config.train.batch_size}
        return _monitored(trainer_yaml, validation={**own, **settings})

    @abstractmethod
    def prepare_worker(self, device: str) -> None:
        """Register the kit's train step and callback, and mend what the device lacks; imports MindFormers."""


def version(name: str | None = None) -> Version:
    """Return a version of MindFormers: the one named, else the one installed, else (to plan without it) the newest.

    Raises:
        InputError: there is none of this name.
    """
    if name is not None:
        return _entry(name)
    known = sorted(map(_entry, VERSIONS.names()), key=lambda entry: _numbers(entry.begins))
    try:
        installed = _numbers(metadata.version("mindformers"))
    except metadata.PackageNotFoundError:
        return known[-1]
    begun = [entry for entry in known if _numbers(entry.begins) <= installed]
    return begun[-1] if begun else known[0]


def refuse_older(method: Method[Any]) -> None:
    """Raise InputError where the installed MindFormers would pass over what the method asks of its trainer."""
    try:
        installed = metadata.version("mindformers")
    except metadata.PackageNotFoundError:
        return
    if method.since and _numbers(installed) < _numbers(method.since):
        raise InputError(
            f"{method.title} needs MindFormers {method.since} or later, {installed} is installed; choose another method"
        )


def _monitored(trainer_yaml: dict[str, Any], **settings: Any) -> dict[str, Any]:
    """Return a trainer's YAML with settings added to those of the kit's callback."""
    callbacks = [
        {**callback, **settings} if callback["type"] == "StepMonitor" else callback
        for callback in trainer_yaml["callbacks"]
    ]
    return {**trainer_yaml, "callbacks": callbacks}


def laid_over(composed: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a YAML with settings laid over it, group by group; what it does not have comes last in its group."""
    merged = dict(composed)
    for key, value in changes.items():
        inner = merged.get(key)
        merged[key] = laid_over(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _entry(name: str) -> Version:
    entry: Version = VERSIONS.get(name, Version)
    return entry


def _numbers(text: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with: 1.9.0rc1 -> (1, 9, 0)."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(number) for number in found[0].split(".")) if found else ()
