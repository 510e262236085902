"""An evaluation of all of a run's checkpoints, asked and judged as the main job does, is that step of the run."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from evaluation.command_line.checkpoints import find_checkpoints
from evaluation.command_line.evaluation import Evaluation


def noted(evaluation: Evaluation, step: str) -> AbstractContextManager[None]:
    """Return what an evaluator does its work in: it notes the step, or that a part of its results was written over.

    Args:
        evaluation: what the command was asked to do.
        step: the step's name.
    """
    run, config = evaluation.run, evaluation.config
    if run is None or config is None or evaluation.result_file is None:
        return nullcontext()
    words = evaluation.arguments.ckpt
    asked = {checkpoint.path.resolve() for checkpoint in find_checkpoints(words, run, config)}
    whole = {checkpoint.path.resolve() for checkpoint in find_checkpoints(["all"], run, config)}
    return run.step(step) if words == ["all"] or asked == whole else run.steps.partly(step)
