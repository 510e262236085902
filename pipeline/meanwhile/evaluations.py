"""Evaluating checkpoints while training goes on, so that a run that goes wrong is seen, and stopped, early.

Each adapter that training has saved is merged and asked, one after another, by the commands that the merge step and
the evaluating steps use themselves, in processes of their own: what they make is what those steps would make, and is
not made again. Where the machine cannot hold training and an evaluation at once, nothing is done here, and the steps
follow in their turn.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from backend.host import free_memory
from ckpt_tools.merging.adapter import DESCRIPTION
from core.errors import GateError, KitError
from core.models import total_parameters
from core.places import ROOT
from core.processes import die_with_parent
from core.progress import say
from core.result_parts import SCHEMA, ByCheckpoint
from core.result_types import RetentionResult
from core.results import RESULTS, parsed
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.step_names import BASE, step_of, step_order
from core.steps import step_named
from core.untrusted import load_json
from finetune.training.plan import memory_needed
from pipeline.steps import merging

_POLL_SECONDS = 0.5
# Bytes that an evaluation takes besides twice its weights in float32, measured with the practice model.
_EVALUATION = 700_000_000


def run_with_evaluations(process: subprocess.Popen[bytes], run: RunFolder, config: RunConfig) -> int:
    """Wait for training to end, and evaluate meanwhile what it saves.

    Args:
        process: the training.
        run: the run that it trains.
        config: its configuration; `train.evaluate` names what is evaluated.

    Returns:
        The exit code of the training.

    Raises:
        GateError: a checkpoint does not pass the gate, and `train.evaluate_stop` says to stop: training is to be ended.
    """
    if reason := _why_not(config):
        say(f"train.evaluate: {reason}; the checkpoints are evaluated after training")
        return process.wait()
    evaluated: set[str] = set()
    while process.poll() is None:
        waiting = [name for name in _saved(run) if name not in evaluated]
        if not waiting:
            time.sleep(_POLL_SECONDS)
            continue
        evaluated.add(waiting[0])
        failed = _evaluate(run, config, waiting[0])
        if failed and config.train.evaluate_stop and process.poll() is None:
            raise GateError(
                f"training was stopped: {failed}. Start anew with other settings, such as a lower "
                "train.learning_rate, or with train.evaluate_stop=false"
            )
    return process.returncode


def _why_not(config: RunConfig) -> str:
    """Return why this machine cannot evaluate beside training; empty where it can."""
    if config.machine.device != "CPU":
        return "training holds the machine's NPUs"
    needed = memory_needed(config) + _EVALUATION + 2 * 4 * total_parameters(config.model)
    if (free := free_memory()) < needed:
        return f"training and evaluation need {needed / 1e9:.1f} GB of memory together, {free / 1e9:.1f} GB are free"
    return ""


def _saved(run: RunFolder) -> list[str]:
    """Return the names of the checkpoints whose adapters are whole, in their order: the description comes last."""
    folders = [file.parent.name for file in (run.train / "adapters").glob(f"step_*/{DESCRIPTION}")]
    return sorted((name for name in folders if step_of(name) is not None), key=step_order)


def _evaluate(run: RunFolder, config: RunConfig, name: str) -> str:
    """Merge and evaluate one checkpoint, and say its figures.

    Returns:
        Why it does not pass the retention gate, in a sentence; empty where it does, or where that is not known.
    """
    figures, fault = [], ""
    try:
        with run.steps.in_part("merge"):
            _output(merging(run, config, [run.train / "adapters" / name]))
        for step in config.train.evaluate:
            command = step_named(step).beside
            assert command is not None  # the configuration's check
            with run.steps.in_part(step):
                result = _result(step, _output(command(run, config, name, config.train.evaluate_limit)))
            figures += [f"{cell.head} {cell.text.strip()}" for cell in result.cells(name)]
            if isinstance(result, RetentionResult):
                fault = _gate_fault(result, name)
    except KitError as error:  # what took hours goes on
        say(f"{name} could not be evaluated while training goes on: {error}")
    else:
        limit = config.train.evaluate_limit
        say(f"evaluated meanwhile: {name}: {', '.join(figures)}" + (f" (first {limit} questions)" if limit else ""))
    return fault


def _output(command: Sequence[str]) -> str:
    """Run one of the kit's commands and return what it prints; KitError with its last line where it fails."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    if done.returncode:
        raise KitError((done.stderr.strip().splitlines() or ["no word"])[-1])
    return done.stdout


def _result(step: str, printed: str) -> ByCheckpoint:
    """Return the result that an evaluating step printed for the base and a checkpoint."""
    kind = next(kind.type for kind in RESULTS.values() if kind.step == step)
    result = parsed({**load_json(printed, step), "schema": SCHEMA}, kind, step)
    assert isinstance(result, ByCheckpoint)
    return result


def _gate_fault(result: RetentionResult, name: str) -> str:
    base, row = result.checkpoints[BASE], result.checkpoints[name]
    if row.gate is None or row.gate.passed:
        return ""
    return (
        f"{name} does not pass the retention gate (F1 {row.contest.f1:.2f} of {base.contest.f1:.2f}, "
        f"EM {row.contest.em:.2f} of {base.contest.em:.2f})"
    )
