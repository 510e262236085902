"""Command: task accuracy of predictions or checkpoints, by type, under every rule of the judge."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
from collections.abc import Sequence

from core.command import command_parser
from core.config import load_contest
from core.errors import run_command
from core.files import write_jsonl
from core.result_types import AccuracyEntry
from core.terminal import show_text
from eval_accuracy.judges import judge_named
from eval_accuracy.scoring.accuracy import judge_all, summarise
from eval_accuracy.scoring.arguments import add_judging_arguments
from eval_accuracy.scoring.circular import as_asked
from eval_accuracy.scoring.explanation import one_of, show_stages
from eval_accuracy.scoring.questions import read_questions
from eval_accuracy.scoring.summary import summary
from evaluation.answers.predictions import check_answers, read_predictions
from evaluation.command_line.arguments import (
    add_asking_arguments,
    plain_prompts,
    plan,
    prediction_files,
    request_settings,
)
from evaluation.command_line.evaluation import (
    HARMLESS,
    Evaluation,
    add_source_arguments,
    changes,
    describe_data,
    evaluate,
    limited,
    open_evaluation,
    show,
)
from evaluation.command_line.step_note import noted

_EXAMPLES = """question ids: those of a record file; else, as text, the line's number from 0, the index in an array,
or the row of a CSV file, with the file's path before it where a folder is read (abstract_algebra_test/0).

examples:
  python eval_accuracy/run.py --predictions mine.jsonl --data test.jsonl --contest math_llama3 --json
  python eval_accuracy/run.py --predictions mine.json --data mmlu_alpaca_format.json --verdicts verdicts.jsonl
  python eval_accuracy/run.py --predictions mine.jsonl --data answers.json --judge rouge_l
  python eval_accuracy/run.py --predictions mine.jsonl --data test.jsonl --contest math_llama3 --explain 17
  python eval_accuracy/run.py --ckpt logs/latest/checkpoints/step_*.ckpt
  python eval_accuracy/run.py --ckpt step_50 --data mmlu/test --mode loglikelihood --shots 5 --shots-from mmlu/dev
  python eval_accuracy/run.py --server http://127.0.0.1:8000 --model mine --data test.jsonl --contest math_llama3"""

# What an option may be without making the result another than the run's own (verdicts are written beside it); and
# what judges the run's own answers otherwise. Every other option asks otherwise.
_HARMLESS = HARMLESS | {"verdicts"}
_JUDGING = frozenset({"contest", "judge"})


def main(argv: Sequence[str]) -> int:
    """Judge, print, write what there is to write; return the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    evaluation = open_evaluation("accuracy", arguments, "test.jsonl", changes(parser, arguments, _HARMLESS, _JUDGING))
    named, headline = _rules(evaluation)
    every = read_questions(evaluation.data, named)
    records = limited(every, arguments.limit, evaluation.config)
    if arguments.explain:
        records = [one_of(every, arguments.explain, evaluation.data)]
    described = describe_data(evaluation.data, "all", len(every), len(records))

    def score(name: str, path: Path) -> AccuracyEntry:
        predictions = read_predictions(path)
        asked = as_asked(records, predictions)
        check_answers([record.id for record in asked], predictions, path)
        predictions.prompts = plain_prompts(evaluation, asked)
        judge = judge_named(named, asked, predictions)
        verdicts = judge_all(asked, predictions, judge)
        if arguments.explain:
            show_stages(asked, predictions, judge)
        if arguments.verdicts:
            file = arguments.verdicts
            if arguments.ckpt:
                file = file.with_stem(f"{file.stem}_{name}")
            write_jsonl(file, (item.row(record.id) for record, item in zip(asked, verdicts, strict=True)))
        return summarise(asked, predictions, verdicts, judge, headline)

    how = request_settings(arguments, lambda path: read_questions(path, named))
    if arguments.dry_run:
        show_text(plan(evaluation, records, how))
        return 0
    with noted(evaluation, "accuracy"):
        results = evaluate(evaluation, prediction_files(evaluation, records, how), described, score, _logged)
    show(evaluation, results, described, lambda: summary(results))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "eval_accuracy/run.py",
        "Accuracy of a model's answers to math or multiple-choice questions.",
        _EXAMPLES,
        json="the result",
    )
    add_source_arguments(parser)
    add_asking_arguments(parser)
    parser.add_argument(
        "--data",
        type=Path,
        help="any corpus that the kit reads (a file or a folder); default: questions of the run",
    )
    add_judging_arguments(parser)
    parser.add_argument(
        "--explain", metavar="ID", help="judge this question alone and show the stages by which its answer is read"
    )
    parser.add_argument("--verdicts", type=Path, help="write each question's verdict to this file (JSON Lines)")
    return parser


def _rules(evaluation: Evaluation) -> tuple[str | None, str | None]:
    """Return judge and headline rule that the arguments, the contest or the run's own configuration name."""
    rules = (
        load_contest(evaluation.arguments.contest).rules
        if evaluation.arguments.contest
        else evaluation.config and evaluation.config.rules
    )
    if evaluation.arguments.judge:
        return evaluation.arguments.judge, rules.equality if rules else None
    return (rules.judge, rules.equality) if rules else (None, None)


def _logged(result: AccuracyEntry) -> str:
    """Return a line of the log that a screenshot can show whole; every digit stands in results/accuracy.json."""
    rules = ", ".join(f"{rule} {100 * share:.2f}" for rule, share in result.rules.items())
    return f"accuracy: {100 * result.accuracy:.2f} % ({result.correct} of {result.count}; {rules})"


if __name__ == "__main__":
    sys.exit(run_command(main))
