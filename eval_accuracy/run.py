"""Command: task accuracy of predictions or checkpoints, by type, under every rule of the judge."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from core.config import load_contest
from core.errors import run_command
from core.evaluation import Job, Target, add_source_arguments, describe_data, evaluate, limited, open_job, show
from core.files import write_jsonl
from core.predictions import read_predictions
from core.records import Record
from eval_accuracy.data import read_questions
from eval_accuracy.scoring import judge_all, summarise

_EXAMPLES = """question ids: those of a record file; else the line's number from 0 (problem/solution lines) or the index
from 0 (instruction/input/output array), as text.

examples:
  python eval_accuracy/run.py --predictions mine.jsonl --data test.jsonl --contest math_llama3 --json
  python eval_accuracy/run.py --predictions mine.json --data mmlu_alpaca_format.json --verdicts verdicts.jsonl
  python eval_accuracy/run.py --ckpt logs/latest/checkpoints/step_*.ckpt"""


def main(argv: Sequence[str]) -> int:
    """Judge, print, write what there is to write; return the exit code."""
    options = _parser().parse_args(argv)
    job = open_job("accuracy", options, "test.jsonl")
    headline = _headline(job)
    every = read_questions(job.data)
    records = limited(every, options.limit, job.config)
    described = describe_data(job.data, "all", len(every), len(records))

    def score(name: str, path: Path) -> dict[str, Any]:
        predictions = read_predictions(path)
        verdicts = judge_all(records, predictions)
        if options.verdicts:
            file = options.verdicts.with_stem(f"{options.verdicts.stem}_{name}") if options.ckpt else options.verdicts
            write_jsonl(file, (item.row(record.id) for record, item in zip(records, verdicts, strict=True)))
        return summarise(records, predictions, verdicts, headline)

    results = evaluate(job, _prediction_files(job, records), described, score, _logged)
    show(job, results, described, lambda: _table(results))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="eval_accuracy/run.py",
        description="Accuracy of a model's answers to math or multiple-choice questions.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_source_arguments(parser)
    parser.add_argument(
        "--data", type=Path, help="records, problem/solution lines, or an alpaca array; default: those of the run"
    )
    parser.add_argument("--contest", help="a file of configs/contests: it names the headline rule of equality")
    parser.add_argument("--verdicts", type=Path, help="write each question's verdict to this file (JSON Lines)")
    return parser


def _headline(job: Job) -> str | None:
    """Return the rule that the contest, or the run's own configuration, names; None without either."""
    if job.options.contest:
        return load_contest(job.options.contest).rules.equality
    return job.config.rules.equality if job.config else None


def _prediction_files(job: Job, records: list[Record]) -> Iterator[tuple[Target, Path]]:
    options = job.options
    if job.run is None or job.config is None or options.predictions:
        return iter([(Target("predictions", options.predictions, of_run=False), options.predictions)])
    # Imported here: scoring existing predictions must not need MindSpore.
    from inference.predictor import predict_all

    return predict_all(options.ckpt, job.config, job.run, records, "accuracy", job.is_standard)


def _logged(result: dict[str, Any]) -> str:
    rules = ", ".join(f"{rule} {share}" for rule, share in result["rules"].items())
    return f"accuracy: {result['accuracy']} ({result['correct']} of {result['count']}; {rules})"


def _table(results: dict[str, dict[str, Any]]) -> str:
    lines = []
    for name, result in results.items():
        rules = ", ".join(f"{rule} {100 * share:.2f} %" for rule, share in result["rules"].items())
        lines.append(f"{name}: {result['correct']} of {result['count']} right by rule {result['rule']!r} ({rules})")
        lines.append(
            f"  missing {result['missing']}, empty {result['empty']}, unparsable {result['unparsable']}, "
            f"unknown ids {result['unknown']}, repeated ids {result['duplicates']}"
        )
        for kind, row in result["by_type"].items():
            share = f"{100 * row['accuracy']:6.2f} %"
            lines.append(f"  {kind or '(none)':32} {row['correct']:6} of {row['count']:6}  {share}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run_command(main))
