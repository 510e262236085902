"""Command: the main job — every room's command in turn, from corpus to zip, each step once.

The rooms know nothing of each other; this is the one place that knows their order. Steps are processes of their
own, so MindSpore's memory is given back after each of them and a killed step harms no other.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from backend.launch import check_port
from core.config import kit_path, load_contest, names
from core.errors import InputError, KitError, run_command
from core.places import ROOT
from core.processes import die_with_parent
from core.progress import say
from core.run_folder import STEPS, RunFolder, find_run, new_run, point_latest, read_result, unfinished_run
from core.schema import RunConfig
from data_convert.corpus.inputs import check_inputs
from finetune.training.train import check_base
from submission.package.layout import team_file_name

_EXAMPLE = """examples:
  bash finetune/run_lora.sh
  bash finetune/run_lora.sh --contest practice_choice method.rank=4
  bash finetune/run_lora.sh data.train=my.jsonl data.squad=dev-v1.1.json data.limit=100

An interrupted job that is started again with the same words goes on with the step that was interrupted.
Every run is a folder logs/<contest>-<time>/; logs/latest points to the newest.
Exit codes: 0 done, 2 wrong input or configuration, 3 a gate or check failed, 1 a defect or a worker that died.
"""


Command = Callable[[RunFolder, RunConfig], list[str]]


class StepFailed(KitError):
    """A step ended with an exit code that is not 0; it has said why itself."""

    def __init__(self, step: str, exit_code: int) -> None:
        super().__init__(f"step {step!r} did not finish; start the same command again to go on with it")
        self.exit_code = exit_code


def main(argv: Sequence[str]) -> int:
    """Parse arguments, find or make the run, do what is left of it, print the summary."""
    parser = argparse.ArgumentParser(
        prog="finetune/run_lora.sh",
        description="Fine-tune with LoRA and hand in: convert, train under msrun, merge five checkpoints, measure "
        "retention and accuracy, score, pack the zip. Without arguments: the practice contest.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--contest", help=f"one of {', '.join(names('contests'))} (default: practice_math)")
    parser.add_argument("--run", help="go on with this run folder, or repeat what is missing in it")
    parser.add_argument("--new", action="store_true", help="start a new run even where an unfinished one would go on")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings to change, such as train.epochs=2")
    arguments = parser.parse_intermixed_args(argv)
    run, config = _find(arguments)
    say(f"run: {run.path}")
    started = time.monotonic()
    with run.locked():
        for step in STEPS:
            _do(run, step, partial(_COMMANDS[step], run, config))
        if not run.finished("main job"):
            run.event("step done", step="main job", seconds=round(time.monotonic() - started, 1))
    print(summary(run, config))
    return 0


def _find(arguments: argparse.Namespace) -> tuple[RunFolder, RunConfig]:
    if arguments.run:
        if arguments.contest or arguments.settings:
            raise InputError("--run goes on with that run as it was set up: give no --contest and no settings with it")
        run = find_run(arguments.run)
        config = run.config()
    else:
        config = load_contest(arguments.contest or "practice_math", arguments.settings)
        found = None if arguments.new else unfinished_run(config)
        if found is None:
            check_inputs(config)
            team_file_name(config.submission.team)
            check_base(config)
            check_port(config.machine.master_port)
        run = found or new_run(config)
    point_latest(run)
    return run, config


def _merge(run: RunFolder, config: RunConfig) -> list[str]:
    adapters = sorted((run.train / "adapters").glob("step_*"), key=lambda folder: int(folder.name[len("step_") :]))
    submission = config.submission
    return [
        "ckpt_tools/merge.py",
        *("--base", str(kit_path(config.model.checkpoint))),
        *("--adapter", *map(str, adapters)),
        *("--out", str(run.checkpoints)),
        *("--format", submission.format),
        *("--dtype", submission.dtype),
    ]


def _evaluate(room: str) -> Command:
    return lambda run, config: [f"{room}/run.py", "--run", str(run.path), "--ckpt", "all"]


def _of_run(script: str) -> Command:
    return lambda run, config: [script, "--run", str(run.path)]


# The command of each step; it is made when its step begins.
_COMMANDS: dict[str, Command] = {
    "convert": _of_run("data_convert/run.py"),
    "train": _of_run("finetune/run.py"),
    "merge": _merge,
    "retention": _evaluate("eval_squad"),
    "accuracy": _evaluate("eval_accuracy"),
    "score": _of_run("eval_accuracy/score.py"),
    "submission": _of_run("submission/run.py"),
}


def _do(run: RunFolder, step: str, make_command: Callable[[], list[str]]) -> None:
    if run.finished(step):
        say(f"— {step}: done before")
        return
    say(f"— {step}")
    run.redo(step)
    run.event("step started", step=step)
    started = time.monotonic()
    # What a step prints for a reader belongs to the job's news; its summary alone is the job's result.
    done = subprocess.run(
        [sys.executable, *make_command()],
        cwd=ROOT,
        stdout=sys.stderr.fileno(),
        check=False,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )
    if done.returncode:
        run.event("step failed", step=step, exit_code=done.returncode)
        raise StepFailed(step, done.returncode if done.returncode in (1, 2, 3, 130) else 1)
    run.event("step done", step=step, seconds=round(time.monotonic() - started, 1))


def summary(run: RunFolder, config: RunConfig) -> str:
    """Return the table of a finished run: checkpoint, F1, EM, gate, accuracy, score."""
    squad = read_result(run, "squad")["checkpoints"]
    accuracy = read_result(run, "accuracy")["checkpoints"]
    score = read_result(run, "score")
    lines = [f"{'checkpoint':<12} {'F1':>7} {'EM':>7} {'gate':>6} {'accuracy':>9} {'score':>8}"]
    for name in squad:
        gate = squad[name].get("gate")
        word = "-" if name == "base" else "pass" if gate["passed"] else "FAIL"
        value = score["checkpoints"].get(name)
        lines.append(
            f"{name:<12} {squad[name]['contest']['f1']:>7.2f} {squad[name]['contest']['em']:>7.2f} {word:>6} "
            f"{accuracy[name]['accuracy']:>9.2%} {value['score'] if value else float('nan'):>8.4f}".replace(
                "nan", "  -"
            )
            + (" *" if name == score["best"] else "")
        )
    ratio = read_result(run, "ratio")
    lines.append(f"trained {ratio['trainable']:,} of {ratio['total']:,} parameters: ratio {ratio['ratio']:.9f}")
    lines.append(_best(score))
    lines.append(f"zip: {run.submission / team_file_name(config.submission.team)}")
    return "\n".join(lines)


def _best(score: dict[str, Any]) -> str:
    """Return the line about the best checkpoint: how sure its accuracy is, and what choosing it out of five adds."""
    if not score["best"]:
        return "best: none, no checkpoint passes the gate"
    low, high = score["checkpoints"][score["best"]]["interval"]
    line = f"best (*): {score['best']}; 95 % interval of its accuracy {low:.2%} to {high:.2%}"
    expected = (score["best_of"] or {}).get("expected")
    return line if expected is None else f"{line}; {expected:.2%} to be expected on other questions"


if __name__ == "__main__":
    sys.exit(run_command(main))
