"""An engine that answers from a script, and requests made of prompts alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from inference.engine import Completion, Engine, GenerationSettings, OnDone, OnScored, Request, cut_at_stop


def requests(prompts: Iterable[str], names: Sequence[str] | None = None) -> list[Request]:
    """Ask each prompt under its name, or its number."""
    return [Request(names[number] if names else str(number), prompt) for number, prompt in enumerate(prompts)]


def scored(pairs: Iterable[tuple[str, str]]) -> list[Request]:
    """Ask for the log-likelihood of each (prompt, continuation)."""
    return [Request(str(number), prompt, continuation) for number, (prompt, continuation) in enumerate(pairs)]


def generated(engine: Engine, prompts: Iterable[str], max_new_tokens: int) -> list[str]:
    """Return the texts that an engine generates greedily after some prompts."""
    return [answer.text for answer in engine.generate(requests(prompts), GenerationSettings(max_new_tokens))]


@dataclass
class ScriptedEngine:
    """An engine for tests that answers from a script; `prompts` keeps what it was asked, in order.

    Attributes:
        answers: prompt to answer, or a function of the prompt; stop strings apply, token limits count words.
        loglikelihoods: (prompt, continuation) to log-likelihood; a pair that is missing gets -1000.
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
        self, requests: Sequence[Request], settings: GenerationSettings, on_done: OnDone | None = None
    ) -> list[Completion]:
        completions = []
        for index, request in enumerate(requests):
            self._note(request.prompt)
            started = time.perf_counter()
            answer = self.answers(request.prompt) if callable(self.answers) else self.answers[request.prompt]
            words = answer.split(" ")[: settings.max_new_tokens]
            text = cut_at_stop(" ".join(words), settings.stop)
            completions.append(Completion(text, len(words), time.perf_counter() - started))
            if on_done is not None:
                on_done(index, completions[-1])
        return completions

    def loglikelihood(self, requests: Sequence[Request], on_done: OnScored | None = None) -> list[float]:
        found = []
        known: set[str] = set()
        for index, request in enumerate(requests):
            if request.prompt not in known:
                self._note(request.prompt)
                known.add(request.prompt)
            found.append(self.loglikelihoods.get((request.prompt, request.continuation), -1000.0))
            if on_done is not None:
                on_done(index, found[-1])
        return found

    def overlong(self, prompts: Sequence[str], new_tokens: int) -> list[bool]:
        return [self.longest is not None and len(prompt) > self.longest for prompt in prompts]

    def _note(self, prompt: str) -> None:
        if self.fail_after is not None and len(self.prompts) >= self.fail_after:
            raise self.failure
        self.prompts.append(prompt)
