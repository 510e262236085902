"""An evaluation of all of a run's checkpoints, asked and judged as the main job does, is that step of the run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from core.errors import InputError
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.step_names import BASE
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
    all_asked = _asks_all(evaluation.arguments.ckpt, run, config)
    return run.step(step) if all_asked else run.steps.partly(step)


def _asks_all(words: Sequence[str], run: RunFolder, config: RunConfig) -> bool:
    """Tell whether a command line names the base and every checkpoint that the run makes."""
    if list(words) == ["all"]:
        return True
    try:
        asked, every = (
            {checkpoint.path.resolve() for checkpoint in find_checkpoints(each, run, config)}
            for each in (words, ["all"] if "merge" in config.steps else [BASE])
        )
    except InputError:  # which the command itself will say
        return False
    return asked == every
