"""Asking a checkpoint of a run to mark texts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.run_folder import RunFolder
from core.text.markup import Marked
from core.text.records import Record
from evaluation.asking.predictor import Predictor
from evaluation.command_line.checkpoints import find_checkpoints


def ask(run: RunFolder, name: str, texts: Sequence[Marked], kind: str) -> Path:
    """Let a checkpoint answer what it has not answered yet; return predictions/KIND_NAME.jsonl.

    Args:
        run: the run.
        name: of its checkpoint.
        texts: those without a character are not asked.
        kind: begins the name of the file.

    Raises:
        InputError: there is no such checkpoint, or as `Predictor.predict`.
    """
    config = run.config()
    records = [
        Record(str(number), config.task, line.text, line.text) for number, line in enumerate(texts) if line.text.strip()
    ]
    (checkpoint,) = find_checkpoints([name], run, config)
    path = run.predictions / f"{kind}_{checkpoint.name}.jsonl"
    return Predictor(config, run).predict(checkpoint, records, "accuracy", path)
