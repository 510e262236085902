"""Command: plan a fine-tuning run (--dry-run), or train a converted run under msrun."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.config import kit_path, load_contest
from core.errors import InputError, run_command
from core.files import existing_folder
from core.results import file_name
from core.run_folder import LOGS, find_run
from core.schema import RunConfig
from core.terminal import laid_out, show, show_json, show_text

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
    from finetune.training.plan import as_json, msrun_commands

    if arguments.contest:
        config = load_contest(arguments.contest, settings)
        folder = Path("logs") / f"{config.contest}-RUN"
    else:
        run = find_run(arguments.run)
        config, folder = run.config(settings), run.path
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
    result = as_json(plan, commands, trainer_yaml, network_changes(config, columns))
    result["bundle"] = described(config)
    result["disk_free_bytes"] = shutil.disk_usage(existing_folder(LOGS)).free
    if arguments.json:
        show_json(result)
    else:
        show_text(_text(config, result))
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


def _filled(config: RunConfig, plan: dict[str, Any]) -> Iterator[str]:
    """Yield what rows are filled with, and how much of it a step sees."""
    rows = plan["rows"]
    if rows:
        share = config.train.step_rows * config.machine.data_parallel / rows["rows"]
        tokens, learned, records = rows["tokens"], rows["learned"], plan["records"]
        packed = f", {records / rows['rows']:.2f} records each" if config.data.packing else ""
        yield f"rows                {rows['rows']:,} of {config.data.seq_length} + 1 tokens{packed}"
        yield f"tokens an epoch     {tokens:,}, {learned:,} of them learned ({rows['padding_share']:.1%} padding)"
        seen = f"{tokens * share:,.0f} tokens, {learned * share:,.0f} of them learned"
        yield f"a step sees         {records * share:.1f} records, {seen}"
    elif config.data.packing:
        yield "note: packed rows are fewer than records, and so are the steps; converted, the run shows how many"


def _validated(validation: dict[str, Any] | None) -> Iterator[str]:
    """Yield when the loss on validation records is computed, what that takes, and where training may stop early."""
    if validation is None:
        return
    passes = f"{validation['batches']:,} forward passes of a worker each"
    yield f"validation loss     every {validation['every']:,} steps, {validation['evaluations']:,} times in all"
    memory = f"{validation['memory_bytes'] / 1e9:.1f} GB a worker"
    costs = f"about {validation['share_of_time']:.1%} of the steps' time, {memory}"
    yield f"                    {validation['rows']:,} rows: {passes}, {costs}"
    if validation["patience"]:
        stops = ", ".join(str(step) for step in validation["stops"])
        yield f"stops early         after {validation['patience']} times without a lower loss, at {stops}"


def _bundle(bundle: dict[str, Any]) -> Iterator[str]:
    """Yield which MindFormers is planned for, what it was released for, and what of it was tried."""
    others = (("mindspore", "MindSpore"), ("cann", "CANN"), ("python", "Python"))
    made_for = ", ".join(f"{title} {bundle[key]}" for key, title in others if bundle[key])
    yield f"bundle              MindFormers {bundle['mindformers']}{f' ({made_for})' if made_for else ''}"
    for title, said in [("tried", bundle["tried"]), *(("note", note) for note in bundle["notes"])]:
        yield from textwrap.wrap(said, 80, initial_indent=f"{title:<20}", subsequent_indent=" " * 20)


def _text(config: RunConfig, plan: dict[str, Any]) -> str:
    import yaml

    steps = ", ".join(str(step) for step in plan["checkpoint_steps"])
    lines = [
        f"# {config.title} on {config.machine.title}",
        f"records             {plan['records']:,} ({plan['records_from']})",
        *_filled(config, plan),
        f"steps               {plan['total_steps']:,} ({config.train.epochs} epochs of {plan['steps_per_epoch']:,})",
        f"checkpoints at      {steps}",
        *_validated(plan.get("validation")),
        f"method              {plan['method']}",
        f"adapter             {plan['adapter_dtype']}, {plan['adapter_memory_bytes'] / 1e6:,.1f} MB a worker with "
        "gradients and Adam's moments",
        f"trainable           {plan['trainable']:,}",
        f"total               {plan['total']:,}",
        f"ratio               {plan['ratio']:.9f}",
        *_bundle(plan["bundle"]),
    ]
    if plan["published_ratio"] is not None:
        lines.append(f"ratio as published  {plan['published_ratio']:.9f} (of {plan['published_total']:,})")
    lines += [f"disk: {name:<13} {size / 1e9:,.2f} GB" for name, size in plan["disk_bytes"].items()]
    needed, free = plan["disk_bytes"]["total"] - plan["disk_bytes"]["base"], plan["disk_free_bytes"]
    little = f": too little for the {needed / 1e9:,.2f} GB that a run makes" if needed > free else ""
    lines.append(f"disk: free here     {free / 1e9:,.2f} GB{little}")
    if config.machine.model_parallel * config.machine.pipeline_stage > 1:
        lines.append(
            "note: workers of this machine hold slices of the adapter; the kit itself trains data-parallel only "
            "(ckpt_tools/join.py joins slices that MindFormers trained by itself)"
        )
    lines += ["", "# msrun, one command a host" if config.machine.hosts > 1 else "# msrun", *plan["msrun"]]
    lines += ["", "# MindFormers YAML (train/finetune.yaml)"]
    lines += yaml.safe_dump(plan["mindformers_yaml"], sort_keys=False, allow_unicode=True).rstrip().split("\n")
    if plan["network_changes"]:
        lines += ["", "# Changes of MindFormers' network (train/changes.json)"]
        lines += yaml.safe_dump(plan["network_changes"], sort_keys=False, allow_unicode=True).rstrip().split("\n")
    return laid_out(lines)


if __name__ == "__main__":
    sys.exit(run_command(main))
