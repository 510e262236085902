"""Whether an evaluation's result is the run's own: only where it asks and judges just as the main job does."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import eval_accuracy.run
import eval_squad.run
from core.config import dump, load_contest
from evaluation.command_line.evaluation import Changes, changes, open_evaluation

EVALUATORS: dict[str, ModuleType] = {"accuracy": eval_accuracy.run, "squad": eval_squad.run}
# What may be given without the result being another than the run's own. Adding to this list is a decision.
HARMLESS = {
    "accuracy": {"ckpt", "run", "dry_run", "output", "json", "verdicts"},
    "squad": {"ckpt", "run", "dry_run", "output", "json", "require_gate"},
}
# What judges the run's own answers otherwise: they are kept and not asked for again.
JUDGING = {"accuracy": {"contest", "judge"}, "squad": {"contest", "base_predictions", "base_f1", "base_em"}}
OPTIONS = [
    (kind, action)
    for kind, module in EVALUATORS.items()
    for action in module._parser()._actions
    if action.dest not in ("help", "ckpt")
]


def other_value(action: argparse.Action) -> Any:
    """Return a value that the option does not have by default."""
    if action.nargs == 0:
        return not action.default
    if action.choices:
        return next(choice for choice in action.choices if choice != action.default)
    value = action.type("7") if callable(action.type) else "7"
    return [value] if action.nargs else value


def changed_by(kind: str, **given: Any) -> Changes:
    module = EVALUATORS[kind]
    parser = module._parser()
    arguments = parser.parse_args(["--ckpt", "step_50"])
    for name, value in given.items():
        setattr(arguments, name, value)
    return changes(parser, arguments, module._HARMLESS, module._JUDGING)


@pytest.mark.parametrize("kind", EVALUATORS)
def test_a_plain_evaluation_of_a_checkpoint_is_the_runs_own(kind: str) -> None:
    assert changed_by(kind) == Changes((), ())


@pytest.mark.parametrize(("kind", "action"), OPTIONS, ids=[f"{kind} {action.dest}" for kind, action in OPTIONS])
def test_every_option_that_is_not_harmless_keeps_a_result_out_of_the_run(kind: str, action: argparse.Action) -> None:
    changed = changed_by(kind, **{action.dest: other_value(action)})
    if action.dest in HARMLESS[kind]:
        assert changed == Changes((), ())
    elif action.dest in JUDGING[kind]:
        assert changed == Changes((), (action.dest,))
    else:
        assert changed == Changes((action.dest,), ())


@pytest.mark.parametrize("kind", EVALUATORS)
def test_the_lists_name_options_that_there_are(kind: str) -> None:
    module = EVALUATORS[kind]
    known = {action.dest for action in module._parser()._actions}
    assert known >= module._HARMLESS
    assert known >= module._JUDGING


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("accuracy", ["--judge", "rouge_l"]),
        ("accuracy", ["--contest", "math_llama3"]),
        ("accuracy", ["--mode", "circular"]),
        ("accuracy", ["--set", "eval.accuracy.max_new_tokens=8"]),
        ("squad", ["--base-f1", "10", "--base-em", "10"]),
        ("squad", ["--base-predictions", "theirs.json"]),
        ("squad", ["--prescreen", "5"]),
    ],
)
def test_a_result_that_is_not_the_runs_own_is_not_written_to_it(tmp_path: Path, kind: Any, words: list[str]) -> None:
    (tmp_path / "run.yaml").write_text(dump(load_contest("practice_math")), encoding="utf-8")
    module = EVALUATORS[kind]
    plain = ["--run", str(tmp_path), "--ckpt", "step_50"]
    for line, own in ((plain, True), ([*plain, *words], False)):
        parser = module._parser()
        arguments = parser.parse_args(line)
        evaluation = open_evaluation(
            kind, arguments, "test.jsonl", changes(parser, arguments, module._HARMLESS, module._JUDGING)
        )
        assert (evaluation.result_file == tmp_path / "results" / f"{kind}.json") is own
