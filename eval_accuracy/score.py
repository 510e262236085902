"""Command: the low-parameter score of an accuracy and a ratio, or of a run; what ranks and targets would cost."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from core.command import command_parser
from core.config import load_contest
from core.errors import InputError, run_command
from core.files import read_json, sha256_file, write_json
from core.result_parts import SCHEMA
from core.result_types import (
    AccuracyEntry,
    AccuracyResult,
    BestOf,
    RatioResult,
    RetentionEntry,
    RetentionResult,
    ScoreEntry,
    ScoreResult,
)
from core.results import RESULTS, file_name, gather, read_result, results_of, summary
from core.run_folder import RunFolder, find_run
from core.schema import RunConfig
from core.schema_evaluation import RulesConfig
from core.score import formula, low_parameter_score, points_lost, published_scores, rank
from core.step_names import BASE
from core.terminal import laid_out, show_json, show_text, visible_json
from eval_accuracy.contest_score.best_of import optimism
from eval_accuracy.contest_score.what_if import as_text, what_if
from eval_accuracy.judges import judge_named
from eval_accuracy.scoring.accuracy import judge_all
from eval_accuracy.scoring.circular import as_asked, folded, is_circular
from eval_accuracy.scoring.questions import read_questions
from evaluation.answers.predictions import read_predictions
from evaluation.command_line.evaluation import limited

_EXAMPLES = """examples:
  python eval_accuracy/score.py --contest math_llama3 --accuracy 0.7161 --ratio 0.00679028
  python eval_accuracy/score.py --run logs/latest
  python eval_accuracy/score.py --contest choice_internlm --what-if
  python eval_accuracy/score.py --contest math_llama3 --what-if --accuracy 0.64"""


def score_under(rules: RulesConfig, accuracy: float, ratio: float) -> dict[str, Any]:
    """Return the score of (accuracy, ratio) under a contest's rules.

    Returns:
        "score"; "formula"; "accuracy", "ratio"; "accuracy_points", "ratio_points" (its two summands);
        "points_lost_to_ratio" and "accuracy_to_win_them_back" (a fraction); "baseline_accuracy"; "rank" among
        "published" (None where nothing is published): a list of "team", "score", "rank", best first.
    """
    weights = (rules.ratio_weight, rules.accuracy_weight, rules.ratio_factor)
    score = low_parameter_score(accuracy, ratio, *weights)
    published = published_scores(rules)
    scores = [value for value, _ in published]
    lost = points_lost(rules, ratio)
    return {
        "score": score,
        "formula": formula(*weights),
        "accuracy": accuracy,
        "ratio": ratio,
        "accuracy_points": accuracy * rules.accuracy_weight,
        "ratio_points": rules.ratio_weight - lost,
        "points_lost_to_ratio": lost,
        "accuracy_to_win_them_back": lost / rules.accuracy_weight if rules.accuracy_weight else None,
        "baseline_accuracy": rules.baseline_accuracy,
        "rank": rank(score, scores) if scores else None,
        "published": [{"rank": rank(value, scores), "team": team, "score": value} for value, team in published],
    }


def score_run(run: RunFolder) -> ScoreResult:
    """Score every checkpoint of a run from its results and write results/score.json.

    Where the contest measures no retention, no gate keeps a checkpoint out.

    Raises:
        InputError: a result is missing, or retention and accuracy were measured on different checkpoints.
    """
    config = run.config()
    rules = config.rules
    ratio = read_result(run.path / file_name("ratio"), RatioResult).ratio
    accuracy = read_result(run.path / file_name("accuracy"), AccuracyResult).checkpoints
    gated = RESULTS["squad"].step in config.steps
    squad = read_result(run.path / file_name("squad"), RetentionResult).checkpoints if gated else {}
    if gated and set(squad) != set(accuracy):
        only = sorted(set(squad) ^ set(accuracy))
        raise InputError(f"{run.results}: {', '.join(only)} has only one of retention and accuracy; evaluate both")
    checkpoints = {
        name: _scored(rules, entry, ratio, squad.get(name)) for name, entry in accuracy.items() if name != BASE
    }
    eligible = [name for name, row in checkpoints.items() if row.eligible]
    result = ScoreResult(
        schema=SCHEMA,
        formula=formula(rules.ratio_weight, rules.accuracy_weight, rules.ratio_factor),
        ratio=ratio,
        checkpoints=checkpoints,
        best=max(eligible, key=lambda name: checkpoints[name].score) if eligible else None,
        best_of=_best_of(run, config, {name: accuracy[name] for name in eligible}),
        inputs={name: sha256_file(run.path / file_name(name)) for name in ("ratio", *(["squad"] * gated), "accuracy")},
    )
    write_json(run.path / file_name("score"), result.as_json())
    return result


def _scored(rules: RulesConfig, entry: AccuracyEntry, ratio: float, retention: RetentionEntry | None) -> ScoreEntry:
    """Score one checkpoint; `retention` is None where the contest measures none."""
    scored = score_under(rules, entry.accuracy, ratio)
    passed = bool(retention.gate and retention.gate.passed) if retention else None
    return ScoreEntry(
        accuracy=entry.accuracy,
        interval=entry.interval,
        score=scored["score"],
        gate_passed=passed,
        eligible=passed is not False,
        rank=scored["rank"],
    )


def _best_of(run: RunFolder, config: RunConfig, eligible: Mapping[str, AccuracyEntry]) -> BestOf | None:
    """Judge the eligible checkpoints' answers question by question and return how optimistic choosing the best is."""
    files = {name: run.path / str(entry.predictions) for name, entry in eligible.items()}
    data = run.data / "test.jsonl"
    if len(files) < 2 or not data.is_file() or not all(file.is_file() for file in files.values()):
        return None
    records = limited(read_questions(data, config.rules.judge), None, config)
    columns = []
    for name, file in files.items():
        predictions = read_predictions(file)
        asked = as_asked(records, predictions)
        verdicts = judge_all(asked, predictions, judge_named(config.rules.judge, asked, predictions))
        if is_circular(asked):
            _, verdicts = folded(asked, verdicts)
        columns.append([verdict.rules[eligible[name].rule] for verdict in verdicts])
    return BestOf(**optimism(list(eligible), np.array(columns, dtype=np.float64).T))


def main(argv: Sequence[str]) -> int:
    """Print the score, or what if; return the exit code."""
    parser = command_parser(
        "eval_accuracy/score.py",
        "The low-parameter score: of an accuracy and a ratio, or of a run. "
        "With --what-if: what ranks and targets would cost.",
        _EXAMPLES,
        json="the result",
    )
    parser.add_argument("--contest", help="a file of configs/contests, without its ending")
    parser.add_argument("--accuracy", type=float, help="share of questions answered right, 0 to 1")
    parser.add_argument("--ratio", type=float, help="trained parameters over all parameters, 0 to 1")
    parser.add_argument("--run", help="score all checkpoints of this run and write its results/score.json")
    parser.add_argument("--what-if", action="store_true", help="a table of rank x targets, before training")
    arguments = parser.parse_args(argv)
    if arguments.what_if:
        show_text(_what_if(arguments))
        return 0
    result, lines = _of_run(arguments.run) if arguments.run else _of_figures(arguments)
    if arguments.json:
        show_json(result, indent=2)
    else:
        show_text(laid_out(lines))
    return 0


def _of_run(path: str) -> tuple[dict[str, Any], list[str]]:
    """Score a run; return the result, and the table of it."""
    run = find_run(path)
    with run.step("score"):
        result = score_run(run)
    made = gather(results_of(run.config().steps), lambda file: read_json(run.path / file))
    return result.as_json(), [*summary(made), f"score = {result.formula}", str(run.path / file_name("score"))]


def _of_figures(arguments: argparse.Namespace) -> tuple[dict[str, Any], list[str]]:
    """Score an accuracy and a ratio; return the result, and it in words."""
    _need(arguments, "contest", "accuracy", "ratio")
    rules = load_contest(arguments.contest).rules
    found = score_under(rules, arguments.accuracy, arguments.ratio)
    lines = [f"score {found['score']:.6f} = {found['formula']}"]
    if (needed := found["accuracy_to_win_them_back"]) is not None:
        lost = found["points_lost_to_ratio"]
        lines.append(f"the ratio costs {lost:.6f} points of it; {needed:.3%} of accuracy win them back")
    if found["rank"] is not None:
        lines.append(f"it would have been number {found['rank']} beside {len(found['published'])} published scores")
    return {"contest": arguments.contest, **found}, lines


def _need(arguments: argparse.Namespace, *names: str) -> None:
    missing = [f"--{name}" for name in names if getattr(arguments, name) is None]
    if missing:
        raise InputError(f"{', '.join(missing)} is missing: give --contest, --accuracy and --ratio, or --run")


def _what_if(arguments: argparse.Namespace) -> str:
    if not arguments.contest or arguments.run or arguments.ratio is not None:
        raise InputError("--what-if goes with --contest, and --accuracy where scores are wanted")
    config = load_contest(arguments.contest)
    rows = what_if(config.model, config.method, config.rules, arguments.accuracy)
    if arguments.json:
        shown = {"contest": arguments.contest, "rows": rows}
        return visible_json(json.dumps(shown, ensure_ascii=False, indent=2, allow_nan=False))
    rules = config.rules
    words = formula(rules.ratio_weight, rules.accuracy_weight, rules.ratio_factor)
    return as_text(rows, f"{config.title}: score = {words}")


if __name__ == "__main__":
    sys.exit(run_command(main))
