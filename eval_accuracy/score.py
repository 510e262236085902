"""Command: the low-parameter score of an accuracy and a ratio, or of a run; what ranks and targets would cost."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from core.config import load_contest
from core.errors import InputError, run_command
from core.files import sha256_file, write_json
from core.results import read_results
from core.run_folder import RunFolder, find_run, read_result
from core.schema import RulesConfig
from core.score import formula, low_parameter_score, points_lost, published_scores, rank
from eval_accuracy.contest_score.best_of import optimism
from eval_accuracy.contest_score.what_if import as_text, what_if
from eval_accuracy.judges import judge_named
from eval_accuracy.scoring.accuracy import judge_all
from eval_accuracy.scoring.circular import as_asked, folded, is_circular
from eval_accuracy.scoring.questions import read_questions
from evaluation.answers.predictions import read_predictions
from evaluation.command_line.checkpoints import BASE
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


def score_run(run: RunFolder) -> dict[str, Any]:
    """Score every checkpoint of a run from its results and write results/score.json.

    Returns:
        "formula", "ratio", "checkpoints": for each its "accuracy", "interval", "score", "gate_passed", "eligible",
        "rank"; "best": the eligible checkpoint with the highest score, None where none passes the gate; "best_of": how
        optimistic that choice is (`best_of.optimism`), None where there was nothing to choose between. In a contest
        without the step "retention" every checkpoint is eligible, and its "gate_passed" is None.

    Raises:
        InputError: a result is missing, or retention and accuracy were measured on different checkpoints.
    """
    config = run.config()
    rules, has_gate = config.rules, "retention" in config.steps
    ratio = float(read_result(run, "ratio")["ratio"])
    accuracy = read_results(run.results / "accuracy.json")["checkpoints"]
    squad = read_results(run.results / "squad.json")["checkpoints"] if has_gate else {}
    if has_gate and set(squad) != set(accuracy):
        only = sorted(set(squad) ^ set(accuracy))
        raise InputError(f"{run.results}: {', '.join(only)} has only one of retention and accuracy; evaluate both")
    checkpoints = {}
    for name in accuracy:
        if name == BASE:
            continue
        scored = score_under(rules, accuracy[name]["accuracy"], ratio)
        passed = bool((squad[name]["gate"] or {"passed": False})["passed"]) if has_gate else None
        checkpoints[name] = {
            "accuracy": accuracy[name]["accuracy"],
            "interval": accuracy[name].get("interval"),
            "score": scored["score"],
            "gate_passed": passed,
            "eligible": passed is not False,
            "rank": scored["rank"],
        }
    eligible = [name for name, row in checkpoints.items() if row["eligible"]]
    names = ("ratio", "squad", "accuracy") if has_gate else ("ratio", "accuracy")
    result = {
        "schema": 1,
        "formula": formula(rules.ratio_weight, rules.accuracy_weight, rules.ratio_factor),
        "ratio": ratio,
        "checkpoints": checkpoints,
        "best": max(eligible, key=lambda name: checkpoints[name]["score"]) if eligible else None,
        "best_of": _best_of(run, eligible),
        "inputs": {name: sha256_file(run.results / f"{name}.json") for name in names},
    }
    write_json(run.results / "score.json", result)
    return result


def _best_of(run: RunFolder, eligible: Sequence[str]) -> dict[str, Any] | None:
    """Judge the eligible checkpoints' answers question by question and return how optimistic choosing the best is."""
    held = read_results(run.results / "accuracy.json")
    files = {name: run.path / str(held["checkpoints"][name].get("predictions")) for name in eligible}
    data = run.data / "test.jsonl"
    if len(files) < 2 or not data.is_file() or not all(file.is_file() for file in files.values()):
        return None
    config = run.config()
    records = limited(read_questions(data, config.rules.judge), None, config)
    columns = []
    for name, file in files.items():
        predictions = read_predictions(file)
        asked = as_asked(records, predictions)
        verdicts = judge_all(asked, predictions, judge_named(config.rules.judge, asked, predictions))
        if is_circular(asked):
            _, verdicts = folded(asked, verdicts)
        columns.append([verdict.rules[held["checkpoints"][name]["rule"]] for verdict in verdicts])
    return optimism(eligible, np.array(columns, dtype=np.float64).T)


def main(argv: Sequence[str]) -> int:
    """Print the score as JSON, or what if; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="eval_accuracy/score.py",
        description="The low-parameter score, as JSON on standard output: of an accuracy and a ratio, or of a run. "
        "With --what-if: what ranks and targets would cost.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--contest", help="a file of configs/contests, without its ending")
    parser.add_argument("--accuracy", type=float, help="share of questions answered right, 0 to 1")
    parser.add_argument("--ratio", type=float, help="trained parameters over all parameters, 0 to 1")
    parser.add_argument("--run", help="score all checkpoints of this run and write its results/score.json")
    parser.add_argument("--what-if", action="store_true", help="a table of rank x targets, before training")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else (scores are always JSON)")
    arguments = parser.parse_args(argv)
    if arguments.what_if:
        print(_what_if(arguments))
        return 0
    if arguments.run:
        run = find_run(arguments.run)
        with run.step("score"):
            result = score_run(run)
    else:
        _need(arguments, "contest", "accuracy", "ratio")
        rules = load_contest(arguments.contest).rules
        result = {"contest": arguments.contest, **score_under(rules, arguments.accuracy, arguments.ratio)}
    print(json.dumps(result, ensure_ascii=False, indent=2, allow_nan=False))
    return 0


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
        return json.dumps({"contest": arguments.contest, "rows": rows}, ensure_ascii=False, indent=2, allow_nan=False)
    rules = config.rules
    words = formula(rules.ratio_weight, rules.accuracy_weight, rules.ratio_factor)
    return as_text(rows, f"{config.title}: score = {words}")


if __name__ == "__main__":
    sys.exit(run_command(main))
