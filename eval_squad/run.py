"""Command: retention. SQuAD F1 and EM of predictions or checkpoints, both ways, and the gate."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import random
from collections.abc import Sequence
from typing import Any

from core.config import load_contest
from core.errors import GateError, InputError, run_command
from core.evaluation import (
    BASE,
    Job,
    add_source_arguments,
    describe_data,
    evaluate,
    limited,
    open_job,
    show,
)
from core.files import sha256_file
from core.predictions import read_predictions
from core.progress import say
from core.records import Record
from core.results import read_results, same_data
from core.schema import RulesConfig
from core.statistics import SEED, Floats
from data_convert.squad import read_questions
from eval_squad.contest_metric import mean_percent
from eval_squad.gate import Gate, gate_from_base, gate_of_contest
from eval_squad.scoring import marks, summarise
from eval_squad.table import table, warnings
from inference.command import plan, prediction_files

_EXAMPLES = """examples:
  python eval_squad/run.py --predictions BERT.json --data dev-v1.1.json --selection all --json
  python eval_squad/run.py --predictions mine.jsonl --data dev-v1.1.json --contest math_llama3 --require-gate
  python eval_squad/run.py --predictions mine.jsonl --base-predictions base.jsonl --data dev-v1.1.json
  python eval_squad/run.py --ckpt logs/latest/checkpoints/step_*.ckpt
  python eval_squad/run.py --ckpt step_50 --prescreen 300"""


def main(argv: Sequence[str]) -> int:
    """Score, print, write what there is to write; return the exit code."""
    options = _parser().parse_args(argv)
    job = open_job("squad", options, "squad.jsonl")
    every, selection = read_questions(job.data, options.selection)
    whole = limited(every, options.limit, job.config)
    records = _sample(whole, options.prescreen)
    screened = len(records) < len(whole)
    described = describe_data(job.data, f"{selection}, pre-screen" if screened else selection, len(every), len(records))
    bar = _Bar(job, records, describe_data(job.data, selection, len(every), len(whole)), screened)

    def score(name: str, path: Path) -> dict[str, Any]:
        predictions = read_predictions(path)
        marked = marks(records, predictions)
        gate, base = bar.for_checkpoint(name, marked)
        return summarise(records, predictions, marked, gate, base, len(whole) if screened else None)

    if options.dry_run:
        print(plan(job, records))
        return 0
    results = evaluate(job, prediction_files(job, records), described, score, _logged)
    show(job, results, described, lambda: table(results, len(whole)))
    for line in warnings(results):
        say(line)
    if options.require_gate:
        _require(results)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="eval_squad/run.py",
        description="F1 and EM as the contest and as SQuAD v1.1 compute them, and the retention gate.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source_arguments(parser)
    parser.add_argument(
        "--data", type=Path, help="SQuAD JSON (v1.1, v2.0, XQuAD) or records; default: those of the run"
    )
    parser.add_argument(
        "--selection",
        choices=("contest", "all"),
        help="contest (default): the first question of each paragraph; all: every question. "
        "A record file is taken as it stands where this is not given",
    )
    parser.add_argument("--contest", help="a file of configs/contests: its thresholds, or its share of the base")
    parser.add_argument("--base-predictions", type=Path, help="the base model's predictions, for the gate")
    parser.add_argument("--base-f1", type=float, help="the base model's F1 (contest's, percent), with --base-em")
    parser.add_argument("--base-em", type=float, help="the base model's EM (contest's, percent), with --base-f1")
    parser.add_argument(
        "--prescreen",
        type=int,
        metavar="N",
        help="ask only N questions, drawn at random (the same ones every time), and say how likely the gate is passed "
        "on all of them; nothing is written as the run's result",
    )
    parser.add_argument("--require-gate", action="store_true", help="exit code 3 where the gate is not passed")
    return parser


def _sample(records: list[Record], size: int | None) -> list[Record]:
    """Return a random part of the questions, the same one every time, in their order; all of them for None."""
    if size is None or size >= len(records):
        return records
    if size < 1:
        raise InputError(f"--prescreen {size}: at least 1 question is needed")
    chosen = random.Random(SEED).sample(range(len(records)), size)
    return [records[at] for at in sorted(chosen)]


class _Bar:
    """What each checkpoint is held against: what the arguments state, else the contest, else the base model.

    Args:
        job: the command.
        records: the questions asked.
        whole: description of the whole set that they are of.
        screened: whether they are only a part of it.
    """

    def __init__(self, job: Job, records: Sequence[Record], whole: dict[str, Any], screened: bool) -> None:
        options = job.options
        self._job, self._records, self._whole, self._screened = job, records, whole, screened
        self._rules = _rules(job)
        self._base: Floats | None = None
        self._gate: Gate | None = None
        if (options.base_f1 is None) != (options.base_em is None):
            raise InputError("--base-f1 and --base-em belong together: give both")
        if options.base_f1 is not None:
            self._gate = gate_from_base(options.base_f1, options.base_em, self._rules.retention_share)
        elif options.base_predictions is not None:
            self._take(marks(records, read_predictions(options.base_predictions)))
        else:
            rules = self._rules
            self._gate = gate_of_contest(rules.f1_threshold, rules.em_threshold, rules.retention_share)

    def for_checkpoint(self, name: str, marked: Floats) -> tuple[Gate | None, Floats | None]:
        """Return the gate and the base model's marks for a checkpoint with these marks; None where unknown."""
        if self._gate is None:
            if name == BASE:
                # The base is its own reference; the checkpoints after it are held against it.
                self._take(marked)
            else:
                self._take_from_run()
        return self._gate, self._base

    def _take(self, base: Floats) -> None:
        self._base = base
        f1, em = (mean_percent(base[:, column].tolist()) for column in (0, 1))
        self._gate = gate_from_base(f1, em, self._rules.retention_share)

    def _take_from_run(self) -> None:
        """Take the base's result in the run, where it was measured on the same questions."""
        run = self._job.run
        path = run.results / "squad.json" if run else None
        if run is None or path is None or not path.is_file():
            return
        held = read_results(path)
        base = held["checkpoints"].get(BASE)
        if base is None or not same_data(held["data"], self._whole):
            return
        file = run.path / base["predictions"]
        if file.is_file() and sha256_file(file) == base["predictions_sha256"]:
            self._take(marks(self._records, read_predictions(file)))
        elif not self._screened:
            figures = base["contest"]
            self._gate = gate_from_base(figures["f1"], figures["em"], self._rules.retention_share)


def _rules(job: Job) -> RulesConfig:
    """Return the rules of the contest named, else of the run's own configuration, else the plain 90 % of the base."""
    if job.options.contest:
        return load_contest(job.options.contest).rules
    return job.config.rules if job.config else RulesConfig(ratio_factor=1, judge="math")


def _logged(result: dict[str, Any]) -> str:
    """Say a result in the words of MindFormers' EmF1Metric."""
    contest = result["contest"]
    return f"F1 score: {contest['f1']}, Em score: {contest['em']}, total_count: {result['count']}"


def _require(results: dict[str, dict[str, Any]]) -> None:
    """Raise GateError where a checkpoint does not pass, or has no gate."""
    failed = [name for name, result in results.items() if not (result["gate"] or {"passed": False})["passed"]]
    if failed:
        known = any(results[name]["gate"] is not None for name in failed)
        why = "does not pass the retention gate" if known else "has no gate: give --contest or the base's figures"
        raise GateError(f"{', '.join(failed)} {why}")


if __name__ == "__main__":
    sys.exit(run_command(main))
