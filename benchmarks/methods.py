"""What each tuning method buys on a practice contest: retention, accuracy and score of its best checkpoint, by seeds.

Every entry is the main job with that method, all else as the contest has it; the zip is left out. Runs are kept in
--folder: what is there already, whole or in part, is not done again, so a benchmark that was interrupted goes on with
the same words, and a new method or seed adds its own runs. Seconds are those of the training step.

A method is a name of configs/methods/, and may bring settings of its own, as its learning rate:

    python benchmarks/methods.py --folder /data/scratch
    python benchmarks/methods.py --folder /data/scratch --contest practice_choice --seeds 1 2 3
    python benchmarks/methods.py --folder /data/scratch --methods lora_qv ia3_kv2,train.learning_rate=2.0e-2
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from core.config import load_contest, load_method, names
from core.errors import InputError, KitError, run_command
from core.files import read_json
from core.places import ROOT
from core.progress import say
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.step_notes import MAIN_JOB
from core.steps import usual_steps


@dataclass(frozen=True)
class Figures:
    """What one run says of its best checkpoint; of the last one where none passes the gate.

    Attributes:
        trained: parameters.
        retention: the contest's F1 (0 to 100).
        accuracy: 0 to 1.
        seconds: of training.
        passed: whether a checkpoint passes the gate.
    """

    trained: int
    retention: float
    accuracy: float
    score: float
    seconds: float
    passed: bool


def settings_of(entry: str, seed: int) -> list[str]:
    """Return the settings of a run with a method "NAME[,key=value…]"; InputError for an unknown name."""
    name, *more = entry.split(",")
    # Dropout as in the practice contests, whose own methods train without.
    own = ", dropout: 0.0" if "dropout" in type(load_method(name)).model_fields else ""
    steps = [step for step in usual_steps() if step != "submission"]
    return [f"method={{name: {name}{own}}}", f"train.seed={seed}", f"steps=[{', '.join(steps)}]", *more]


def measured(contest: str, entry: str, seed: int, folder: Path) -> Figures:
    """Return the figures of a run, after doing what of it is not done yet.

    Raises:
        InputError: settings that the contest does not take.
        KitError: the main job failed.
    """
    settings = settings_of(entry, seed)
    config = load_contest(contest, settings)
    if not (run := _done(config, folder)):
        say(f"{contest}, {entry}, seed {seed}")
        words = [sys.executable, "pipeline/job.py", "--contest", contest, *settings]
        environment = {**os.environ, "KIT_LOGS": str(folder)}
        job = subprocess.run(words, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)
        if job.returncode or not (run := _done(config, folder)):
            raise KitError(f"{contest} with {entry}, seed {seed}: the main job failed (code {job.returncode})")
    return _figures(run)


def _done(config: RunConfig, folder: Path) -> RunFolder | None:
    """Return the finished run of a configuration; settings younger than the run count as their defaults."""
    for file in sorted(folder.glob(f"{config.contest}-*/run.yaml")):
        run = RunFolder(file.parent)
        with suppress(InputError):  # of a version whose settings are not read any more
            if run.config() == config and run.finished(MAIN_JOB):
                return run
    return None


def _figures(run: RunFolder) -> Figures:
    score, retention = (read_json(run.results / f"{name}.json") for name in ("score", "squad"))
    name = score["best"] or list(score["checkpoints"])[-1]
    row = score["checkpoints"][name]
    return Figures(
        trained=read_json(run.results / "ratio.json")["trainable"],
        retention=retention["checkpoints"][name]["contest"]["f1"],
        accuracy=row["accuracy"],
        score=row["score"],
        seconds=run.steps.last()["train"]["seconds"],
        passed=score["best"] is not None,
    )


def table(contest: str, found: dict[str, list[Figures]], seeds: Sequence[int]) -> str:
    """Return the table as Markdown: means over the seeds, and standard deviations where there are several."""
    lines = [
        f"{contest}, seeds {', '.join(map(str, seeds))}:",
        "",
        "| method | trained | retention F1 | accuracy % | score | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for entry, runs in found.items():
        failed = sum(not run.passed for run in runs)
        note = f" (gate failed {failed} of {len(runs)} times)" if failed else ""
        cells = (
            f"{runs[0].trained:,}",
            _mean([run.retention for run in runs], 2) + note,
            _mean([100 * run.accuracy for run in runs], 2),
            _mean([run.score for run in runs], 4),
            _mean([run.seconds for run in runs], 0),
        )
        lines.append(f"| {' '.join(f'`{word}`' for word in entry.split(','))} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _mean(values: Sequence[float], digits: int) -> str:
    if not all(map(math.isfinite, values)):
        return "-"
    mean = f"{statistics.fmean(values):.{digits}f}"
    return f"{mean} ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else mean


def main(argv: Sequence[str]) -> int:
    """Measure what is asked for, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the runs are kept (about 50 MB each)")
    parser.add_argument("--contest", default="practice_math", help="one of configs/contests/ (default: practice_math)")
    parser.add_argument("--methods", nargs="+", default=names("methods"), metavar="NAME[,key=value…]")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
    parser.add_argument("--json", action="store_true", help="print the figures of every run as JSON instead")
    arguments = parser.parse_args(argv)
    if len(set(arguments.methods)) != len(arguments.methods):
        raise InputError("--methods: one is named twice")
    for entry in arguments.methods:  # mistakes are told before the first run
        load_contest(arguments.contest, settings_of(entry, arguments.seeds[0]))
    folder = arguments.folder.absolute()
    found = {
        entry: [measured(arguments.contest, entry, seed, folder) for seed in arguments.seeds]
        for entry in arguments.methods
    }
    if arguments.json:
        print(json.dumps({entry: [asdict(run) for run in runs] for entry, runs in found.items()}, indent=2))
    else:
        print(table(arguments.contest, found, arguments.seeds))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
