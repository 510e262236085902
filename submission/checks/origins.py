"""The checks of a zip's settings against what ran: the trainer's YAML, the adapters, the lines of the training log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.config import settings_in
from core.errors import InputError
from core.methods import method
from core.registry import METHODS
from core.result_types import RatioResult
from submission.checks.handed import Handed
from submission.package import layout
from submission.package.archive import dig, shown

# Where the trainer's YAML says again what a setting of run.yaml says. What either does not have is not compared.
_SAME = (
    (("train", "epochs"), ("runner_config", "epochs")),
    (("train", "learning_rate"), ("lr_schedule", "learning_rate")),
    (("train", "seed"), ("seed",)),
    (("model", "name"), ("trainer", "model_name")),
    (("data", "seq_length"), ("model", "model_config", "seq_length")),
    (("method", "rank"), ("model", "model_config", "pet_config", "lora_rank")),
    (("method", "alpha"), ("model", "model_config", "pet_config", "lora_alpha")),
    (("method", "target_modules"), ("model", "model_config", "pet_config", "target_modules")),
)


def origin_problems(handed: Handed) -> Iterator[str]:
    """The settings that the report shows are those that trained, and so is the number of parameters."""
    if "train" not in handed.steps:
        return
    yield from _trainer_problems(handed)
    for label, row in handed.rows.items():
        name = f"{layout.ADAPTERS}{label}/adapter.json"
        if name in handed.contents.sizes:
            yield from _adapter_problems(handed, name, row)
    ratio, counts = handed.results.of(RatioResult), handed.contents.parameters
    if ratio and counts and ratio.trainable not in counts:
        logged = ", ".join(map(str, sorted(counts)[:5]))
        yield f"results/ratio.json: trainable is {ratio.trainable}, the training logs say {logged} (Network Parameters)"


def _trainer_problems(handed: Handed) -> Iterator[str]:
    where = layout.FINETUNE_CONFIG
    if where not in handed.contents.bodies:
        return
    try:
        trainer = settings_in(handed.contents.text(where), where)
    except (InputError, ValueError) as error:
        yield f"{where}: {str(error).removeprefix(where + ': ').splitlines()[0]}"
        return
    for ours, theirs in _SAME:
        stated, used = dig(handed.plain, *ours), dig(trainer, *theirs)
        if stated is not None and used is not None and stated != used:
            place = ".".join(theirs)
            yield f"{where}: {place} is {shown(repr(used))}, {layout.RUN_CONFIG} says {shown(repr(stated))}"


def _adapter_problems(handed: Handed, name: str, row: Mapping[str, Any]) -> Iterator[str]:
    value = handed.contents.json(name)
    if not isinstance(value, dict):
        return
    for key, wanted in (("step", row.get("step")), ("base_sha256", row.get("base_sha256"))):
        if value.get(key) != wanted:
            yield f"{name}: {key} is {shown(repr(value.get(key)))}, {layout.MANIFEST} says {shown(repr(wanted))}"
    settings = dig(handed.plain, "method")
    if not isinstance(settings, Mapping):
        return
    for key, used in _settings_of(value).items():
        stated = settings.get(key)
        if key in settings and stated != used:
            place = shown(key)
            yield f"{name}: {place} is {shown(repr(used))}, {layout.RUN_CONFIG} says {shown(repr(stated))}"


def _settings_of(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return the method's settings that an adapter's description holds, under their names in run.yaml."""
    name = value.get("method")
    found = {"type": name}
    if isinstance(value.get("settings"), Mapping):
        return found | {key: item for key, item in value["settings"].items() if isinstance(key, str)}
    flat = method(name).flat if isinstance(name, str) and name in METHODS.names() else {}
    return found | {flat[key]: item for key, item in value.items() if key in flat}
