"""Log-likelihoods of continuations from a server: of the prompt that it echoes, or of its first token."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.errors import InputError
from inference.engine import Request
from inference.http.answers import Answer, Candidate, first_candidates, is_finite
from inference.http.connection import Refused
from inference.http.forms import Form, Sent
from inference.http.letters import INSTEAD, letters
from inference.prompt_fit import PromptFit

Ask = Callable[[Mapping[str, Any], str], Answer]
# How many of the likeliest first tokens are asked for, as servers allow: most of them 20, OpenAI's completions 5,
# llama.cpp any number.
_SOME, _FEWER, _MANY = 20, 5, 1000
# A letter that the server does not name lies below the last that it names; by how much is not known.
_BELOW = 1e-3


class NoEcho(InputError):
    """The server tells no log-probabilities of a prompt; caused by its refusal, where it refused."""


class Scorer(ABC):
    """Scores the continuations of one prompt.

    Args:
        url: the server's, for messages.
        form: how it is asked.
        fit: makes token ids; None: prompts are sent as text.
        ask: sends a request under a name and returns the answer.
    """

    def __init__(self, url: str, form: Form, fit: PromptFit | None, ask: Ask) -> None:
        self._url, self._form, self._fit, self._ask = url, form, fit, ask

    @abstractmethod
    def scores(self, requests: Sequence[Request]) -> list[float]:
        """Return the log-likelihoods of the continuations of one prompt, which all requests have.

        Raises:
            InputError: the server does not tell what is needed for them.
        """


class EchoScorer(Scorer):
    """Takes the sum over the continuation's tokens of the log-probabilities that the server echoes (`echo`).

    Where prompts are sent as text, the continuation's tokens are those that prompt and continuation together have more
    than the prompt alone.
    """

    def scores(self, requests: Sequence[Request]) -> list[float]:
        """See `Scorer.scores`."""
        wholes: list[tuple[Sent, int]]  # what is sent, and how many of its tokens are the prompt's
        if self._fit is None:
            prompt = requests[0].prompt
            start = self._tokens(prompt, f"question {requests[0].name}")
            wholes = [(prompt + request.continuation, start) for request in requests]
        else:
            wholes = [(head + tail, len(head)) for head, tail in self._fit.pairs(requests)]
        return [
            self._echoed(whole, start, request) if request.continuation else 0.0
            for (whole, start), request in zip(wholes, requests, strict=True)
        ]

    def _tokens(self, prompt: str, name: str) -> int:
        """Return the number of tokens that the server makes of a prompt."""
        count = self._ask({**self._form.prompt(prompt), "max_tokens": 1, "temperature": 0}, name).prompt_tokens
        if count is None:
            raise InputError(f"{self._url}: does not report how many tokens a prompt has (usage.prompt_tokens)")
        return count

    def _echoed(self, whole: Sent, start: int, request: Request) -> float:
        """Return the sum of the log-probabilities of a text's tokens from `start` on."""
        name = f"question {request.name}"
        cannot = (
            "log-likelihoods cannot be had without `echo` and `logprobs` of the completions API: set "
            f"eval.http.loglikelihood=first_token where the options are letters, or {INSTEAD}"
        )
        body = {**self._form.prompt(whole), "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}
        try:
            answer = self._ask(body, name)
        except Refused as error:
            raise NoEcho(f"{error}; {cannot}") from error
        logprobs, end = _logprobs(answer), answer.prompt_tokens
        values = logprobs[start : len(logprobs) - 1 if end is None else end]
        if len(logprobs) <= start or None in values:  # the generated token's alone
            raise NoEcho(f"{self._url}: returns no log-probabilities of the prompt; {cannot}")
        if not values:
            raise InputError(
                f"{self._url}: merges the end of {name}'s prompt and its continuation {request.continuation!r} into "
                "one token; set eval.http.prompts=tokens"
            )
        return sum(value for value in values if value is not None)


class FirstTokenScorer(Scorer):
    """Compares options that differ in one token by the likeliest first tokens of an answer; see `letters`."""

    _count, _tells_many = _SOME, True

    def scores(self, requests: Sequence[Request]) -> list[float]:
        """See `Scorer.scores`."""
        name = f"question {requests[0].name}"
        asked = letters(requests, self._fit, self._form.api == "chat")
        candidates = self._candidates(asked.prompt, name)
        found = asked.found(candidates)
        if None in found and self._tells_many:
            try:
                candidates = first_candidates(self._asked(asked.prompt, _MANY, name))
                found = asked.found(candidates)
            except Refused:  # so many are not told
                self._tells_many = False
        if not any(value is not None for value in found):
            raise InputError(
                f"{self._url}: none of {', '.join(map(repr, asked.texts))} is among the {len(candidates)} likeliest "
                f"first tokens of its answer to {name}; {INSTEAD}"
            )
        lowest = min(one.logprob for one in candidates) - _BELOW
        return [lowest if value is None else value for value in found]

    def _candidates(self, prompt: Sent, name: str) -> list[Candidate]:
        try:
            answer = self._asked(prompt, self._count, name)
        except Refused as error:
            if self._count == _FEWER or error.status != 400:
                raise
            answer, self._count = self._asked(prompt, _FEWER, name), _FEWER
        candidates = first_candidates(answer)
        if not candidates:
            raise InputError(
                f"{self._url}: returns no log-probabilities of its answer; log-likelihoods cannot be had without "
                f"`echo` and `logprobs` of the completions API, or `logprobs` alone: {INSTEAD}"
            )
        return candidates

    def _asked(self, prompt: Sent, count: int, name: str) -> Answer:
        limits = {"max_tokens": 1, "temperature": 0}
        return self._ask({**self._form.prompt(prompt), **limits, **self._form.candidates(count)}, name)


def _logprobs(answer: Answer) -> list[float | None]:
    """Return the log-probability of each token of prompt and answer, None for the first; empty where there are none."""
    try:
        listed = answer.choice["logprobs"]["token_logprobs"]
        return [float(value) if is_finite(value) else None for value in listed]
    except (KeyError, TypeError):
        return []
