"""Command: retention. SQuAD F1 and EM of predictions or checkpoints, both ways, and the gate."""

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
from core.errors import GateError, InputError, run_command
from core.evaluation import (
    BASE,
    Target,
    add_source_arguments,
    as_json,
    describe_data,
    describe_predictions,
    is_standard,
    limited,
    run_for,
)
from core.files import append_line, write_json
from core.predictions import read_predictions
from core.records import Record
from core.results import read_results, same_data, update_results
from core.run_folder import RunFolder
from core.schema import RulesConfig, RunConfig
from data_convert.squad import read_questions
from eval_squad.gate import Gate, gate_from_base, gate_of_contest
from eval_squad.scoring import score

_EXAMPLES = """examples:
  python eval_squad/run.py --predictions BERT.json --data dev-v1.1.json --selection all --json
  python eval_squad/run.py --predictions mine.jsonl --data dev-v1.1.json --contest math_llama3 --require-gate
  python eval_squad/run.py --ckpt logs/latest/checkpoints/step_*.ckpt"""


def main(argv: Sequence[str]) -> int:
    """Score, print, write what there is to write; return the exit code."""
    options = _parser().parse_args(argv)
    run = run_for(options.ckpt, options.run) if options.ckpt or options.run else None
    config = run.config() if run else None
    data = options.data or (run.data / "squad.jsonl" if run else None)
    if data is None:
        raise InputError("--data FILE is missing: name the questions (dev-v1.1.json or a record file)")
    every, selection = read_questions(data, options.selection)
    records = limited(every, options.limit, config)
    described = describe_data(data, selection, len(every), len(records))
    results: dict[str, Any] = {}
    rules = _rules(options, config)
    gate = _known_gate(options, rules, records)
    for target, path in _prediction_files(options, records, run, config):
        name = target.name
        if name != BASE:
            gate = gate or _gate_of_run(rules, run, described)
        result = score(records, read_predictions(path), gate)
        if gate is None and name == BASE:
            # The base is its own reference; the checkpoints after it are held against it.
            gate = gate_from_base(result["contest"]["f1"], result["contest"]["em"], rules.retention_share)
            result = score(records, read_predictions(path), gate)
        results[name] = {**result, **describe_predictions(path, run.path if run else None)}
        if run is not None and target.of_run and is_standard(options):
            update_results(run.results / "squad.json", name, results[name], described)
            _log(run, name, result)
    _show(options, results, described, run)
    failed = [name for name, result in results.items() if not (result["gate"] or {"passed": False})["passed"]]
    if options.require_gate and failed:
        known = [name for name in failed if results[name]["gate"] is not None]
        why = "does not pass the retention gate" if known else "has no gate: give --contest or the base's figures"
        raise GateError(f"{', '.join(failed)} {why}")
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
    parser.add_argument("--require-gate", action="store_true", help="exit code 3 where the gate is not passed")
    return parser


def _rules(options: argparse.Namespace, config: RunConfig | None) -> RulesConfig:
    """Return the rules of the contest named, else of the run's own configuration, else the plain 90 % of the base."""
    if options.contest:
        return load_contest(options.contest).rules
    return config.rules if config else RulesConfig(ratio_factor=1, judge="math")


def _known_gate(options: argparse.Namespace, rules: RulesConfig, records: Sequence[Record]) -> Gate | None:
    """Return the gate that the arguments state: figures of a base model, else thresholds of the contest."""
    if (options.base_f1 is None) != (options.base_em is None):
        raise InputError("--base-f1 and --base-em belong together: give both")
    if options.base_f1 is not None:
        return gate_from_base(options.base_f1, options.base_em, rules.retention_share)
    if options.base_predictions is not None:
        base = score(records, read_predictions(options.base_predictions))["contest"]
        return gate_from_base(base["f1"], base["em"], rules.retention_share)
    return gate_of_contest(rules.f1_threshold, rules.em_threshold)


def _gate_of_run(rules: RulesConfig, run: RunFolder | None, described: dict[str, Any]) -> Gate | None:
    """Return the gate from the base's result in the run, where it was measured on the same questions."""
    path = run.results / "squad.json" if run else None
    if path is None or not path.is_file():
        return None
    held = read_results(path)
    base = held["checkpoints"].get(BASE)
    if base is None or not same_data(held["data"], described):
        return None
    return gate_from_base(base["contest"]["f1"], base["contest"]["em"], rules.retention_share)


def _prediction_files(
    options: argparse.Namespace, records: list[Record], run: RunFolder | None, config: RunConfig | None
) -> Iterator[tuple[Target, Path]]:
    if run is None or config is None or options.predictions:
        return iter([(Target("predictions", options.predictions, of_run=False), options.predictions)])
    # Imported here: scoring existing predictions must not need MindSpore.
    from inference.predictor import predict_all

    return predict_all(options.ckpt, config, run, records, "squad", is_standard(options))


def _log(run: RunFolder, name: str, result: dict[str, Any]) -> None:
    """Append a result to the run's evaluation log, in the words of MindFormers' EmF1Metric."""
    contest = result["contest"]
    line = f"{name}: F1 score: {contest['f1']}, Em score: {contest['em']}, total_count: {result['count']}"
    append_line(run.path / "eval" / "squad.log", line)


def _show(
    options: argparse.Namespace, results: dict[str, Any], described: dict[str, Any], run: RunFolder | None
) -> None:
    shown = as_json(results, described)
    if options.output:
        write_json(options.output, shown)
    if options.json:
        print(json.dumps(shown, ensure_ascii=False, indent=2, allow_nan=False))
        return
    print(f"{'':12} {'count':>6} {'missing':>7}  {'contest F1':>10} {'EM':>7}  {'official F1':>11} {'EM':>7}  gate")
    for name, result in results.items():
        contest, official = result["contest"], result["official"]
        print(
            f"{name:12} {result['count']:6} {result['missing']:7}  {contest['f1']:10.3f} {contest['em']:7.3f}"
            f"  {official['f1']:11.3f} {official['em']:7.3f}  {_gate_words(result['gate'])}"
        )
    path = options.output or (run.results / "squad.json" if run and is_standard(options) else None)
    if path:
        print(path)


def _gate_words(gate: dict[str, Any] | None) -> str:
    if gate is None:
        return "-"
    word = "passed" if gate["passed"] else "failed"
    return f"{word} (F1 >= {gate['required_f1']:.3f}, EM >= {gate['required_em']:.3f}, from the {gate['reference']})"


if __name__ == "__main__":
    sys.exit(run_command(main))
