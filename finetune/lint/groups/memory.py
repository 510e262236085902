"""Device memory: what may be taken of it, and whether the training fits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from finetune.lint import Check, Found
from finetune.lint.facts import GB, Facts
from finetune.lint.groups.log import lora_parameters
from finetune.training.fitting import TOLERANCE
from finetune.training.memory import Load, device_memory, in_gb, memory_limit, needs_of
from finetune.training.precision import BYTES

_KEY = "context.max_device_memory"
# What MindSpore, the driver and communication need of a card beside it: the contest's YAMLs leave 5 or 6 GB.
_BESIDE = 2 * GB
_TEMPLATE = 58 * GB


def _on_npu(facts: Facts) -> bool:
    return facts.training.text("context.device_target").upper() in ("", "ASCEND")


def _form(facts: Facts) -> Iterator[Found]:
    for yaml in facts.yamls:
        value = yaml.get(_KEY)
        if value not in (None, "") and not (isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?GB", value)):
            yield yaml.where(_KEY), f"is {value!r}, which MindSpore does not read"


def _beyond_card(facts: Facts) -> Iterator[Found]:
    for yaml in facts.yamls:
        limit = memory_limit(yaml.text(_KEY))
        if facts.card_memory and limit and limit > facts.card_memory - _BESIDE:
            yield yaml.where(_KEY), f"is {yaml.text(_KEY)} of {in_gb(facts.card_memory)}: nothing is left for the rest"


def _not_said(facts: Facts) -> Iterator[Found]:
    yaml = facts.training
    small = facts.card_memory is not None and facts.card_memory < _TEMPLATE
    if _on_npu(facts) and small and not facts.before("1.5") and yaml.get(_KEY) in (None, ""):
        yield yaml.where(_KEY), f"is missing: MindFormers {facts.bundle} takes 58GB"


def _does_not_fit(facts: Facts) -> Iterator[Found]:
    yaml = facts.training
    limit = memory_limit(yaml.text(_KEY)) or facts.card_memory
    trained = lora_parameters(facts)
    if facts.shape is None or not facts.batch or not facts.seq_length or not limit or trained is None:
        return
    if not _on_npu(facts):
        return
    parallel = facts.is_parallel
    spread = {
        name: facts.spread(name) if parallel else 1 for name in ("data_parallel", "model_parallel", "pipeline_stage")
    }
    load = Load(
        model=facts.shape,
        # The kit's train step takes a batch in so many parts.
        rows=-(-facts.batch // max(1, yaml.whole("runner_wrapper.accumulate", 1) or 1)),
        seq_length=facts.seq_length,
        trained=trained,
        param_bytes=BYTES[facts.shape.param_dtype],
        compute_bytes=BYTES[facts.shape.compute_dtype],
        softmax_bytes=BYTES.get(yaml.text(yaml.model("softmax_compute_type")), 4),
        adapter_bytes=BYTES.get(facts.adapter_dtype, 4),
        data=spread["data_parallel"],
        tensor=spread["model_parallel"],
        pipeline=spread["pipeline_stage"],
        recompute=yaml.on("recompute_config.recompute"),
        slice_inputs=yaml.on("recompute_config.recompute_slice_activation"),
        flash=yaml.on(yaml.model("use_flash_attention")),
        divided_optimizer=yaml.on("parallel.enable_parallel_optimizer"),
    )
    parts = device_memory(load)
    if sum(parts.values()) > limit * (1 + TOLERANCE):
        said = f"about {in_gb(sum(parts.values()))} are needed ({needs_of(parts)}), {in_gb(limit)} may be taken"
        yield yaml.where("runner_config.batch_size"), f"{facts.batch} x {facts.seq_length} tokens: {said}"


CHECKS = (
    Check(
        "memory_form",
        "error",
        _form,
        evidence="MindSpore ends with: the value of max_device_memory should be in correct format",
        remedy="max_device_memory: '26GB'",
        source="MindSpore, set_context",
        trap={"training": {"context": {"max_device_memory": 26}}},
        clean={"training": {"context": {"max_device_memory": "26.5GB"}}},
    ),
    Check(
        "memory_beyond_card",
        "error",
        _beyond_card,
        evidence="training begins and ends later, where communication wants its share",
        remedy="26GB of 32GB, 58GB or 59GB of 64GB",
        source="the contest's YAMLs",
        trap={"training": {"context": {"max_device_memory": "31GB"}}},
        clean={"training": {"context": {"max_device_memory": "30GB"}}},
    ),
    Check(
        "memory_not_said",
        "warning",
        _not_said,
        evidence="58GB are asked of a card of 32GB",
        remedy="max_device_memory: '26GB'",
        source="MindFormers 1.5 and later, tools/register/template.py: ContextConfig",
        trap={"training": {"context": {"max_device_memory": None}}},
        clean={"card_memory": 64 * GB, "training": {"context": {"max_device_memory": None}}},
    ),
    Check(
        "does_not_fit",
        "error",
        _does_not_fit,
        evidence="batch 128 at 256 tokens ran out on four 32 GB cards, 64 trained",
        remedy="a smaller batch_size, recompute: True, or tensor parallelism",
        source="finetune/training/memory.py, held against published trainings; within 15 %",
        trap={
            "rows": None,
            "training": {"runner_config": {"batch_size": 32}, "recompute_config": {"recompute": False}},
        },
        clean={"rows": None, "training": {"runner_config": {"batch_size": 16}, "use_parallel": True}},
    ),
)
