"""The engine that a configuration asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from backend.model_config import llama_config
from core.errors import InputError
from core.schema import RunConfig
from core.text.prompts import Prompt
from core.text.tokenizers import Tokenizer
from inference.ascend.engine import AscendEngine, check_devices, generation_settings
from inference.ascend.pool import WorkerPool
from inference.cpu.engine import MindSporeEngine
from inference.engine import Engine
from inference.http.engine import HttpEngine
from inference.prompt_fit import PromptRoom


class LocalEngine(Engine, Protocol):
    """An engine that computes on this machine, with one checkpoint after another."""

    def load(self, checkpoint: Path) -> None:
        """Take the weights of another checkpoint of the same model."""

    def use(self, prompt: Prompt) -> None:
        """Tokenise prompts as this template's from now on, with its marks and BOS."""


def engine_name(config: RunConfig) -> str:
    """Return the name of the engine that answers: "auto" goes by the machine."""
    names = {"mindspore": "mindspore_cpu", "ascend": "mindformers_ascend", "http": "http"}
    by_machine = "mindspore" if config.machine.device == "CPU" else "ascend"
    return names[by_machine if config.eval.engine == "auto" else config.eval.engine]


def local_engine(config: RunConfig, checkpoint: Path, tokenizer: Tokenizer, folder: Path) -> LocalEngine:
    """Make the engine of this machine with a checkpoint: several workers where it has several NPUs.

    Args:
        config: the run's configuration.
        checkpoint: the weights.
        tokenizer: of the model.
        folder: for the workers' jobs and logs.

    Raises:
        InputError: the checkpoint does not fit the model, or the machine lacks the devices.
    """
    if engine_name(config) == "mindformers_ascend" and config.machine.workers > 1:
        check_devices(config.machine.workers)
        return WorkerPool(config, checkpoint, tokenizer, folder)
    return single_engine(config, checkpoint, tokenizer)


def single_engine(config: RunConfig, checkpoint: Path, tokenizer: Tokenizer) -> LocalEngine:
    """Make an engine that computes in this process; InputError as `local_engine`."""
    model = config.model
    if engine_name(config) == "mindformers_ascend":
        return AscendEngine(ascend_settings(config), checkpoint, tokenizer, model.max_length)
    return MindSporeEngine(model.model_dump(), checkpoint, tokenizer, config.eval.batch_size, model.max_length)


def ascend_settings(config: RunConfig) -> dict[str, Any]:
    """Return the LlamaConfig settings with which MindFormers generates on an NPU."""
    settings = llama_config(config.model, config.model.max_length, config.machine)
    del settings["type"]
    return generation_settings(settings, config.eval.batch_size, config.model.max_length)


def http_engine(config: RunConfig, prompt: Prompt, tokenizer: Callable[[], Tokenizer]) -> HttpEngine:
    """Make the engine that asks the configuration's server; the tokenizer is made only where it is needed.

    Raises:
        InputError: no address, no model name, or no key in the environment where one is named.
    """
    server = config.eval.http
    if not (server.url and server.model):
        raise InputError("eval.engine=http needs eval.http.url and eval.http.model (--server URL --model NAME)")
    key = os.environ.get(server.api_key_env) if server.api_key_env else None
    if server.api_key_env and not key:
        raise InputError(f"eval.http.api_key_env names {server.api_key_env}, which is not set in the environment")
    room = None
    if server.prompts == "tokens":
        room = PromptRoom(tokenizer(), config.model.max_length, config.model.vocab_size)
        room.prompt = prompt
    return HttpEngine(server.url, server.model, server.concurrency, server.timeout, server.retries, key=key, room=room)
