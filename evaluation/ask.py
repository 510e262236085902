"""Command: ask checkpoints or a server a set of questions and keep the answers, without judging them."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
from collections.abc import Sequence
from typing import Literal

from core.command import command_parser
from core.errors import InputError, run_command
from core.progress import say
from core.result_parts import Answered
from core.terminal import show, show_json, show_text
from core.text.records import Record
from data_convert.readers import read_corpus
from evaluation.command_line.arguments import add_asking_arguments, plan, prediction_files, request_settings
from evaluation.command_line.evaluation import (
    Changes,
    add_model_arguments,
    describe_predictions,
    describe_server,
    limited,
    open_evaluation,
)

_EXAMPLES = """examples:
  python evaluation/ask.py --ckpt step_50 --data questions.jsonl
  python evaluation/ask.py --ckpt base step_50 --data mmlu/test --mode loglikelihood --shots 5 --shots-from mmlu/dev
  python evaluation/ask.py --server http://127.0.0.1:8000 --model mine --contest math_llama3 --data questions.jsonl

The answers lie in the run's predictions/ (of a server without a run in logs/served/CONTEST), one line a question; a
killed command resumes where it was. eval_accuracy/run.py --predictions FILE judges them."""


def main(argv: Sequence[str]) -> int:
    """Ask, and print where the answers of each checkpoint are."""
    arguments = _parser().parse_args(argv)
    every = list(read_corpus(arguments.data))
    # Questions that are named are never the run's own: its predictions stay as they are.
    evaluation = open_evaluation(_kind(every, arguments.data), arguments, "", Changes(asking=("data",), judging=()))
    records = limited(every, arguments.limit, evaluation.config)
    how = request_settings(arguments, lambda path: list(read_corpus(path)))
    if arguments.dry_run:
        show_text(plan(evaluation, records, how))
        return 0
    run = evaluation.run.path if evaluation.run else None
    kept = []
    for checkpoint, path in prediction_files(evaluation, records, how):
        served = Answered(**describe_server(path, evaluation.config))
        where = describe_predictions(path, run)
        kept.append({"name": checkpoint.name, "questions": len(records), **served.as_json(), **where})
        if not arguments.json:
            show(f"{checkpoint.name}: {path}")
            for line in served.served():
                say(f"{checkpoint.name}: {line}")
    if arguments.json:
        show_json(kept, indent=2)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "evaluation/ask.py", "Ask a model questions and keep its answers.", _EXAMPLES, json="names and files"
    )
    add_model_arguments(parser, parser.add_mutually_exclusive_group(required=True))
    add_asking_arguments(parser)
    parser.add_argument("--data", type=Path, required=True, help="any corpus that the kit reads: a file or a folder")
    parser.add_argument("--contest", help="with --server and no --run: the contest whose prompt and settings are used")
    parser.set_defaults(predictions=None)
    return parser


def _kind(records: Sequence[Record], path: Path) -> Literal["squad", "accuracy"]:
    """Return which of the two evaluations has the questions' prompt and decoding; InputError where both are needed."""
    reading = {record.task == "squad" for record in records}
    if len(reading) > 1:
        raise InputError(f"{path}: holds reading questions (squad) and others: ask them one file at a time")
    return "squad" if reading == {True} else "accuracy"


if __name__ == "__main__":
    sys.exit(run_command(main))
