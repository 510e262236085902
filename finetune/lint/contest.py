"""What the kit composes of a contest, as facts for the checks."""

from __future__ import annotations

from pathlib import Path

from backend.versions import number_of, version_of
from core.config import kit_path
from core.packed import planned_columns
from core.schema import RunConfig
from finetune.lint.facts import Facts, Rows
from finetune.lint.settings import Settings
from finetune.training.plan import make_plan


def contest_facts(config: RunConfig) -> Facts:
    """Return the facts of the training that a contest's configuration asks for.

    Raises:
        InputError: no plan can be made of it, or its MindFormers cannot do what it asks for.
    """
    data, version = config.data, version_of(config.machine)
    records = min(data.records, data.max_records or data.records) + data.retention_records
    plan, columns = make_plan(config, records, "stated by the contest"), planned_columns(config)
    composed = version.finetune_yaml(
        config,
        Path("data/mindrecord"),
        Path("train"),
        kit_path(config.model.checkpoint),
        plan.checkpoint_steps,
        columns,
    )
    # How many records a corpus leaves, and how many share a row, only conversion knows.
    known = not data.train and not data.packing
    return Facts(
        training=Settings(composed, "training"),
        bundle=number_of(config.machine) or list(version.releases)[-1],
        by_kit=True,
        rows=Rows(count=records if known else None, width=data.seq_length + 1, columns=tuple(columns)),
        cards=config.machine.world_size,
    )
