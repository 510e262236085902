"""Attention: what packed rows and long ones need, and what training must leave off."""

from __future__ import annotations

from collections.abc import Iterator

from finetune.lint import Check, Found
from finetune.lint.facts import Facts

_LEAST = 2048


def _use_past(facts: Facts) -> Iterator[Found]:
    yaml = facts.training
    if yaml.on(yaml.model("use_past")):
        yield yaml.where(yaml.model("use_past")), "is true in training: it is for generation"


def _eod_reset(facts: Facts) -> Iterator[Found]:
    for key in ("train_dataset.eod_reset", "train_dataset_task.dataset_config.eod_reset"):
        if facts.training.on(key) and facts.is_llama:
            yield (
                facts.training.where(key),
                "is true: its mask has 1 for visible, and Llama's kernel wants 1 for hidden",
            )


def _eod_mask(facts: Facts) -> Iterator[Found]:
    yaml = facts.training
    if yaml.on(yaml.model("use_eod_attn_mask_compression")) and not yaml.on(yaml.model("use_flash_attention")):
        yield yaml.where(yaml.model("use_eod_attn_mask_compression")), "is true without use_flash_attention"


def _short_mask(facts: Facts) -> Iterator[Found]:
    yaml = facts.training
    key = yaml.model("use_attn_mask_compression")
    if yaml.on(key) and facts.seq_length and facts.seq_length < _LEAST:
        yield yaml.where(key), f"is true with seq_length {facts.seq_length}; it needs {_LEAST}"


CHECKS = (
    Check(
        "use_past_in_training",
        "error",
        _use_past,
        evidence="the YAML of an evaluation was copied: training needs the logits of every place",
        remedy="use_past: False in training",
        source="the contest's training YAML",
        trap={"training": {"model": {"model_config": {"use_past": True}}}},
        clean={"training": {"model": {"model_config": {"use_past": None}}}},
    ),
    Check(
        "eod_reset",
        "error",
        _eod_reset,
        evidence="every token sees what it should not, and nothing of what it should",
        remedy="the kit's packing (data.packing=true), or actual_seq_len with use_eod_attn_mask_compression",
        source="MindFormers 1.9, dataset/causal_language_model_dataset.py:156-192",
        trap={"training": {"train_dataset": {"eod_reset": True}}},
        clean={"training": {"train_dataset": {"eod_reset": False}}},
    ),
    Check(
        "eod_mask",
        "error",
        _eod_mask,
        evidence="MindFormers refuses it",
        remedy="use_flash_attention: True",
        source="MindFormers 1.9, models/llama/llama.py:115",
        trap={"training": {"model": {"model_config": {"use_eod_attn_mask_compression": True,
                                                      "use_flash_attention": False}}}},
        clean={"training": {"model": {"model_config": {"use_eod_attn_mask_compression": True}}}},
    ),
    Check(
        "short_mask",
        "error",
        _short_mask,
        evidence="MindFormers refuses it; it is causal only, so packed records would see each other",
        remedy="use_attn_mask_compression: False",
        source="MindFormers 1.9, modules/transformer/transformer.py:823",
        trap={"training": {"model": {"model_config": {"use_attn_mask_compression": True}}}},
        clean={"training": {"model": {"model_config": {"use_attn_mask_compression": False}}}},
    ),
)  # fmt: skip
