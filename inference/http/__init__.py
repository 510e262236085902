"""The engine of a served model: any server with OpenAI's completions interface."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import InputError
from core.schema import RunConfig
from core.schema_evaluation import HttpConfig
from core.text.prompts import Prompt
from core.text.tokenizers import Tokenizer
from inference.engine import Engine
from inference.engines import ServedEngineKind


class HttpKind(ServedEngineKind):
    """Asks over HTTP, with as many requests at a time as `eval.http.concurrency` allows."""

    label = "http"

    def build(self, config: RunConfig, prompt: Prompt, tokenizer: Callable[[], Tokenizer]) -> Engine:
        """See `ServedEngineKind.build`.

        Raises:
            InputError: no address, no model name, or no key in the environment where one is named.
        """
        from inference.http.engine import HttpEngine
        from inference.prompt_fit import PromptFit

        server = _named(config)
        key = os.environ.get(server.api_key_env) if server.api_key_env else None
        if server.api_key_env and not key:
            raise InputError(f"eval.http.api_key_env names {server.api_key_env}, which is not set in the environment")
        fit = None
        if not self.sends_text(config):
            fit = PromptFit(tokenizer(), config.model.max_length, config.model.vocab_size)
            fit.prompt = prompt
        return HttpEngine(
            server.url, server.model, server.concurrency, server.timeout, server.retries, key=key, fit=fit
        )

    def model(self, config: RunConfig) -> Mapping[str, Any]:
        """Return the server's address, its model and in which form prompts are sent; InputError as `build`."""
        from inference.http.engine import base_address

        server = _named(config)
        return {"url": base_address(server.url), "model": server.model, "prompts": server.prompts}

    def plan(self, config: RunConfig, scoring: bool) -> Mapping[str, Any]:
        """Return the server's settings."""
        return {"server": config.eval.http.model_dump(mode="json")}

    def sends_text(self, config: RunConfig) -> bool:
        """Tell whether the server tokenises."""
        return config.eval.http.prompts == "text"


def _named(config: RunConfig) -> HttpConfig:
    server = config.eval.http
    if not (server.url and server.model):
        raise InputError("asking a server needs eval.http.url and eval.http.model (--server URL --model NAME)")
    return server


ENGINE = HttpKind()
