"""From questions to a predictions file: renders prompts, asks the engine for what is missing, keeps the log."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import sha256_text
from core.progress import Progress, say
from core.text.records import Record
from evaluation.answers.prediction_log import Prediction, PredictionLog
from inference.engine import Completion, Engine, GenerationSettings, Request

MakeEngine = Engine | Callable[[], Engine]
_NEVER = -1e6  # stands for the logarithm of zero, which JSON has no number for


def predict(
    records: Sequence[Record],
    render: Callable[[Record], str],
    make_engine: MakeEngine,
    path: Path,
    settings: Mapping[str, Any],
    generation: GenerationSettings,
) -> Path:
    """Let the model answer every record that the log at `path` has no answer for yet.

    Args:
        records: the questions, with ids of their own.
        render: turns a record into the full prompt.
        make_engine: the model, or a function that makes it: called only when a question is left to answer.
        path: the predictions file (JSON Lines); see `evaluation.answers.prediction_log`.
        settings: what decides the answers apart from prompts and `generation`: checkpoint hash, prompt hash, engine.
            Where anything differs from an earlier run, the earlier predictions are put aside.
        generation: how answers are generated; a question's own id decides what is sampled for it.

    Returns:
        `path`, which now has one line for each record, in the order in which they were finished.

    Raises:
        InputError: no records, an id twice, a record that cannot be rendered, a log that cannot be used.
    """
    noted = {
        "max_new_tokens": generation.max_new_tokens,
        "min_new_tokens": generation.min_new_tokens,
        "stop": list(generation.stop),
        "decoding": "greedy" if generation.sampling.is_greedy else vars(generation.sampling),
        **({"copy_marks": True} if generation.copy_marks else {}),
    }
    with _asking(records, render, path, {**settings, **noted}) as asking:
        if asking.waiting:
            engine = make_engine() if callable(make_engine) else make_engine
            requests = [
                Request(record.id, asking.prompts[record.id], copied=record.question if generation.copy_marks else None)
                for record in asking.waiting
            ]
            cut = asking.overlong(engine, [request.prompt for request in requests], generation.max_new_tokens)

            def on_done(index: int, answer: Completion) -> None:
                asking.add(requests[index].name, answer, truncated=cut[index])

            engine.generate(requests, generation, on_done)
    return path


def predict_options(
    records: Sequence[Record],
    render: Callable[[Record], str],
    make_engine: MakeEngine,
    path: Path,
    settings: Mapping[str, Any],
    options: Callable[[Record], tuple[Sequence[str], Sequence[str]]],
) -> Path:
    """Score the options of every record that the log has no answer for yet by their log-likelihoods.

    A line's `scores` are the options' log-likelihoods after the prompt, and its `text` is the answer of the likeliest
    option, of equals the first.

    Args:
        records: the questions.
        render: turns a record into the full prompt.
        make_engine: as for `predict`.
        path: as for `predict`.
        settings: as for `predict`.
        options: returns the continuations that are scored, and the answer that each of them stands for.

    Raises:
        InputError: as `predict`; the engine has no log-likelihoods.
    """
    with _asking(records, render, path, settings) as asking:
        if asking.waiting:
            engine = make_engine() if callable(make_engine) else make_engine
            asked = [_Scored(record.id, asking.prompts[record.id], *options(record)) for record in asking.waiting]
            cut = asking.overlong(engine, [item.prompt + max(item.continuations, key=len) for item in asked], 0)
            _score(asking, engine, asked, cut)
    return path


@dataclass
class _Scored:
    """A question, the continuations that are scored, the answer that each stands for, and what is known of them."""

    name: str
    prompt: str
    continuations: Sequence[str]
    answers: Sequence[str]
    found: dict[int, float] = field(default_factory=dict)


def _score(asking: _Asking, engine: Engine, asked: Sequence[_Scored], cut: Sequence[bool]) -> None:
    """Score the continuations of all questions; a question is written when the last of its own is known."""
    started = time.perf_counter()
    pairs = [(number, place) for number, item in enumerate(asked) for place in range(len(item.continuations))]

    def on_done(index: int, value: float) -> None:
        nonlocal started
        number, place = pairs[index]
        item = asked[number]
        if math.isnan(value):
            raise InputError(f"question {item.name!r}: its options have no likelihood (NaN); check the weights")
        item.found[place] = round(max(value, _NEVER), 6)
        if len(item.found) == len(item.continuations):
            scores = tuple(item.found[place] for place in range(len(item.found)))
            seconds, started = time.perf_counter() - started, time.perf_counter()
            answer = item.answers[max(range(len(scores)), key=scores.__getitem__)]
            asking.add(item.name, Completion(answer, 0, seconds), cut[number], scores)

    requests = [
        Request(asked[number].name, asked[number].prompt, asked[number].continuations[place]) for number, place in pairs
    ]
    engine.loglikelihood(requests, on_done)


@dataclass
class _Asking:
    """An open prediction log, the prompts, and the questions that have no answer yet."""

    prompts: Mapping[str, str]
    hashes: Mapping[str, str]
    log: PredictionLog
    waiting: Sequence[Record]
    progress: Progress

    def add(self, name: str, answer: Completion, truncated: bool, scores: tuple[float, ...] = ()) -> None:
        """Write one answer."""
        self.log.append(
            Prediction(
                name,
                self.hashes[name],
                answer.text,
                answer.tokens,
                round(answer.seconds, 6),
                truncated,
                scores,
                answer.prompt_tokens or 0,
                answer.reasoning,
            )
        )
        self.progress.advance()

    def overlong(self, engine: Engine, prompts: Sequence[str], new_tokens: int) -> list[bool]:
        """Tell which prompts are cut, and say how many."""
        cut = engine.overlong(prompts, new_tokens)
        if any(cut):
            say(f"{sum(cut)} of {len(prompts)} prompts are too long for the model: truncated on the left")
        return cut


@contextmanager
def _asking(
    records: Sequence[Record], render: Callable[[Record], str], path: Path, settings: Mapping[str, Any]
) -> Iterator[_Asking]:
    if not records:
        raise InputError(f"{path.name}: there are no questions to answer")
    prompts = {record.id: render(record) for record in records}
    if len(prompts) != len(records):
        ids = [record.id for record in records]
        raise InputError(f"question {next(name for name in ids if ids.count(name) > 1)!r} appears twice in the data")
    hashes = {name: sha256_text(prompt) for name, prompt in prompts.items()}
    with PredictionLog(path, settings, hashes) as log:
        waiting = [record for record in records if record.id not in log.done]
        with Progress(path.stem, len(prompts), "questions") as progress:
            progress.advance(len(log.done))
            yield _Asking(prompts, hashes, log, waiting, progress)
