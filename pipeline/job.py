"""Command: the main job — every room's command in turn, from corpus to zip, each step once.

The rooms know nothing of each other; a contest names its steps in their order, and `pipeline/steps.py` says what each
of them is. They are processes of their own, so MindSpore's memory is given back after each of them and a killed step
harms no other.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.config import load_contest, names
from core.errors import InputError, KitError, run_command
from core.places import ROOT
from core.processes import die_with_parent
from core.progress import say
from core.run_folder import RunFolder, begun, find_run, new_run, point_latest, unfinished_run
from core.schema import RunConfig
from core.step_notes import MAIN_JOB
from core.steps import Step, step_named
from core.terminal import show_text
from pipeline.beforehand.faults import faults
from pipeline.beforehand.room import check_room
from pipeline.overview.summary import summary

_EXAMPLE = """examples:
  bash finetune/run_lora.sh
  bash finetune/run_lora.sh --contest practice_choice method.rank=4
  bash finetune/run_lora.sh data.train=my.jsonl data.squad=dev-v1.1.json data.limit=100

An interrupted job that is started again with the same words goes on with the step that was interrupted, training where
its last saved state left off. If a corpus, test file or base model changed in between, what was made from it is made
again; once training was begun with it, only with --force.
Every run is a folder logs/<contest>-<time>/; logs/latest points to the newest.
Exit codes: 0 done, 2 wrong input or configuration, 3 a gate or check failed, 1 a defect or a worker that died.
"""


_PATIENCE_SECONDS = 20.0


class StepFailed(KitError):
    """A step ended with an exit code that is not 0; it has said why itself."""

    def __init__(self, step: str, exit_code: int) -> None:
        super().__init__(f"step {step!r} did not finish; start the same command again to go on with it")
        self.exit_code = exit_code


def main(argv: Sequence[str]) -> int:
    """Parse arguments, find or make the run, do what is left of it, print the summary."""
    parser = command_parser(
        "finetune/run_lora.sh",
        "Fine-tune with LoRA and hand in: convert, train under msrun, merge five checkpoints, measure "
        "retention and accuracy, score, pack the zip. Without arguments: the practice contest.",
        _EXAMPLE,
    )
    parser.add_argument("--contest", help=f"one of {', '.join(names('contests'))} (default: practice_math)")
    parser.add_argument("--run", help="go on with this run folder, or repeat what is missing in it")
    parser.add_argument("--new", action="store_true", help="start a new run even where an unfinished one would go on")
    parser.add_argument(
        "--force", action="store_true", help="do again what a changed corpus, test file or base undoes, training too"
    )
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings to change, such as train.epochs=2")
    arguments = parser.parse_intermixed_args(argv)
    run, config, new = _find(arguments)
    say(f"run: {run.path}")
    started = time.monotonic()
    with begun(run, new), run.locked():
        run.steps.check_sources(config.steps, arguments.force)
        check_room(config, run)
        for name in config.steps:
            _do(run, config, name, arguments.force)
        if not run.finished(MAIN_JOB):
            run.event("step done", step=MAIN_JOB, seconds=round(time.monotonic() - started, 1))
    show_text(summary(run, config))
    return 0


def _find(arguments: argparse.Namespace) -> tuple[RunFolder, RunConfig, bool]:
    """Return the run, its configuration, and whether it is a new one."""
    found: RunFolder | None
    if arguments.run:
        if arguments.contest or arguments.settings:
            raise InputError("--run goes on with that run as it was set up: give no --contest and no settings with it")
        found = run = find_run(arguments.run)
        config = run.config()
    else:
        config = load_contest(arguments.contest or "practice_math", arguments.settings)
        found = None if arguments.new else unfinished_run(config)
        if found is None and (wrong := faults(config)):
            raise InputError("; ".join(wrong))
        run = found or new_run(config)
    point_latest(run)
    return run, config, found is None


def _do(run: RunFolder, config: RunConfig, name: str, force: bool) -> None:
    if run.finished(name):
        say(f"— {name}: done before")
        return
    say(f"— {name}")
    step = step_named(name)
    if step.costly:  # others may have filled the disk meanwhile
        check_room(config, run)
    with run.step(name):
        # What a step prints for a reader belongs to the job's news; its summary alone is the job's result.
        with subprocess.Popen(
            [sys.executable, *step.command(run, config), *(["--anew-if-changed"] if step.costly and force else [])],
            cwd=ROOT,
            stdout=sys.stderr.fileno(),
            preexec_fn=die_with_parent(signal.SIGTERM),
        ) as process:
            try:
                exit_code = _waited(process, run, config, step)
            except BaseException:
                _end(process)
                raise
        if exit_code:
            raise StepFailed(name, exit_code if exit_code in (1, 2, 3, 130) else 1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a step; the job ends after it, so that the same command finds nothing of it at work."""
    process.terminate()
    try:
        process.wait(timeout=_PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _waited(process: subprocess.Popen[bytes], run: RunFolder, config: RunConfig, step: Step) -> int:
    """Wait for a step to end, evaluating meanwhile what it saves where that is asked for; return its exit code."""
    if not (step.evaluated and config.train.evaluate):
        return process.wait()
    from pipeline.meanwhile.evaluations import run_with_evaluations

    return run_with_evaluations(process, run, config)


if __name__ == "__main__":
    sys.exit(run_command(main))
