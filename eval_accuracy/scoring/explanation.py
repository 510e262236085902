"""What `--explain` shows: the stages by which one answer is read and judged."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from core.errors import InputError
from core.terminal import show
from core.text.records import Record
from eval_accuracy.judges import Answer, Judge
from evaluation.answers.predictions import Predictions


def one_of(records: Sequence[Record], name: str, path: Path) -> Record:
    """Return the question of this id; InputError, with the nearest id, where there is none."""
    for record in records:
        if record.id == name:
            return record
    near = get_close_matches(name, [record.id for record in records[:10_000]], n=1)
    raise InputError(f"{path}: no question {name!r}" + (f"; did you mean {near[0]!r}?" if near else ""))


def show_stages(records: Sequence[Record], predictions: Predictions, judge: Judge) -> None:
    """Print the stages of each answer, to standard error: standard output is the result's."""
    for record in records:
        show(f"question {record.id}: {record.question}", file=sys.stderr)
        text = predictions.get(record.id)
        if text is None:
            show("  no answer", file=sys.stderr)
            continue
        answer = Answer(text, predictions.scores.get(record.id, ()), predictions.prompts.get(record.id))
        for number, (stage, lines) in enumerate(judge.explain(record, answer), start=1):
            show(f"  {number}. {stage}", file=sys.stderr)
            for line in lines:
                show(f"     {line}", file=sys.stderr)
