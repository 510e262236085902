"""From questions to a predictions file: renders prompts, asks the engine for what is missing, keeps the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import sha256_text
from core.progress import Progress
from core.records import Record
from inference.engine import Completion, Engine
from inference.ledger import Ledger, Prediction


def predict(
    records: Sequence[Record],
    render: Callable[[Record], str],
    make_engine: Engine | Callable[[], Engine],
    path: Path,
    settings: Mapping[str, Any],
    max_new_tokens: int,
    min_new_tokens: int = 1,
    stop: Sequence[str] = (),
) -> Path:
    """Answer every record that the ledger at `path` has no answer for yet.

    Args:
        records: the questions, with ids of their own.
        render: turns a record into the full prompt.
        make_engine: the model, or a function that makes it: called only when a question is left to answer.
        path: the predictions file (JSON Lines); see `inference.ledger`.
        settings: what decides the answers apart from prompts and the limits given here: checkpoint hash, prompt
            hash, engine. Where anything differs from an earlier run, the earlier predictions are put aside.
        max_new_tokens: most tokens of an answer.
        min_new_tokens: fewest tokens of an answer.
        stop: texts before which an answer ends.

    Returns:
        `path`, which now has one line for each record, in the order in which they were finished.

    Raises:
        InputError: no records, an id twice, a record that cannot be rendered, a ledger that cannot be used.
    """
    if not records:
        raise InputError(f"{path.name}: there are no questions to answer")
    prompts = {record.id: render(record) for record in records}
    if len(prompts) != len(records):
        ids = [record.id for record in records]
        raise InputError(f"question {next(name for name in ids if ids.count(name) > 1)!r} stands twice in the data")
    hashes = {name: sha256_text(prompt) for name, prompt in prompts.items()}
    limits = {"max_new_tokens": max_new_tokens, "min_new_tokens": min_new_tokens, "stop": list(stop)}
    with Ledger(path, {**settings, **limits}, hashes) as ledger:
        waiting = [name for name in prompts if name not in ledger.done]
        if waiting:
            engine = make_engine() if callable(make_engine) else make_engine
            with Progress(path.stem, len(prompts), "questions") as progress:
                progress.advance(len(ledger.done))

                def on_done(index: int, answer: Completion) -> None:
                    name = waiting[index]
                    seconds = round(answer.seconds, 6)
                    ledger.append(Prediction(name, hashes[name], answer.text, answer.tokens, seconds))
                    progress.advance()

                engine.generate([prompts[name] for name in waiting], max_new_tokens, min_new_tokens, stop, on_done)
    return path
