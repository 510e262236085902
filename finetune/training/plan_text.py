"""The plan of a run as text of 80 columns: what it does, what it takes, and the commands and settings behind it."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator
from typing import Any

import yaml

from core.schema import RunConfig
from core.terminal import laid_out
from finetune.training.cost import in_time
from finetune.training.memory import in_gb

_WIDTH, _TITLE = 80, 20


def plan_text(config: RunConfig, plan: dict[str, Any]) -> str:
    """Return the text of a plan.

    Args:
        config: the run's configuration.
        plan: the JSON of the dry run (`finetune.training.plan.as_json`), with "bundle" and "disk_free_bytes".
    """
    sections = (_training, _parameters, _cost, _memory, _disk, _notes)
    lines = [f"# {config.title} on {config.machine.title}"]
    for section in sections:
        for title, text in section(config, plan):
            lines += _row(title, text)
    lines += ["", "# msrun, one command a host" if config.machine.hosts > 1 else "# msrun"]
    for command in plan["msrun"]:
        lines += _command(shlex.split(command))
    lines += ["", "# MindFormers YAML (train/finetune.yaml)", *_yaml(plan["mindformers_yaml"])]
    if plan["network_changes"]:
        lines += ["", "# Changes of MindFormers' network (train/changes.json)", *_yaml(plan["network_changes"])]
    return laid_out(lines)


def _row(title: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"{title:<{_TITLE}}", subsequent_indent=" " * _TITLE)


def _yaml(value: Any) -> list[str]:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).rstrip().split("\n")


def _command(words: list[str]) -> Iterator[str]:
    """Yield a command in lines that a shell joins again."""
    line = ""
    for word in map(shlex.quote, words):
        if line and len(line) + len(word) + 3 > _WIDTH:
            yield f"{line} \\"
            line = f"    {word}"
        else:
            line = f"{line} {word}" if line else word
    yield line


def _training(config: RunConfig, plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "records", f"{plan['records']:,} ({plan['records_from']})"
    rows = plan["rows"]
    if rows:
        share = config.train.step_rows * config.machine.data_parallel / rows["rows"]
        tokens, learned, records = rows["tokens"], rows["learned"], plan["records"]
        packed = f", {records / rows['rows']:.2f} records each" if config.data.packing else ""
        yield "rows", f"{rows['rows']:,} of {config.data.seq_length} + 1 tokens{packed}"
        padding = f"({rows['padding_share']:.1%} padding)"
        yield "tokens an epoch", f"{tokens:,}, {learned:,} of them learned {padding}"
        seen = f"{tokens * share:,.0f} tokens, {learned * share:,.0f} of them learned"
        yield "a step sees", f"{records * share:.1f} records, {seen}"
    elif config.data.packing:
        yield "note", "packed rows are fewer than records, and so are the steps; converted, the run shows how many"
    else:
        yield "padding", "known when the records are converted (--run logs/RUN)"
    yield "steps", f"{plan['total_steps']:,} ({config.train.epochs} epochs of {plan['steps_per_epoch']:,})"
    yield "checkpoints at", ", ".join(str(step) for step in plan["checkpoint_steps"])
    if plan.get("validation"):
        yield from _validation(plan["validation"])


def _validation(validation: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield when the loss on validation records is computed, what that takes, and where training may stop early."""
    yield "validation loss", f"every {validation['every']:,} steps, {validation['evaluations']:,} times in all"
    passes = f"{validation['batches']:,} forward passes of a worker each"
    costs = f"about {validation['share_of_time']:.1%} of the steps' time, {in_gb(validation['memory_bytes'])} a worker"
    yield "", f"{validation['rows']:,} rows: {passes}, {costs}"
    if validation["patience"]:
        stops = ", ".join(str(step) for step in validation["stops"])
        yield "stops early", f"after {validation['patience']} times without a lower loss, at {stops}"


def _parameters(config: RunConfig, plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "method", plan["method"]
    megabytes = plan["adapter_memory_bytes"] / 1e6
    yield "adapter", f"{plan['adapter_dtype']}, {megabytes:,.1f} MB a worker with gradients and Adam's moments"
    yield "trainable", f"{plan['trainable']:,}"
    yield "total", f"{plan['total']:,}"
    yield "ratio", f"{plan['ratio']:.9f}"
    if plan["published_ratio"] is not None:
        yield "ratio as published", f"{plan['published_ratio']:.9f} (of {plan['published_total']:,})"
    if plan["accuracy_to_win_back"] is not None:
        won = f"{100 * plan['accuracy_to_win_back']:.3f} points of accuracy (%) win them back"
        yield "ratio costs", f"{plan['points_lost']:.6f} points of the score; {won}"


def _cost(config: RunConfig, plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    cost = plan["cost"]
    if cost["seconds"] is None:
        yield "time", f"not known: {cost['source']}"
        return
    range_ = "" if cost["least"] == cost["most"] else f" ({in_time(cost['least'])} to {in_time(cost['most'])})"
    yield "time", f"{in_time(cost['seconds'])}{range_} for {cost['tokens']:,} tokens, padding counted"
    yield "", f"{cost['speed']:,.0f} a second on all workers: {cost['source']}"
    price = "" if cost["price"] is None else f", {cost['price']:,.2f} at {config.machine.price_per_hour:g} an hour"
    unit = "NPU hours" if config.machine.device == "Ascend" else "worker hours"
    yield unit, f"{cost['worker_hours']:,.1f}{price}; training alone, without conversion and evaluation"


def _memory(config: RunConfig, plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    memory, limit = plan["memory_bytes"], plan["memory_limit_bytes"]
    other = plan["activation_bytes"]["kept" if config.machine.recompute else "recomputed"]
    for name, size in memory.items():
        text = in_gb(size)
        if name == "activations" and config.machine.device == "Ascend":
            text += f" ({in_gb(other)} {'without' if config.machine.recompute else 'with'} recompute)"
        if name == "total":
            text += f" of each worker, of {in_gb(limit)} that it may take" if limit else " of each worker, about"
            text += ": it may not fit" if limit and size > limit else ""
        yield f"memory: {name}", text


def _disk(config: RunConfig, plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, size in plan["disk_bytes"].items():
        yield f"disk: {name}", f"{size / 1e9:,.2f} GB"
    needed, free = plan["disk_bytes"]["total"] - plan["disk_bytes"]["base"], plan["disk_free_bytes"]
    little = f": too little for the {needed / 1e9:,.2f} GB that a run makes" if needed > free else ""
    yield "disk: free here", f"{free / 1e9:,.2f} GB{little}"


def _notes(config: RunConfig, plan: dict[str, Any]) -> Iterator[tuple[str, str]]:
    bundle = plan["bundle"]
    others = (("mindspore", "MindSpore"), ("cann", "CANN"), ("python", "Python"))
    made_for = ", ".join(f"{title} {bundle[key]}" for key, title in others if bundle[key])
    yield "bundle", f"MindFormers {bundle['mindformers']}{f' ({made_for})' if made_for else ''}"
    yield "tried", bundle["tried"]
    yield from (("note", note) for note in bundle["notes"])
    if config.machine.model_parallel * config.machine.pipeline_stage > 1:
        yield (
            "note",
            "workers of this machine hold slices of the adapter; the kit itself trains data-parallel only "
            "(ckpt_tools/join.py joins slices that MindFormers trained by itself)",
        )
