"""An engine that asks a server with OpenAI's completions interface: vLLM, vLLM-MindSpore, MindIE and others.

Interface: POST {base}/completions, https://platform.openai.com/docs/api-reference/completions
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar
from urllib.parse import urlsplit

from core.errors import InputError
from inference.engine import Completion, GenerationSettings, OnDone, OnScored, Request, cut_at_stop
from inference.http.connection import Answer, Connection, Refused
from inference.prompt_fit import PromptFit
from inference.sampling import uniform

T = TypeVar("T")
Prompt = str | list[int]


class HttpEngine:
    """An `Engine` over HTTP.

    Args:
        url: base address, such as http://127.0.0.1:8000/v1; /v1 is added to an address without a path.
        model: the name under which the server serves the model.
        concurrency: most requests at a time.
        timeout: seconds for one attempt, from connecting to the last byte of its answer.
        retries: most further attempts for one prompt.
        pause: seconds before the second attempt; twice as long before each further one, at most 30.
        key: sent as a bearer token where given.
        fit: sends prompts as its token ids, cut where they are too long; None: as text, which the server tokenises.

    Raises:
        InputError: an address that is not http(s); while asking: a prompt still fails after all attempts, or the
            server refuses it. What was finished before has been handed to `on_done`.
    """

    def __init__(
        self,
        url: str,
        model: str,
        concurrency: int = 8,
        timeout: float = 60.0,
        retries: int = 3,
        pause: float = 1.0,
        key: str | None = None,
        fit: PromptFit | None = None,
    ) -> None:
        if concurrency < 1 or retries < 0 or timeout <= 0:
            raise InputError("concurrency must be at least 1, retries at least 0 and timeout above 0")
        self.url, self.model, self.concurrency, self._fit = base_address(url), model, concurrency, fit
        self._connection = Connection(f"{self.url}/completions", timeout, retries, pause, key)

    def generate(
        self, requests: Sequence[Request], settings: GenerationSettings, on_done: OnDone | None = None
    ) -> list[Completion]:
        """Continue each prompt; see `Engine.generate`. `on_done` is called in the caller's thread.

        What is sampled is the server's matter: it is sent a seed that the question's name decides.
        """
        sampling = settings.sampling
        limits: dict[str, Any] = {"max_tokens": settings.max_new_tokens, "temperature": sampling.temperature}
        # These are vLLM's words and not OpenAI's; a server is bothered with them only where they matter.
        if settings.min_new_tokens > 1:
            limits["min_tokens"] = settings.min_new_tokens
        if not sampling.is_greedy:
            limits["top_p"] = sampling.top_p
            if sampling.top_k:
                limits["top_k"] = sampling.top_k
        if settings.stop:
            limits["stop"] = list(settings.stop)

        def ask(index: int) -> Completion:
            started, request = time.perf_counter(), requests[index]
            body = {"prompt": self._sent(request, settings.max_new_tokens), **limits}
            if not sampling.is_greedy:
                body["seed"] = int(uniform(sampling.seed, request.name, 0) * (1 << 31))
            answer = self._ask(body, f"question {request.name}")
            tokens = answer.usage("completion_tokens")
            return Completion(cut_at_stop(answer.text, settings.stop), tokens or 0, time.perf_counter() - started)

        found: dict[int, Completion] = {}
        for index, completion in self._each(len(requests), ask):
            found[index] = completion
            if on_done is not None:
                on_done(index, completion)
        return [found[index] for index in range(len(requests))]

    def loglikelihood(self, requests: Sequence[Request], on_done: OnScored | None = None) -> list[float]:
        """Return log-likelihoods from the server's echoed `logprobs`; see `Engine.loglikelihood`.

        Where prompts are sent as text, the continuation's tokens are those that prompt and continuation together have
        more than the prompt alone.

        Raises:
            InputError: the server does not echo log-probabilities.
        """
        asked: dict[str, list[int]] = {}
        for place, request in enumerate(requests):
            asked.setdefault(request.prompt, []).append(place)
        groups = list(asked.values())

        def score(number: int) -> list[float]:
            return self._score([requests[place] for place in groups[number]])

        sums = [0.0] * len(requests)
        for number, values in self._each(len(groups), score):
            for place, value in zip(groups[number], values, strict=True):
                sums[place] = value
                if on_done is not None:
                    on_done(place, value)
        return sums

    def overlong(self, prompts: Sequence[str], new_tokens: int) -> list[bool]:
        """See `Engine.overlong`; with prompts sent as text the server decides, and refuses or cuts by itself."""
        return [False] * len(prompts) if self._fit is None else self._fit.overlong(prompts, new_tokens)

    def _sent(self, request: Request, new_tokens: int) -> Prompt:
        if self._fit is None:
            return request.prompt
        return self._fit.ids(request.prompt, request.name, self._fit.limit(new_tokens))

    def _tokens(self, prompt: str, name: str) -> int:
        """Return the number of tokens that the server makes of a prompt."""
        count = self._ask({"prompt": prompt, "max_tokens": 1, "temperature": 0}, name).usage("prompt_tokens")
        if count is None:
            raise InputError(f"{self.url}: does not report how many tokens a prompt has (usage.prompt_tokens)")
        return count

    def _score(self, requests: Sequence[Request]) -> list[float]:
        """Return the log-likelihoods of the continuations of one prompt."""
        wholes: list[tuple[Prompt, int]]  # what is sent, and how many of its tokens are the prompt's
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

    def _echoed(self, whole: Prompt, start: int, request: Request) -> float:
        """Return the sum of the log-probabilities of a text's tokens from `start` on."""
        body = {"prompt": whole, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}
        name = f"question {request.name}"
        cannot = (
            "log-likelihoods cannot be had without `echo` and `logprobs` of the completions API: use --mode generate "
            "or --mode circular"
        )
        try:
            answer = self._ask(body, name)
        except Refused as error:
            raise InputError(f"{error}; {cannot}") from error
        end = answer.usage("prompt_tokens")
        try:
            logprobs = answer.choice["logprobs"]["token_logprobs"]
            if len(logprobs) <= start:  # the generated token's alone
                raise ValueError
            values = [float(value) for value in logprobs[start : len(logprobs) - 1 if end is None else end]]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{self.url}: returns no log-probabilities of the prompt; {cannot}") from error
        if not values:
            raise InputError(
                f"{self.url}: merges the end of {name}'s prompt and its continuation {request.continuation!r} into one "
                "token; set eval.http.prompts=tokens"
            )
        return sum(values)

    def _ask(self, fields: Mapping[str, Any], name: str) -> Answer:
        return self._connection.ask({"model": self.model, **fields}, name)

    def _each(self, count: int, work: Callable[[int], T]) -> Iterator[tuple[int, T]]:
        """Do numbered work, so many at a time; yield (number, result) as it is done, and then raise what went wrong."""
        with ThreadPoolExecutor(self.concurrency) as pool:
            try:
                yield from self._finished(pool, count, work)
            except BaseException:
                self._connection.stop()  # else leaving the pool waits for what is under way
                raise

    def _finished(self, pool: ThreadPoolExecutor, count: int, work: Callable[[int], T]) -> Iterator[tuple[int, T]]:
        # Only as much as runs at a time is handed in, so that a failure does not wait for the rest.
        waiting = iter(range(count))
        running: dict[Future[T], int] = {}
        failure: BaseException | None = None
        while True:
            if failure is None:
                for number in _first(waiting, self.concurrency - len(running)):
                    running[pool.submit(work, number)] = number
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                number = running.pop(future)
                if error := future.exception():
                    failure = failure or error
                else:
                    yield number, future.result()
        if failure is not None:
            raise failure


def base_address(url: str) -> str:
    """Return a server's base address with /v1 where it has no path; InputError for one that is not http(s)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"server address {url!r} must look like http://host:8000/v1")
    return url.rstrip("/") if parts.path.strip("/") else f"{url.rstrip('/')}/v1"


def _first(items: Iterator[int], count: int) -> list[int]:
    """Take up to `count` items from an iterator."""
    return [item for _, item in zip(range(count), items, strict=False)]
