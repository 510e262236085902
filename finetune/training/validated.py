"""What the launcher makes of the loss on validation records: which adapters stay as checkpoints, which one is the best.

Adapters of checkpoints lie in train/adapters/; those that validation keeps beside them in train/between/. Where
training stopped early, the five even steps up to there are others than those planned: their adapters change places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from backend.launch import new_rows
from ckpt_tools.merging.adapter import TENSORS
from core.files import make_folder, move, remove_folder, sha256_file, write_json
from core.progress import say
from core.result_parts import SCHEMA
from core.result_types import ValidationEntry, ValidationResult
from core.results import file_name
from core.run_folder import RunFolder
from core.step_names import step_name, step_of
from core.validation import Row, ValidationPlan, lowest

# Folders below train/ that hold adapters, those of the checkpoints first.
ADAPTERS = ("adapters", "between")


def validation_losses(run: RunFolder) -> list[Row]:
    """Return the rows of train/validation.jsonl, as far as they are whole; none where there is no such file."""
    rows: list[Row] = new_rows(run.validation_losses, 0)[1]
    return rows


def saved_adapter(run: RunFolder, step: int) -> Path | None:
    """Return the folder with the adapter of a step; None where it was not saved."""
    folders = [run.train / name / step_name(step) for name in ADAPTERS]
    return next((folder for folder in folders if (folder / TENSORS).is_file()), None)


def put_in_place(run: RunFolder, steps: Sequence[int]) -> None:
    """Let train/adapters/ hold the adapters of just these steps, as far as they were saved."""
    checkpoints, between = (run.train / name for name in ADAPTERS)
    for folder in sorted(checkpoints.glob("step_*")):
        if step_of(folder.name) not in steps:
            make_folder(between)
            remove_folder(between / folder.name)
            move(folder, between / folder.name)
    for step in steps:
        found = saved_adapter(run, step)
        if found is None:
            continue
        if found.parent == between:
            remove_folder(checkpoints / found.name)
            make_folder(checkpoints)
            move(found, checkpoints / found.name)
        else:  # after a kill it may have been saved once more
            remove_folder(between / found.name)


def write_result(run: RunFolder, plan: ValidationPlan, rows: int, steps: Sequence[int]) -> ValidationResult:
    """Write results/validation.json: the losses of the checkpoints, and which is the lowest.

    Args:
        run: a run that was trained.
        plan: when its loss on validation records was computed.
        rows: of the validation records.
        steps: of its checkpoints.
    """
    losses = validation_losses(run)
    by_step = {row["step"]: row for row in losses}
    best, overall = lowest([by_step[step] for step in steps if step in by_step]), lowest(losses)
    result = ValidationResult(
        schema=SCHEMA,
        rows=rows,
        tokens=losses[-1]["tokens"] if losses else 0,
        evaluations=len(losses),
        checkpoints={
            step_name(step): ValidationEntry(loss=_number(by_step[step])) for step in steps if step in by_step
        },
        best=step_name(best["step"]) if best else None,
        lowest_step=overall["step"] if overall else None,
        lowest_loss=overall["loss"] if overall else None,
        stopped_at=plan.stopped(losses),
        losses_sha256=sha256_file(run.validation_losses),
    )
    write_json(run.path / file_name("validation"), result.as_json())
    for line in result.lines():
        say(f"train: {line}")
    return result


def _number(row: Row) -> float | None:
    return row["loss"] if math.isfinite(row["loss"]) else None
