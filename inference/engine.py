"""The one interface behind which every model answers: `Engine`, and a scripted engine for tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from inference.sampling import GREEDY, Sampling


@dataclass(frozen=True)
class Completion:
    """What a model generated for one prompt.

    Attributes:
        text: the generated text without special tokens, cut before the first stop string.
        tokens: number of generated tokens; the end-of-sequence token is not counted.
        seconds: wall-clock time from the prompt entering the computation to its completion.
    """

    text: str
    tokens: int
    seconds: float


OnDone = Callable[[int, Completion], None]
OnWeighed = Callable[[int, float], None]


class Engine(Protocol):
    """A model that continues prompts."""

    def generate(
        self,
        prompts: Sequence[str],
        max_new_tokens: int,
        min_new_tokens: int = 1,
        stop: Sequence[str] = (),
        on_done: OnDone | None = None,
        sampling: Sampling = GREEDY,
        names: Sequence[str] | None = None,
    ) -> list[Completion]:
        """Continue each prompt.

        Args:
            prompts: full prompt texts.
            max_new_tokens: most tokens generated for a prompt.
            min_new_tokens: fewest tokens before the end-of-sequence token is allowed.
            stop: texts before which the completion is cut.
            on_done: called with (index of the prompt, completion) as each one is finished, in any order.
            sampling: how tokens are chosen.
            names: a name for each prompt, such as the question's id: what is sampled depends on it, and not on the
                other prompts. Default: the prompt's index.

        Returns:
            One completion a prompt, in the order of `prompts`.
        """
        ...

    def loglikelihood(
        self, prompts: Sequence[str], continuations: Sequence[str], on_done: OnWeighed | None = None
    ) -> list[float]:
        """Return the natural logarithm of the probability of each continuation after its prompt.

        Prompts that are given several times are computed once.

        Args:
            prompts: full prompt texts.
            continuations: one for each.
            on_done: called with (index of the pair, log-probability) as each one is known, in any order.
        """
        ...

    def overlong(self, prompts: Sequence[str], new_tokens: int) -> list[bool]:
        """Tell which prompts lose their beginning, so that `new_tokens` more tokens fit the model."""
        ...


def cut_at_stop(text: str, stop: Sequence[str]) -> str:
    """Return `text` up to the earliest occurrence of any stop string; empty stop strings are ignored."""
    ends = [text.find(word) for word in stop if word]
    return text[: min((end for end in ends if end >= 0), default=len(text))]


@dataclass
class ScriptedEngine:
    """An engine for tests that answers from a script; `prompts` keeps what it was asked, in order.

    Attributes:
        answers: prompt to answer, or a function of the prompt; stop strings apply, token limits count words.
        loglikelihoods: (prompt, continuation) to log-probability; a pair that is missing gets -1000.
        fail_after: raise `failure` after that many answers: an evaluation killed on the way.
        longest: prompts of more characters are reported as overlong.
    """

    answers: Mapping[str, str] | Callable[[str], str]
    loglikelihoods: Mapping[tuple[str, str], float] = field(default_factory=dict)
    fail_after: int | None = None
    failure: BaseException = field(default_factory=lambda: KeyboardInterrupt("scripted"))
    longest: int | None = None
    prompts: list[str] = field(default_factory=list)

    def generate(
        self,
        prompts: Sequence[str],
        max_new_tokens: int,
        min_new_tokens: int = 1,
        stop: Sequence[str] = (),
        on_done: OnDone | None = None,
        sampling: Sampling = GREEDY,
        names: Sequence[str] | None = None,
    ) -> list[Completion]:
        """Answer each prompt from the script; see `Engine.generate`."""
        completions = []
        for index, prompt in enumerate(prompts):
            self._note(prompt)
            started = time.perf_counter()
            answer = self.answers(prompt) if callable(self.answers) else self.answers[prompt]
            words = answer.split(" ")
            text = cut_at_stop(" ".join(words[:max_new_tokens]), stop)
            completions.append(Completion(text, min(len(words), max_new_tokens), time.perf_counter() - started))
            if on_done is not None:
                on_done(index, completions[-1])
        return completions

    def loglikelihood(
        self, prompts: Sequence[str], continuations: Sequence[str], on_done: OnWeighed | None = None
    ) -> list[float]:
        """Look each (prompt, continuation) up in the script."""
        found = []
        known: set[str] = set()
        for index, pair in enumerate(zip(prompts, continuations, strict=True)):
            if pair[0] not in known:
                self._note(pair[0])
                known.add(pair[0])
            found.append(self.loglikelihoods.get(pair, -1000.0))
            if on_done is not None:
                on_done(index, found[-1])
        return found

    def overlong(self, prompts: Sequence[str], new_tokens: int) -> list[bool]:
        """Compare the prompts with `longest`."""
        return [self.longest is not None and len(prompt) > self.longest for prompt in prompts]

    def _note(self, prompt: str) -> None:
        if self.fail_after is not None and len(self.prompts) >= self.fail_after:
            raise self.failure
        self.prompts.append(prompt)
