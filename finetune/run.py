"""Command: plan a fine-tuning run (--dry-run), or train a converted run under msrun."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.config import kit_path, load_contest
from core.errors import InputError, run_command
from core.files import existing_folder
from core.results import file_name
from core.run_folder import LOGS, find_run
from core.schema import RunConfig
from core.terminal import show, show_json, show_text

if TYPE_CHECKING:
    from finetune.training.plan import Plan

_EXAMPLE = """examples:
  python finetune/run.py --contest math_llama3 --machine ascend_4x32g --dry-run
  python finetune/run.py --run logs/latest

A training that was interrupted goes on from its last state when the same command is given again.
"""


def main(argv: Sequence[str]) -> int:
    """Parse arguments; plan or train."""
    parser = command_parser(
        "finetune/run.py",
        "Plan a run without MindSpore, or train a converted run with MindFormers under msrun.",
        _EXAMPLE,
        json="the result",
    )
    parser.add_argument("--contest", help="contest to plan (configs/contests/)")
    parser.add_argument("--machine", help="machine to plan for (configs/machines/)")
    parser.add_argument("--run", help="run folder to train, or to plan from (default: the newest)")
    parser.add_argument("--dry-run", action="store_true", help="print the plan and the MindFormers YAML; start nothing")
    parser.add_argument("--force", action="store_true", help="train from the start, though it was done or begun")
    parser.add_argument(
        "--anew-if-changed",
        action="store_true",
        help="train from the start where settings, data or base are others than when training was begun",
    )
    parser.add_argument("--collect", action="store_true", help="file what workers on several hosts left behind")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings to change")
    arguments = parser.parse_args(argv)
    settings = list(arguments.settings)
    if arguments.machine:
        settings.append(f"machine={arguments.machine}")
    if arguments.dry_run:
        return _dry_run(arguments, settings)
    if arguments.contest:
        raise InputError("--contest goes with --dry-run; to train it: bash finetune/run_lora.sh --contest NAME")
    if arguments.settings:
        raise InputError("settings belong to a new run (run_lora.sh key=value) or to --dry-run")
    run = find_run(arguments.run)
    from finetune.training.resume import Begun
    from finetune.training.train import collect, train

    with run.step("train", arguments.force or arguments.collect):
        if arguments.collect:
            result = collect(run.config(settings), run)
        else:
            begun: Begun = "anew" if arguments.force else "anew if changed" if arguments.anew_if_changed else "go on"
            result = train(run.config(settings), run, begun)
    if arguments.json:
        show_json(result.as_json())
    else:
        show(f"trained {result.trainable:,} of {result.total:,} parameters (ratio {result.ratio:.9f})")
        show(f"ratio: {run.path / file_name('ratio')}")
    return 0


def _dry_run(arguments: argparse.Namespace, settings: list[str]) -> int:
    from backend.changes import network_changes
    from backend.versions import described, version_of
    from finetune.training.fitting import check_fits
    from finetune.training.plan import as_json, msrun_commands
    from finetune.training.plan_text import plan_text

    if arguments.contest:
        config = load_contest(arguments.contest, settings)
        folder = Path("logs") / f"{config.contest}-RUN"
    else:
        run = find_run(arguments.run)
        config, folder = run.config(settings), run.path
    check_fits(config)
    audit = folder / "data" / "audit.json"
    plan, columns = _planned(config, audit)
    train_folder = folder / "train"
    mindrecord = folder / "data" / "mindrecord"
    base = kit_path(config.model.checkpoint)
    version = version_of(config.machine)
    trainer_yaml = version.finetune_yaml(config, mindrecord, train_folder, base, plan.checkpoint_steps, columns)
    if plan.validation:
        rows = folder / "data" / "validation"
        trainer_yaml = version.validated(trainer_yaml, config, plan.validation, rows, columns)
    worker, file, logs = Path("backend") / "worker.py", train_folder / "finetune.yaml", train_folder / "msrun"
    commands = msrun_commands(config.machine, worker, file, logs)
    result = as_json(config, plan, commands, trainer_yaml, network_changes(config, columns))
    result["bundle"] = described(config)
    result["disk_free_bytes"] = shutil.disk_usage(existing_folder(LOGS)).free
    if arguments.json:
        show_json(result)
    else:
        show_text(plan_text(config, result))
    return 0


def _planned(config: RunConfig, audit: Path) -> tuple[Plan, tuple[str, ...]]:
    """Return the plan and the rows' columns, from the best that is known: converted, of the corpus file, stated."""
    from finetune.training.plan import converted_plan, make_plan

    if audit.is_file():
        from core.audit import converted_columns

        return converted_plan(config, audit), converted_columns(audit)
    from core.packed import planned_columns
    from data_convert.corpus.corpora import corpus_size

    size = corpus_size(config.data, config.task, needs_test="accuracy" in config.steps)
    return make_plan(config, *size), planned_columns(config)


if __name__ == "__main__":
    sys.exit(run_command(main))
