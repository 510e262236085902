"""The one interface behind which every model answers: `Engine`, what it is asked and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from inference.sampling import GREEDY, Sampling


@dataclass(frozen=True)
class Request:
    """One question to a model.

    Attributes:
        name: the question's id: messages name it, and what is sampled depends on it and on no other request.
        prompt: the full prompt text.
        continuation: the text whose log-likelihood after the prompt is wanted; `generate` passes it over.
        copied: a text that the completion repeats, with marks `{text|TYPE}` put in and nothing else changed; None: the
            completion is free. An engine that cannot choose among tokens passes it over: align what it writes.
    """

    name: str
    prompt: str
    continuation: str = ""
    copied: str | None = None


@dataclass(frozen=True)
class GenerationSettings:
    """How prompts are continued, the same for all requests of a call.

    Attributes:
        max_new_tokens: most tokens generated for a prompt.
        min_new_tokens: fewest tokens before the end-of-sequence token is allowed.
        stop: texts before which a completion is cut.
        sampling: how tokens are chosen.
        copy_marks: each completion copies its question and puts marks in; see `Request.copied`.
    """

    max_new_tokens: int
    min_new_tokens: int = 1
    stop: tuple[str, ...] = ()
    sampling: Sampling = GREEDY
    copy_marks: bool = False


@dataclass(frozen=True)
class Completion:
    """What a model generated for one prompt.

    Attributes:
        text: the generated text without special tokens, cut before the first stop string.
        tokens: number of generated tokens; the end-of-sequence token is not counted.
        seconds: wall-clock time from the prompt entering the computation to its completion.
        prompt_tokens: number of the prompt's tokens, where a server counts and tells them.
        reasoning: what a reasoning model thought before `text`, where a server keeps that apart.
    """

    text: str
    tokens: int
    seconds: float
    prompt_tokens: int | None = None
    reasoning: str = ""


OnDone = Callable[[int, Completion], None]
OnScored = Callable[[int, float], None]


class Engine(Protocol):
    """A model that continues prompts."""

    def generate(
        self, requests: Sequence[Request], settings: GenerationSettings, on_done: OnDone | None = None
    ) -> list[Completion]:
        """Continue each prompt.

        Args:
            requests: the prompts; a completion does not depend on what else is asked with it.
            settings: how they are continued.
            on_done: called with (index of the request, completion) as each one is finished, in any order.

        Returns:
            One completion a request, in the order of `requests`.
        """
        ...

    def loglikelihood(self, requests: Sequence[Request], on_done: OnScored | None = None) -> list[float]:
        """Return the natural logarithm of the probability of each continuation after its prompt, 0 for an empty one.

        A prompt that several requests share is computed once.

        Args:
            requests: prompts with continuations.
            on_done: called with (index of the request, log-likelihood) as each one is known, in any order.
        """
        ...

    def overlong(self, prompts: Sequence[str], new_tokens: int) -> list[bool]:
        """Tell which prompts lose their beginning, so that `new_tokens` more tokens fit the model."""
        ...


def cut_at_stop(text: str, stop: Sequence[str]) -> str:
    """Return `text` up to the earliest occurrence of any stop string; empty stop strings are ignored."""
    ends = [text.find(word) for word in stop if word]
    return text[: min((end for end in ends if end >= 0), default=len(text))]
