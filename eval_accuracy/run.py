"""Command: task accuracy of predictions or checkpoints, by type, under every rule of the judge."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import Any

from core.config import load_contest
from core.errors import InputError, run_command
from core.evaluation import (
    Target,
    add_source_arguments,
    as_json,
    describe_data,
    describe_predictions,
    is_standard,
    limited,
    run_for,
)
from core.files import append_line, write_json, write_jsonl
from core.predictions import read_predictions
from core.records import Record
from core.results import update_results
from core.run_folder import RunFolder
from core.schema import RunConfig
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
    run = run_for(options.ckpt, options.run) if options.ckpt or options.run else None
    config = run.config() if run else None
    data = options.data or (run.data / "test.jsonl" if run else None)
    if data is None:
        raise InputError("--data FILE is missing: name the questions with their references")
    headline = _headline(options, config)
    every = read_questions(data)
    records = limited(every, options.limit, config)
    described = describe_data(data, "all", len(every), len(records))
    results: dict[str, Any] = {}
    for target, path in _prediction_files(options, records, run, config):
        name = target.name
        predictions = read_predictions(path)
        verdicts = judge_all(records, predictions)
        if options.verdicts:
            file = options.verdicts.with_stem(f"{options.verdicts.stem}_{name}") if options.ckpt else options.verdicts
            write_jsonl(file, (item.row(record.id) for record, item in zip(records, verdicts, strict=True)))
        results[name] = {
            **summarise(records, predictions, verdicts, headline),
            **describe_predictions(path, run.path if run else None),
        }
        if run is not None and target.of_run and is_standard(options):
            update_results(run.results / "accuracy.json", name, results[name], described)
            _log(run, name, results[name])
    _show(options, results, described, run)
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


def _headline(options: argparse.Namespace, config: RunConfig | None) -> str | None:
    """Return the rule that the contest, or the run's own configuration, names; None without either."""
    if options.contest:
        return load_contest(options.contest).rules.equality
    return config.rules.equality if config else None


def _prediction_files(
    options: argparse.Namespace, records: list[Record], run: RunFolder | None, config: RunConfig | None
) -> Iterator[tuple[Target, Path]]:
    if run is None or config is None or options.predictions:
        return iter([(Target("predictions", options.predictions, of_run=False), options.predictions)])
    # Imported here: scoring existing predictions must not need MindSpore.
    from inference.predictor import predict_all

    return predict_all(options.ckpt, config, run, records, "accuracy", is_standard(options))


def _log(run: RunFolder, name: str, result: dict[str, Any]) -> None:
    """Append a result to the run's evaluation log."""
    rules = ", ".join(f"{rule} {share}" for rule, share in result["rules"].items())
    line = f"{name}: accuracy: {result['accuracy']} ({result['correct']} of {result['count']}; {rules})"
    append_line(run.path / "eval" / "accuracy.log", line)


def _show(
    options: argparse.Namespace, results: dict[str, Any], described: dict[str, Any], run: RunFolder | None
) -> None:
    shown = as_json(results, described)
    if options.output:
        write_json(options.output, shown)
    if options.json:
        print(json.dumps(shown, ensure_ascii=False, indent=2, allow_nan=False))
        return
    for name, result in results.items():
        rules = ", ".join(f"{rule} {100 * share:.2f} %" for rule, share in result["rules"].items())
        print(f"{name}: {result['correct']} of {result['count']} right by rule {result['rule']!r} ({rules})")
        print(
            f"  missing {result['missing']}, empty {result['empty']}, unparsable {result['unparsable']}, "
            f"unknown ids {result['unknown']}, repeated ids {result['duplicates']}"
        )
        for kind, row in result["by_type"].items():
            print(f"  {kind or '(none)':32} {row['correct']:6} of {row['count']:6}  {100 * row['accuracy']:6.2f} %")
    path = options.output or (run.results / "accuracy.json" if run and is_standard(options) else None)
    if path:
        print(path)


if __name__ == "__main__":
    sys.exit(run_command(main))
