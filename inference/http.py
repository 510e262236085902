"""An engine that asks a server with OpenAI's completions interface: vLLM, vLLM-MindSpore, MindIE and others.

Interface: POST {base}/completions, https://platform.openai.com/docs/api-reference/completions
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from core.errors import InputError
from inference.engine import Completion, OnDone, cut_at_stop

_RETRIED = {408, 409, 425, 429, 500, 502, 503, 504}
_MAX_ANSWER = 64 << 20


class _Passing(Exception):
    """A fault that may be gone at the next attempt."""


class HttpEngine:
    """An `Engine` over HTTP.

    Args:
        url: base address, such as http://127.0.0.1:8000/v1.
        model: the name under which the server serves the model.
        concurrency: most requests at a time.
        timeout: seconds for one attempt, from connecting to the last byte of its answer.
        attempts: most attempts for one prompt.
        pause: seconds before the second attempt; twice as long before each further one, at most 30.
        key: sent as a bearer token where given.
        extra: further fields of the request, such as {"seed": 1}.

    Raises:
        InputError: an address that is not http(s); while generating: a prompt still fails after all attempts, or the
            server refuses it. What was finished before has been handed to `on_done`.
    """

    def __init__(
        self,
        url: str,
        model: str,
        concurrency: int = 8,
        timeout: float = 120.0,
        attempts: int = 4,
        pause: float = 1.0,
        key: str | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"server address {url!r} must look like http://host:8000/v1")
        if concurrency < 1 or attempts < 1 or timeout <= 0:
            raise InputError("concurrency and attempts must be at least 1 and timeout above 0")
        self.url, self.model, self.extra = url.rstrip("/"), model, dict(extra or {})
        self.concurrency, self.timeout, self.attempts, self.pause, self._key = (
            concurrency,
            timeout,
            attempts,
            pause,
            key,
        )

    def generate(
        self,
        prompts: Sequence[str],
        max_new_tokens: int,
        min_new_tokens: int = 1,
        stop: Sequence[str] = (),
        on_done: OnDone | None = None,
    ) -> list[Completion]:
        """Continue each prompt; see `Engine.generate`. `on_done` is called in the caller's thread."""
        limits = {"max_tokens": max_new_tokens, "temperature": 0}
        # `min_tokens` is vLLM's word and not OpenAI's; a server is bothered with it only where it matters.
        more = {"min_tokens": min_new_tokens} if min_new_tokens > 1 else {}
        found: dict[int, Completion] = {}

        def ask(prompt: str) -> Completion:
            started = time.perf_counter()
            body = {"prompt": prompt, **limits, **more, **({"stop": list(stop)} if stop else {})}
            answer = self._ask(body)
            text, tokens = _completion(answer)
            return Completion(cut_at_stop(text, stop), tokens, time.perf_counter() - started)

        with ThreadPoolExecutor(self.concurrency) as pool:
            # Only as many requests as run at a time are handed in, so that a failure does not wait for the rest.
            waiting = iter(enumerate(prompts))
            running = {pool.submit(ask, prompt): index for index, prompt in _first(waiting, self.concurrency)}
            while running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                failure: BaseException | None = None
                for future in finished:
                    index = running.pop(future)
                    if error := future.exception():
                        failure = failure or error
                        continue
                    found[index] = future.result()
                    if on_done is not None:
                        on_done(index, found[index])
                if failure is not None:
                    raise failure
                for index, prompt in _first(waiting, self.concurrency - len(running)):
                    running[pool.submit(ask, prompt)] = index
        return [found[index] for index in range(len(prompts))]

    def loglikelihood(self, prompts: Sequence[str], continuations: Sequence[str]) -> list[float]:
        """Return log-probabilities from the server's echoed `logprobs`; see `Engine.loglikelihood`.

        A token belongs to the continuation where its text begins at or after the prompt's end.
        """

        def ask(pair: tuple[str, str]) -> float:
            prompt, continuation = pair
            body = {"prompt": prompt + continuation, "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}
            answer = self._ask(body)
            try:
                marks = answer["choices"][0]["logprobs"]
                whole = len(prompt) + len(continuation)
                return sum(
                    float(value)
                    for offset, value in zip(marks["text_offset"], marks["token_logprobs"], strict=True)
                    if len(prompt) <= offset < whole
                )
            except (KeyError, IndexError, TypeError, ValueError) as error:
                raise InputError(f"{self.url}: answers without logprobs of the echoed prompt") from error

        with ThreadPoolExecutor(self.concurrency) as pool:
            return list(pool.map(ask, zip(prompts, continuations, strict=True)))

    def _ask(self, fields: Mapping[str, Any]) -> Any:
        """Send one request, again where a fault may pass; return the parsed answer."""
        body = json.dumps({"model": self.model, **fields, **self.extra}, allow_nan=False).encode()
        pause = self.pause
        for attempt in range(1, self.attempts + 1):
            try:
                return self._attempt(body)
            except _Passing as error:
                if attempt == self.attempts:
                    raise InputError(f"{self.url}: {error}, {attempt} times; is the server well?") from error
            time.sleep(min(pause, 30.0))
            pause *= 2
        raise AssertionError("unreachable")

    def _attempt(self, body: bytes) -> Any:
        status, data = self._exchange(body)
        if status in _RETRIED:
            raise _Passing(f"answered with status {status}")
        if status != 200:
            told = data[:200].decode("utf-8", "replace").strip()
            raise InputError(f"{self.url}: refused the request with status {status} ({told})")
        try:
            answer = json.loads(data)
            _completion(answer)
        except (ValueError, RecursionError) as error:
            raise _Passing("answered with something that is no completion") from error
        return answer

    def _exchange(self, body: bytes) -> tuple[int, bytes]:
        """Post the body; return status and answer within the timeout."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.timeout)
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        late = threading.Event()
        try:
            connection.connect()
            with _deadline(connection.sock, self.timeout, late):
                connection.request("POST", f"{parts.path}/completions", body, headers)
                response = connection.getresponse()
                data = response.read(_MAX_ANSWER)
                if response.length and not late.is_set():
                    raise _Passing("cut the connection" if len(data) < _MAX_ANSWER else "sent too much")
            fault = ""
        except TimeoutError:
            late.set()
        except (OSError, http.client.HTTPException) as error:
            fault = str(error) or type(error).__name__
        finally:
            connection.close()
        if late.is_set():
            raise _Passing(f"did not answer within {self.timeout:g} s")
        if fault:
            raise _Passing(f"connection failed ({fault})")
        return response.status, data


@contextmanager
def _deadline(connected: socket.socket, seconds: float, late: threading.Event) -> Iterator[None]:
    """Cut a connection after `seconds`: its own timeout begins anew with every byte that drips in."""

    def cut() -> None:
        late.set()
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _first(items: Any, count: int) -> list[tuple[int, str]]:
    """Take up to `count` items from an iterator."""
    return [item for _, item in zip(range(count), items, strict=False)]


def _completion(answer: Any) -> tuple[str, int]:
    """Return text and number of generated tokens; ValueError where the answer is no completion."""
    try:
        text, usage = answer["choices"][0]["text"], answer.get("usage") or {}
        tokens = usage.get("completion_tokens", 0)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError("no completion") from error
    if not isinstance(text, str) or not isinstance(tokens, int):
        raise ValueError("no completion")
    return text, tokens
