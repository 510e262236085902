"""The engines that there are: each is a module of this room, or of a plug-in folder's, that assigns ENGINE.

A module `inference/mine.py` with an instance of `LocalEngineKind` or `ServedEngineKind` under that name is the engine
"mine": `--set eval.engine=mine`. It is imported when it is asked for, so it may import what it computes with in
`build` only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from core.errors import InputError
from core.registry import ENGINES
from core.schema import RunConfig
from core.text.prompts import Prompt
from core.text.tokenizers import Tokenizer
from inference.engine import Engine

AUTO = "auto"


class LocalEngine(Engine, Protocol):
    """An engine that computes on this machine, with one checkpoint after another."""

    def load(self, checkpoint: Path) -> None:
        """Take the weights of another checkpoint of the same model."""

    def use(self, prompt: Prompt) -> None:
        """Tokenise prompts as this template's from now on, with its special tokens and BOS."""


class EngineKind(ABC):
    """What the kit knows of an engine before one is made.

    Attributes:
        label: its name in prediction logs; answers that were given under different labels are never mixed.
    """

    label: str

    def plan(self, config: RunConfig, scoring: bool) -> Mapping[str, Any]:
        """Return what a dry run shows of an engine's setup, as YAML values.

        Args:
            config: the run's configuration.
            scoring: whether log-likelihoods would be asked for, and not completions.
        """
        return {}

    def sends_text(self, config: RunConfig) -> bool:
        """Tell whether prompt and continuation are sent as one text, with the delimiter that training saw between."""
        return False


class LocalEngineKind(EngineKind):
    """Makes engines that compute on this machine with a checkpoint.

    Attributes:
        device: the `machine.device` for which `eval.engine=auto` takes it; None: it is taken by its name only.
    """

    device: str | None = None

    @abstractmethod
    def build(self, config: RunConfig, checkpoint: Path, tokenizer: Tokenizer, folder: Path) -> LocalEngine:
        """Make an engine.

        Args:
            config: the run's configuration.
            checkpoint: the weights.
            tokenizer: of the model.
            folder: for what the engine's own processes write; nothing else lies there.

        Raises:
            InputError: the checkpoint does not fit the model, or the machine lacks what the engine needs.
        """


class ServedEngineKind(EngineKind):
    """Makes engines that ask a model which a server has loaded; `eval.http` says where and which."""

    @abstractmethod
    def build(self, config: RunConfig, prompt: Prompt, tokenizer: Callable[[], Tokenizer]) -> Engine:
        """Make an engine.

        Args:
            config: the run's configuration.
            prompt: the template of what is asked.
            tokenizer: makes the model's tokenizer, which may not be on this machine: called only where it is needed.

        Raises:
            InputError: the configuration does not say which server, or which of its models.
        """

    def settled(self, config: RunConfig, known: Mapping[str, Any], scoring: bool) -> RunConfig:
        """Return the configuration with what it leaves open decided, so that all answers come in one way; ask nobody.

        Args:
            config: the run's configuration.
            known: what `model` said of answers that are there already; what was decided then stays. Empty: none are.
            scoring: whether log-likelihoods will be asked for, and not completions.

        Raises:
            InputError: settings that contradict each other.
        """
        return config

    def otherwise(self, config: RunConfig, asked: RunConfig, error: InputError) -> RunConfig | None:
        """Return how a server is asked of which the first question showed that it has no such thing.

        Args:
            config: the run's configuration.
            asked: as `settled` decided, or this method before.
            error: what came of the question.

        Returns:
            The configuration with that decided; None where the error is another, or the configuration leaves nothing
            open.
        """
        return None

    @abstractmethod
    def model(self, config: RunConfig) -> Mapping[str, Any]:
        """Return which model answers, for the prediction log: where any of it changes, answers are asked for anew."""


def engine_kind(config: RunConfig) -> EngineKind:
    """Return the engine of a configuration: the one it names, with "auto" the one of the machine's device.

    Raises:
        InputError: no engine is made for the device, or the module's ENGINE is none.
    """
    if config.eval.engine != AUTO:
        return _kind(config.eval.engine)
    device = config.machine.device
    local = (kind for _, kind in _kinds() if isinstance(kind, LocalEngineKind))
    found = next((kind for kind in local if kind.device == device), None)
    if found is None:
        raise InputError(f"no engine runs on machine.device={device}: set eval.engine to one of {ENGINES.names()}")
    return found


def local_engine(config: RunConfig, checkpoint: Path, tokenizer: Tokenizer, folder: Path) -> LocalEngine:
    """Make the configuration's engine with a checkpoint; see `LocalEngineKind.build` and `local_kind`."""
    return local_kind(config).build(config, checkpoint, tokenizer, folder)


def local_kind(config: RunConfig) -> LocalEngineKind:
    """Return the configuration's engine, which computes here; InputError where it asks a server."""
    kind = engine_kind(config)
    if not isinstance(kind, LocalEngineKind):
        raise InputError(
            f"eval.engine is {config.eval.engine}: the server has its checkpoint; give --server and --model, not --ckpt"
        )
    return kind


def served_kind(config: RunConfig) -> ServedEngineKind:
    """Return the configuration's engine, which asks a server; InputError where it does not."""
    kind = engine_kind(config)
    if not isinstance(kind, ServedEngineKind):
        raise InputError(f"eval.engine is {config.eval.engine}: it runs on this machine; give --ckpt, not --server")
    return kind


def default_for_servers() -> str:
    """Return the name of the engine that asks servers where none is named: the kit's own."""
    return next(name for name, kind in _kinds() if isinstance(kind, ServedEngineKind))


def _kinds() -> Iterator[tuple[str, EngineKind]]:
    """Yield name and object of each engine, those of the kit first; each is imported as it is yielded."""
    for name in ENGINES.names():
        yield name, _kind(name)


def _kind(name: str) -> EngineKind:
    kind: EngineKind = ENGINES.get(name, LocalEngineKind, ServedEngineKind)
    return kind
