"""Command: retention. SQuAD F1 and EM of predictions or checkpoints, both ways, and the gate."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
import random
from collections.abc import Mapping, Sequence

from core.command import command_parser
from core.errors import GateError, InputError, run_command
from core.progress import say
from core.result_types import RetentionEntry
from core.terminal import show_text
from core.text.records import Record
from data_convert.readers.squad_questions import read_questions
from eval_squad.retention.bar import Bar
from eval_squad.retention.scoring import question_scores, summarise
from eval_squad.retention.table import table, warnings
from evaluation.answers.predictions import check_answers, read_predictions
from evaluation.command_line.arguments import plan, prediction_files
from evaluation.command_line.evaluation import (
    HARMLESS,
    add_source_arguments,
    changes,
    describe_data,
    evaluate,
    limited,
    open_evaluation,
    show,
)
from evaluation.command_line.step_note import noted
from evaluation.figures.statistics import SEED

_EXAMPLES = """examples:
  python eval_squad/run.py --predictions BERT.json --data dev-v1.1.json --selection all --json
  python eval_squad/run.py --predictions mine.jsonl --data dev-v1.1.json --contest math_llama3 --require-gate
  python eval_squad/run.py --predictions mine.jsonl --base-predictions base.jsonl --data dev-v1.1.json
  python eval_squad/run.py --ckpt logs/latest/checkpoints/step_*.ckpt
  python eval_squad/run.py --ckpt step_50 --prescreen 300"""

# What an option may be without making the result another than the run's own (`--require-gate` decides the exit code);
# and what holds the run's own answers against another bar. Every other option asks otherwise.
_HARMLESS = HARMLESS | {"require_gate"}
_JUDGING = frozenset({"contest", "base_predictions", "base_f1", "base_em"})


def main(argv: Sequence[str]) -> int:
    """Score, print, write what there is to write; return the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    evaluation = open_evaluation("squad", arguments, "squad.jsonl", changes(parser, arguments, _HARMLESS, _JUDGING))
    every, selection = read_questions(evaluation.data, arguments.selection)
    whole = limited(every, arguments.limit, evaluation.config)
    records = _sample(whole, arguments.prescreen)
    screened = len(records) < len(whole)
    described = describe_data(
        evaluation.data, f"{selection}, pre-screen" if screened else selection, len(every), len(records)
    )
    bar = Bar(evaluation, records, describe_data(evaluation.data, selection, len(every), len(whole)), screened)

    def score(name: str, path: Path) -> RetentionEntry:
        predictions = read_predictions(path)
        check_answers([record.id for record in records], predictions, path)
        scores = question_scores(records, predictions)
        gate, base = bar.for_checkpoint(name, scores)
        return summarise(records, predictions, scores, gate, base, len(whole) if screened else None)

    if arguments.dry_run:
        show_text(plan(evaluation, records))
        return 0
    with noted(evaluation, "retention"):
        results = evaluate(evaluation, prediction_files(evaluation, records), described, score, _logged)
    show(evaluation, results, described, lambda: table(results, len(whole), arguments.verbose))
    for line in warnings(results):
        say(line)
    if arguments.require_gate:
        _require(results)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "eval_squad/run.py",
        "F1 and EM as the contest and as SQuAD v1.1 compute them, and the retention gate.",
        _EXAMPLES,
        json="the result",
    )
    add_source_arguments(parser)
    parser.add_argument(
        "--data", type=Path, help="SQuAD JSON (v1.1, v2.0, XQuAD), its rows, or records; default: those of the run"
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
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="SQuAD's own figures and margins too (the result file has all)"
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


def _logged(result: RetentionEntry) -> str:
    """Say a result in the words of MindFormers' EmF1Metric."""
    return f"F1 score: {result.contest.f1}, Em score: {result.contest.em}, total_count: {result.count}"


def _require(results: Mapping[str, RetentionEntry]) -> None:
    """Raise GateError where a checkpoint does not pass, or has no gate."""
    failed = [name for name, result in results.items() if not (result.gate and result.gate.passed)]
    if failed:
        known = any(results[name].gate is not None for name in failed)
        why = "does not pass the retention gate" if known else "has no gate: give --contest or the base's figures"
        raise GateError(f"{', '.join(failed)} {why}")


if __name__ == "__main__":
    sys.exit(run_command(main))
