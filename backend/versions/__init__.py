"""MindFormers, version by version: what each of them calls things and can do.

A version is a module here that assigns `VERSION`, an object of a class below `Version`. It is chosen by what is
installed, or by `machine.bundle` to plan for what is not; nothing of MindFormers is imported before a worker asks for
it. What a version cannot do is refused by name before anything starts.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

from backend.versions.dialect import Dialect, Release
from core.errors import InputError
from core.methods import method_of
from core.packed import COLUMNS
from core.registry import VERSIONS
from core.schema import MachineConfig, ModelConfig, RunConfig
from core.validation import ValidationPlan


class Version(ABC):
    """What depends on the version of MindFormers.

    Attributes:
        begins: the first MindFormers of this kind, such as "1.9"; it serves later ones up to the next entry.
        releases: version -> what it was released for.
        tried: what of it has been run, and where.
        dialect: what its YAML may say.
        on_cpu: settings of the model's configuration without which the CPU could not run it, or would compute
            something else than the decoder of the kit.
    """

    begins: ClassVar[str]
    releases: ClassVar[Mapping[str, Release]]
    tried: ClassVar[str]
    dialect: ClassVar[Dialect]
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

    def lacks(self, config: RunConfig, base: Path | None) -> list[str]:
        """Return what it cannot do of what a run asks for: a sentence each, with what to do instead.

        Args:
            config: the run's configuration.
            base: the base model's weights.
        """
        number, since = number_of(config.machine) or self.begins, method_of(config.method).since
        found = []
        if since and numbers(number) < numbers(since):
            title = method_of(config.method).title
            found.append(f"{title} needs MindFormers {since} or later, this is {number}; choose another method")
        if base is not None and base.suffix not in self.dialect.formats:
            found.append(
                f"MindFormers {number} loads {' or '.join(self.dialect.formats)} only, not {base.name}: convert it "
                f"(python ckpt_tools/convert.py {base} --out base{self.dialect.formats[0]})"
            )
        return found

    def notes(self, config: RunConfig) -> list[str]:
        """Return what is different from the newest MindFormers in a run's figures, a sentence each."""
        return []

    def refuse(self, config: RunConfig, base: Path | None) -> None:
        """Raise InputError with all that it lacks for a run."""
        if found := self.lacks(config, base):
            raise InputError("; ".join(found))

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
    number = installed()
    return _known()[-1] if number is None else serving(number)


def version_of(machine: MachineConfig) -> Version:
    """Return the version that a machine has: that of `machine.bundle`, else as `version`.

    Raises:
        InputError: the bundle is older than every entry.
    """
    if not machine.bundle:
        return version()
    oldest = _known()[0]
    if numbers(machine.bundle) < numbers(oldest.begins):
        raise InputError(
            f"machine.bundle is {machine.bundle}: the kit knows MindFormers from {oldest.begins} on "
            f"({', '.join(number for entry in _known() for number in entry.releases)})"
        )
    return serving(machine.bundle)


def serving(number: str) -> Version:
    """Return the entry that serves a MindFormers, such as "1.8.0": the last one that had begun by then."""
    begun = [entry for entry in _known() if numbers(entry.begins) <= numbers(number)]
    return begun[-1] if begun else _known()[0]


def installed() -> str | None:
    """Return the number of the MindFormers installed; None where there is none."""
    try:
        return metadata.version("mindformers")
    except metadata.PackageNotFoundError:
        return None


def number_of(machine: MachineConfig) -> str | None:
    """Return the number of a machine's MindFormers: `machine.bundle`, else the one installed; None: not known."""
    return machine.bundle or installed()


def described(config: RunConfig) -> dict[str, Any]:
    """Return what a run's MindFormers is, as plain data: number, what it was released for, what was tried, notes."""
    entry, number = version_of(config.machine), number_of(config.machine)
    number = number or list(entry.releases)[-1]
    release = entry.releases.get(number)
    unknown = "" if release else f"{number} itself is not known here, and served as the nearest earlier one; "
    return {
        "mindformers": number,
        "mindspore": release.mindspore if release else "",
        "cann": release.cann if release else "",
        "python": release.python if release else "",
        "tried": unknown + entry.tried,
        "notes": entry.notes(config),
    }


def need_bundle(machine: MachineConfig) -> None:
    """Raise InputError where another MindFormers is installed than `machine.bundle` names: its YAML would be wrong."""
    here = installed()
    if machine.bundle and here and serving(machine.bundle) is not serving(here):
        raise InputError(
            f"machine.bundle is {machine.bundle}, and MindFormers {here} is installed: a plan can be made for another "
            "one (finetune/run.py --dry-run), training needs the one that is there; leave machine.bundle out"
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


def _known() -> list[Version]:
    """Return all entries, the oldest first."""
    return sorted(map(_entry, VERSIONS.names()), key=lambda entry: numbers(entry.begins))


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers that a version begins with: 1.9.0rc1 -> (1, 9, 0)."""
    found = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(number) for number in found[0].split(".")) if found else ()
