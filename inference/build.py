"""The engine that a configuration asks for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from core.errors import InputError
from core.prompts import Prompt
from core.schema import RunConfig
from core.tokenizers import Tokenizer
from finetune.recipe import llama_config
from inference.engine import Engine
from inference.http import HttpEngine
from inference.prompt_room import PromptRoom


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


def local_engine(config: RunConfig, checkpoint: Path, tokenizer: Tokenizer) -> LocalEngine:
    """Make the engine of this machine with a checkpoint.

    Raises:
        InputError: the checkpoint does not fit the model, or the machine lacks the device.
    """
    model = config.model
    if engine_name(config) == "mindformers_ascend":
        from inference.mindformers_ascend import AscendEngine

        settings = llama_config(model, model.max_length, config.machine)
        del settings["type"]
        return AscendEngine(settings, checkpoint, tokenizer, config.eval.batch_size, model.max_length)
    from inference.mindspore_cpu import MindSporeEngine

    return MindSporeEngine(model.model_dump(), checkpoint, tokenizer, config.eval.batch_size, model.max_length)


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
