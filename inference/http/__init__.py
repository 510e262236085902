"""The engine of a served model: any server with OpenAI's interface, completions or chat."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from core.errors import InputError
from core.schema import RunConfig
from core.schema_evaluation import HttpConfig
from core.text.prompt_tokens import target_delimiter
from core.text.prompts import Prompt
from core.text.tokenizers import Tokenizer
from inference.engine import Engine
from inference.engines import ServedEngineKind


class HttpKind(ServedEngineKind):
    """Asks over HTTP, with as many requests at a time as `eval.http.concurrency` allows."""

    label = "http"

    def settled(self, config: RunConfig, known: Mapping[str, Any], scoring: bool) -> RunConfig:
        """Return the configuration with the form of the interface, and what options are compared by."""
        from inference.http.settling import settled

        return _with(config, settled(_named(config), known, scoring))

    def otherwise(self, config: RunConfig, asked: RunConfig, error: InputError) -> RunConfig | None:
        """Return the configuration for a server that only chats, or tells no log-probabilities of a prompt."""
        from inference.http.settling import otherwise

        server = _named(config)
        other = otherwise(server, asked.eval.http, _key(server), error)
        return None if other is None else _with(config, other)

    def build(self, config: RunConfig, prompt: Prompt, tokenizer: Callable[[], Tokenizer]) -> Engine:
        """See `ServedEngineKind.build`.

        Raises:
            InputError: no address, no model name, or no key (or what cannot be one) in the environment where one is
                named.
        """
        from inference.http.engine import HttpEngine
        from inference.http.settling import form_of
        from inference.prompt_fit import PromptFit

        server = _named(config)
        fit = None
        if server.prompts == "tokens":
            fit = PromptFit(tokenizer(), config.model.max_length, config.model.vocab_size)
            fit.prompt = prompt
        return HttpEngine(
            server.url,
            server.model,
            server.concurrency,
            server.timeout,
            server.retries,
            key=_key(server),
            fit=fit,
            form=form_of(server),
            delimiter=_delimiter(tokenizer),
            first_token=server.loglikelihood == "first_token",
        )

    def model(self, config: RunConfig) -> Mapping[str, Any]:
        """Return the server's address, its model and in which form prompts are sent; InputError as `build`."""
        from inference.http.settling import noted

        return noted(_named(config))

    def plan(self, config: RunConfig, scoring: bool) -> Mapping[str, Any]:
        """Return the server's settings."""
        return {"server": config.eval.http.model_dump(mode="json")}

    def sends_text(self, config: RunConfig) -> bool:
        """Tell whether the server tokenises prompt and continuation as one text; in a chat they are turns."""
        return config.eval.http.prompts == "text" and config.eval.http.api != "chat"


def _delimiter(tokenizer: Callable[[], Tokenizer]) -> str:
    """Return what the model's answers begin with; nothing where its tokenizer is not on this machine to be asked."""
    try:
        return target_delimiter(tokenizer())
    except InputError:
        return ""


def _with(config: RunConfig, server: HttpConfig) -> RunConfig:
    return config.model_copy(update={"eval": config.eval.model_copy(update={"http": server})})


def _key(server: HttpConfig) -> str | None:
    from inference.http.connection import check_key

    key = os.environ.get(server.api_key_env) if server.api_key_env else None
    if server.api_key_env and not key:
        raise InputError(f"eval.http.api_key_env names {server.api_key_env}, which is not set in the environment")
    if key is not None:
        check_key(key, server.api_key_env)
    return key


def _named(config: RunConfig) -> HttpConfig:
    server = config.eval.http
    if not (server.url and server.model):
        raise InputError("asking a server needs eval.http.url and eval.http.model (--server URL --model NAME)")
    return server


ENGINE = HttpKind()
