"""What settings leave to the server: which form of the interface it has, and what it tells of a prompt.

It is asked in the commoner way, and in the other one where its first answer shows that it has no such thing. That is
noted beside the answers, so whoever goes on with them asks in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from core.errors import InputError
from core.progress import say
from core.schema_evaluation import HttpConfig
from inference.http.address import Api, parse_address
from inference.http.connection import Connection, Refused
from inference.http.forms import Chat, Completions, Form
from inference.http.scoring import NoEcho

# Statuses of a server that has no such interface.
_ABSENT = (404, 405, 501)


def form_of(server: HttpConfig) -> Form:
    """Return the form of the interface; completions where that has not been settled."""
    return Chat(server.chat_template_kwargs) if _stated(server) == "chat" else Completions()


def noted(server: HttpConfig) -> dict[str, Any]:
    """Return what decides the answers, for the prediction log; what has not always been there only where it is used."""
    said: dict[str, Any] = {"url": parse_address(server.url).base, "model": server.model, "prompts": server.prompts}
    if _stated(server) == "chat":
        said["api"] = "chat"
        if server.chat_template_kwargs:
            said["chat_template_kwargs"] = dict(server.chat_template_kwargs)
    if server.loglikelihood == "first_token":
        said["loglikelihood"] = "first_token"
    return said


def settled(server: HttpConfig, known: Mapping[str, Any], scoring: bool) -> HttpConfig:
    """Return a server's settings with `api` decided, and `loglikelihood` where log-likelihoods are asked for.

    Args:
        server: the settings.
        known: what was noted beside answers that are there already; empty: none are.
        scoring: whether log-likelihoods are asked for.

    Raises:
        InputError: settings that contradict each other.
    """
    base = parse_address(server.url).base
    before = known if (known.get("url"), known.get("model")) == (base, server.model) else {}
    chat = server.prompts == "text" and before.get("api") == "chat"
    api = _stated(server) or ("chat" if chat else "completions")
    compared = server.loglikelihood
    if not scoring:
        compared = "auto"
    elif compared == "auto":
        compared = "first_token" if api == "chat" else before.get("loglikelihood", "prompt")
    return _changed(server, api=api, loglikelihood=compared)


def otherwise(server: HttpConfig, asked: HttpConfig, key: str | None, error: InputError) -> HttpConfig | None:
    """Return how a server is asked that has shown itself unable to be asked as it was; None where nothing is left.

    Args:
        server: the settings.
        asked: as `settled` decided.
        key: sent as a bearer token where given.
        error: what came of the first question.
    """
    base, refusal = parse_address(server.url).base, error.__cause__ if isinstance(error, NoEcho) else error
    if _stated(server) is None and asked.api == "completions" and asked.prompts == "text" and _lacking(refusal):
        chat = _changed(server, api="chat", loglikelihood="auto")
        if not _answers(chat, key):
            return None
        say(
            f"{base}: has no completions, only chat: each prompt is one turn of a user, around which the server puts "
            "its own template (eval.http.api=chat)"
        )
        return settled(chat, {}, asked.loglikelihood != "auto")
    if server.loglikelihood == "auto" and asked.loglikelihood == "prompt" and isinstance(error, NoEcho):
        say(
            f"{base}: tells no log-probabilities of a prompt: options are compared by those of the answer's first "
            "token, without what follows the letter (eval.http.loglikelihood=first_token)"
        )
        return _changed(asked, loglikelihood="first_token")
    return None


def _changed(server: HttpConfig, **changes: str) -> HttpConfig:
    try:
        return HttpConfig.model_validate({**server.model_dump(), **changes})
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise InputError(f"eval.http: {reason}") from error


def _lacking(refusal: BaseException | None) -> bool:
    """Tell whether a server refused because it has no completions; a few say so with 400, and name the chat."""
    if not isinstance(refusal, Refused):
        return False
    return refusal.status in _ABSENT or (refusal.status in (200, 400) and "chat" in str(refusal).lower())


def _answers(server: HttpConfig, key: str | None) -> bool:
    """Tell whether a server answers one small request."""
    form = form_of(server)
    endpoint = parse_address(server.url).endpoint(form.api)
    connection = Connection(endpoint, form.read, server.timeout, server.retries, 1.0, key)
    try:
        connection.ask({"model": server.model, **form.prompt("1 + 1 ="), "max_tokens": 1}, "a trial question")
    except InputError:
        return False
    return True


def _stated(server: HttpConfig) -> Api | None:
    """Return the form that settings or address name; InputError where they name different ones."""
    named = parse_address(server.url).api
    if server.api == "auto":
        return named
    if named not in (None, server.api):
        raise InputError(
            f"eval.http.api is {server.api}, and the address {server.url} is that of {named}: leave one of them out"
        )
    return server.api
