"""An engine that asks a server with OpenAI's interface: vLLM, vLLM-MindSpore, MindIE, llama.cpp and others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, TypeVar

from core.errors import InputError
from inference.engine import Completion, GenerationSettings, OnDone, OnScored, Request, cut_at_stop
from inference.http.address import parse_address
from inference.http.answers import Answer
from inference.http.connection import Connection, Refused
from inference.http.forms import Completions, Form, Sent
from inference.http.scoring import EchoScorer, FirstTokenScorer, Scorer
from inference.prompt_fit import PromptFit
from inference.sampling import uniform

T = TypeVar("T")
_NEWER = "max_completion_tokens"


class HttpEngine:
    """An `Engine` over HTTP.

    Args:
        url: its address; see `inference.http.address.parse_address`.
        model: the name under which the server serves the model.
        concurrency: most requests at a time.
        timeout: seconds for one attempt, from connecting to the last byte of its answer.
        retries: most further attempts for one prompt.
        pause: seconds before the second attempt; twice as long before each further one, at most 30.
        key: sent as a bearer token where given.
        fit: sends prompts as its token ids, cut where they are too long; None: as text, which the server tokenises.
        form: in which form of the interface prompts are sent.
        delimiter: what an answer begins with that goes on with its prompt as one text, and is no part of it; see
            `core.text.prompt_tokens.target_delimiter`.
        first_token: whether log-likelihoods come from the first token's candidates (`letters.py`), not from echoed
            prompts.

    Raises:
        InputError: an address that cannot be; token ids in a chat; while asking: a prompt still fails after all
            attempts, or the server refuses it. What was finished before has been handed to `on_done`.
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
        form: Form | None = None,
        delimiter: str = "",
        first_token: bool = False,
    ) -> None:
        if concurrency < 1 or retries < 0 or timeout <= 0:
            raise InputError("concurrency must be at least 1, retries at least 0 and timeout above 0")
        address, self._form = parse_address(url), form or Completions()
        if fit is not None and self._form.api == "chat":
            raise InputError("a chat takes text: eval.http.prompts=tokens needs eval.http.api=completions")
        self._delimiter, self._limit = delimiter, "max_tokens"
        self.url, self.model, self.concurrency, self._fit = address.base, model, concurrency, fit
        endpoint = address.endpoint(self._form.api)
        self._connection = Connection(endpoint, self._form.read, timeout, retries, pause, key)
        scorer: type[Scorer] = FirstTokenScorer if first_token else EchoScorer
        self._scorer = scorer(self.url, self._form, fit, self._ask)

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
        # One that an answer's delimiter begins would end it at once: it is looked for here alone.
        blank = self._delimiter
        if stop := [word for word in settings.stop if word and not (blank and word.startswith(blank))]:
            limits["stop"] = stop

        def ask(index: int) -> Completion:
            started, request = time.perf_counter(), requests[index]
            body = {**self._form.prompt(self._sent(request, settings.max_new_tokens)), **limits}
            if not sampling.is_greedy:
                body["seed"] = int(uniform(sampling.seed, request.name, 0) * (1 << 31))
            answer = self._ask(body, f"question {request.name}")
            return Completion(
                cut_at_stop(answer.text.removeprefix(self._delimiter), settings.stop),
                answer.completion_tokens or 0,
                time.perf_counter() - started,
                answer.prompt_tokens,
                answer.reasoning,
            )

        found: dict[int, Completion] = {}
        for index, completion in self._each(len(requests), ask):
            found[index] = completion
            if on_done is not None:
                on_done(index, completion)
        return [found[index] for index in range(len(requests))]

    def loglikelihood(self, requests: Sequence[Request], on_done: OnScored | None = None) -> list[float]:
        """Return log-likelihoods; see `Engine.loglikelihood` and `inference.http.scoring`.

        Raises:
            InputError: the server does not tell what is needed for them.
        """
        asked: dict[str, list[int]] = {}
        for place, request in enumerate(requests):
            asked.setdefault(request.prompt, []).append(place)
        groups = list(asked.values())

        def score(number: int) -> list[float]:
            return self._scorer.scores([requests[place] for place in groups[number]])

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

    def _sent(self, request: Request, new_tokens: int) -> Sent:
        if self._fit is None:
            return request.prompt
        return self._fit.ids(request.prompt, request.name, self._fit.limit(new_tokens))

    def _ask(self, fields: Mapping[str, Any], name: str) -> Answer:
        body = self._renamed({"model": self.model, **fields})
        try:
            return self._connection.ask(body, name)
        except Refused as error:
            # OpenAI's newer models know the limit under another name alone, and say which.
            if "max_tokens" not in body or error.status != 400 or _NEWER not in error.told:
                raise
            self._limit = _NEWER
            return self._connection.ask(self._renamed(body), name)

    def _renamed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return {self._limit if field == "max_tokens" else field: value for field, value in body.items()}

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


def _first(items: Iterator[int], count: int) -> list[int]:
    """Take up to `count` items from an iterator."""
    return [item for _, item in zip(range(count), items, strict=False)]
