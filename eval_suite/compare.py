"""Command: two sets of predictions on the same questions, paired: is B better than A, and on which questions."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from core.command import command_parser
from core.config import load_contest
from core.errors import InputError, run_command
from core.files import write_json
from core.result_parts import EvaluationResult
from core.results import read_result
from core.run_folder import RunFolder, find_run
from core.schema_evaluation import RulesConfig
from core.terminal import laid_out, show_json, show_text
from core.text.records import Record
from data_convert.readers import squad_questions as squad
from eval_accuracy.judges import judge_named
from eval_accuracy.judges.verdict import Verdict
from eval_accuracy.scoring.accuracy import judge_all
from eval_accuracy.scoring.arguments import add_judging_arguments
from eval_accuracy.scoring.circular import as_asked, folded, is_circular
from eval_accuracy.scoring.questions import read_questions
from eval_squad.retention.scoring import FIGURES, passages, question_scores
from eval_suite.paired.comparison import Side, compare
from evaluation.answers.predictions import check_answers, read_predictions
from evaluation.command_line.evaluation import describe_data, describe_predictions, limited

_EXAMPLES = """examples:
  python eval_suite/compare.py base.json mine.json --data test.jsonl --contest math_llama3
  python eval_suite/compare.py step_50 step_250 --run logs/latest
  python eval_suite/compare.py base step_250 --squad --json"""
_LONGEST_SHOWN, _LONGEST_KEPT = 80, 400


def main(argv: Sequence[str]) -> int:
    """Compare, print; return the exit code."""
    arguments = _parser().parse_args(argv)
    run = None if arguments.data and all(map(_is_file, (arguments.a, arguments.b))) else find_run(arguments.run)
    files = [_predictions(word, run, arguments.squad) for word in (arguments.a, arguments.b)]
    data = arguments.data or _run_data(run, arguments.squad)
    result = (_compare_squad if arguments.squad else _compare_answers)(data, files, arguments, run)
    sides = {
        side: {"name": word, **describe_predictions(file, run.path if run else None), **result.pop(f"given_{side}")}
        for side, word, file in zip("ab", (arguments.a, arguments.b), files, strict=True)
    }
    shown = {**sides, **result}
    if arguments.output:
        write_json(arguments.output, shown)
    if arguments.json:
        show_json(shown, indent=2)
    else:
        show_text(_text(shown, arguments.show))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "eval_suite/compare.py",
        "Compare two sets of predictions on the same questions: McNemar's exact test, a paired bootstrap "
        "interval of the difference, and the questions that changed.",
        _EXAMPLES,
        json="the result",
    )
    parser.add_argument("a", help="a predictions file, or a checkpoint of the run (base, step_N)")
    parser.add_argument("b", help="the other one, which is held against the first")
    parser.add_argument("--run", help="run folder of the checkpoints; default: the newest")
    parser.add_argument("--data", type=Path, help="the questions; default: those of the run")
    parser.add_argument("--squad", action="store_true", help="compare retention (SQuAD F1 and EM) instead of accuracy")
    add_judging_arguments(parser)
    parser.add_argument("--show", type=int, default=10, metavar="N", help="show N changed questions of each kind")
    parser.add_argument("--output", type=Path, help="write the result to this JSON file too")
    return parser


def _is_file(word: str) -> bool:
    """Tell whether a word means a file, be it there or not, rather than a checkpoint."""
    return Path(word).suffix in (".json", ".jsonl") or Path(word).is_file()


def _predictions(word: str, run: RunFolder | None, is_squad: bool) -> Path:
    """Return the predictions file that a word means: itself, or that of a checkpoint's result in the run."""
    if run is None or _is_file(word):
        return Path(word)
    path = run.results / ("squad.json" if is_squad else "accuracy.json")
    held = read_result(path, EvaluationResult).checkpoints if path.is_file() else {}
    if word not in held:
        known = ", ".join(held) or "none yet"
        raise InputError(f"{word}: neither a predictions file nor a checkpoint that {path} has a result of ({known})")
    return run.path / str(held[word].predictions)


def _run_data(run: RunFolder | None, is_squad: bool) -> Path:
    if run is None:
        raise InputError("--data FILE is missing: name the questions with their references")
    return run.data / ("squad.jsonl" if is_squad else "test.jsonl")


def _compare_answers(
    data: Path, files: Sequence[Path], arguments: argparse.Namespace, run: RunFolder | None
) -> dict[str, Any]:
    rules = _rules(arguments, run)
    named = arguments.judge or (rules.judge if rules else None)
    every = _asked(read_questions(data, named), arguments, run)
    judged: list[list[Verdict]] = []
    given: list[dict[str, int]] = []
    questions: Sequence[Record] = every
    for file in files:
        predictions = read_predictions(file)
        records = as_asked(every, predictions)
        judge = judge_named(named, records, predictions)
        verdicts: Sequence[Verdict] = judge_all(records, predictions, judge)
        given.append(_coverage(records, predictions, file))
        if is_circular(records):
            questions, verdicts = folded(records, verdicts)
        judged.append(list(verdicts))
    names = tuple(judged[0][0].rules)
    if names != tuple(judged[1][0].rules):
        raise InputError(
            f"{files[0]} and {files[1]}: were asked in different ways; compare answers to one way of asking"
        )
    headline = names.index(rules.equality) if rules and rules.equality in names else 0
    asked = [(record.id, verdict.type, verdict.reference) for record, verdict in zip(questions, judged[0], strict=True)]
    first, second = (_side(verdicts, names) for verdicts in judged)
    return {
        "data": describe_data(data, "all", len(every), len(every)).as_json(),
        **compare(asked, names, headline, (first, second)),
        "given_a": given[0],
        "given_b": given[1],
    }


def _compare_squad(
    data: Path, files: Sequence[Path], arguments: argparse.Namespace, run: RunFolder | None
) -> dict[str, Any]:
    every, selection = squad.read_questions(data)
    records = _asked(every, arguments, run)
    names = [f"{way} {name}" for way, name in FIGURES]
    sides, given = [], []
    for file in files:
        predictions = read_predictions(file)
        said = [predictions.get(record.id, "")[:_LONGEST_KEPT] for record in records]
        answered = np.array([record.id in predictions for record in records])
        sides.append(Side(question_scores(records, predictions), said, np.ones(len(records)), answered))
        given.append(_coverage(records, predictions, file))
    asked = [(record.id, "", record.answer) for record in records]
    return {
        "data": describe_data(data, selection, len(records), len(records)).as_json(),
        **compare(asked, names, names.index("contest em"), (sides[0], sides[1]), passages(records)),
        "given_a": given[0],
        "given_b": given[1],
    }


def _asked(records: list[Record], arguments: argparse.Namespace, run: RunFolder | None) -> list[Record]:
    """Return the questions that a run asked of its own; of a file that is named, all."""
    return limited(records, None, run.config() if run and not arguments.data else None)


def _rules(arguments: argparse.Namespace, run: RunFolder | None) -> RulesConfig | None:
    if arguments.contest:
        return load_contest(arguments.contest).rules
    return run.config().rules if run else None


def _coverage(records: Sequence[Record], predictions: dict[str, str], file: Path) -> dict[str, int]:
    return check_answers([record.id for record in records], predictions, file).counts()


def _side(verdicts: Sequence[Verdict], names: Sequence[str]) -> Side:
    scores = np.array([[verdict.rules[name] for name in names] for verdict in verdicts], dtype=np.float64)
    said = [verdict.span or f"({verdict.reason})" for verdict in verdicts]
    answered = np.array([verdict.reason != "missing" for verdict in verdicts])
    return Side(scores, said, np.array([verdict.weight for verdict in verdicts]), answered)


def _text(result: Mapping[str, Any], most: int) -> str:
    return laid_out(_lines(result, most))


def _lines(result: Mapping[str, Any], most: int) -> Iterator[str]:
    for side in ("a", "b"):
        row = result[side]
        yield f"{side.upper()} = {row['name']} ({row['missing']} of {result['count']} questions missing)"
    yield f"{'':28} {'A':>8} {'B':>8}  {'B - A':<26} {'only A':>7} {'only B':>7}  McNemar p"
    for name, row in result["figures"].items():
        low, high = row["interval"]
        difference = f"{row['difference']:+.2%} [{low:+.2%}, {high:+.2%}]"
        tested = "" if row["mcnemar_p"] is None else f" {row['only_a']:7} {row['only_b']:7}  {row['mcnemar_p']:.3g}"
        mark = "*" if name == result["headline"] else " "
        yield f"{mark} {name:26} {row['a']:8.2%} {row['b']:8.2%}  {difference:<26}{tested}"
    if common := result["common"]:
        low, high = common["interval"]
        difference = f"{common['difference']:+.2%} [{low:+.2%}, {high:+.2%}]"
        yield f"  of the {common['count']} that both answer {common['a']:8.2%} {common['b']:8.2%}  {difference}"
        yield "warning: A and B do not answer the same questions; what is missing counts as wrong in all other figures"
    yield "(* decides the lists below; intervals: 95 %, paired bootstrap; p: exact, two-sided)"
    kinds = result["by_type"]
    for kind, row in kinds.items() if len(kinds) > 1 else ():
        change = f"{row['difference']:+8.2%}  gained {row['gained']}, lost {row['lost']}"
        yield f"  {kind or '(none)':26} {row['a']:8.2%} {row['b']:8.2%}  {change}, of {row['count']}"
    for word in ("gained", "lost"):
        rows = result[word]
        yield f"{word} by B: {len(rows)}" + (f", the first {most}:" if len(rows) > most else "")
        for row in rows[:most]:
            where = f"{row['id']} {row['type']}".strip()
            yield f"  {where}: {_cut(row['a'])} -> {_cut(row['b'])} (right: {_cut(row['reference'])})"


def _cut(text: str) -> str:
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


if __name__ == "__main__":
    sys.exit(run_command(main))
