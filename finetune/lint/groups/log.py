"""What a log says against the YAML: whether it trained, what it trained, and whether an evaluation is whole."""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import InputError
from core.methods import method
from finetune.lint import Check, Found
from finetune.lint.facts import Facts

_QUESTIONS = 2067
_LEAST_EMPTY = 0.05
_HAND_INS = "published hand-ins of the 2024 contest (mindspore-courses/competition)"


def _trained_nothing(facts: Facts) -> Iterator[Found]:
    if facts.log and facts.log.strategy_only:
        yield "log", "says: Only_save_strategy is True, model.compile() finished, system exit"


def _parameters(facts: Facts) -> Iterator[Found]:
    counted = lora_parameters(facts)
    if facts.log and facts.log.parameters is not None and counted is not None:
        same = counted == facts.log.parameters if facts.log.exact else counted // 10**6 == facts.log.parameters // 10**6
        if not same:
            said = f"counts {facts.log.parameters:,} trained parameters; the YAML's adapter has {counted:,}"
            yield "log", said


def lora_parameters(facts: Facts) -> int | None:
    """Return the parameters that the YAML's LoRA has; None where it does not say what is adapted."""
    pet, lora = facts.training.adapter, method("lora")
    if facts.shape is None or pet.get("exclude_layers") or pet.get("freeze_include"):
        return None
    named = {"rank": pet.get("lora_rank"), "alpha": 1.0, "target_modules": pet.get("target_modules")}
    try:
        return lora.parameters(lora.settings.model_validate({"name": "of the YAML", **named}), facts.shape)
    except (InputError, ValueError):
        return None


def _not_whole(facts: Facts) -> Iterator[Found]:
    if facts.log and facts.log.total_count not in (None, _QUESTIONS):
        yield "log", f"total_count: {facts.log.total_count}; the contest's retention has {_QUESTIONS} questions"


def _nan(facts: Facts) -> Iterator[Found]:
    if facts.log and facts.log.nan_loss:
        yield "log", "the loss became nan"


def _memory(facts: Facts) -> Iterator[Found]:
    if facts.log and facts.log.out_of_memory:
        yield "log", "the device ran out of memory"


def _empty(facts: Facts) -> Iterator[Found]:
    if facts.log and facts.log.answered and facts.log.empty > _LEAST_EMPTY * facts.log.answered:
        yield "log", f"{facts.log.empty} of {facts.log.answered} answers are empty"


CHECKS = (
    Check(
        "log_trained_nothing",
        "error",
        _trained_nothing,
        evidence="exit code 0, and no checkpoint; what lies there is from an earlier run",
        remedy="only_save_strategy: False, and train again",
        source="MindFormers 1.1.0, trainer/utils.py:347",
        trap={"log": {"strategy_only": True}},
        clean={"log": {"strategy_only": False}},
    ),
    Check(
        "log_parameters",
        "error",
        _parameters,
        evidence=f"a hand-in's ratio was of rank 8, its YAML has rank 16 and four layers; {_HAND_INS}",
        remedy="hand in the ratio of what was trained: python ckpt_tools/count.py",
        source="MindFormers, trainer/base_trainer.py: Network Parameters",
        trap={"log": {"parameters": 13_631_488}},
        clean={"log": {"parameters": 3_407_872}},
    ),
    Check(
        "log_not_whole",
        "error",
        _not_whole,
        evidence="figures of a part do not compare with the threshold",
        remedy="evaluate all of dev-v1.1: the first question of each of its 2,067 paragraphs",
        source="the organiser's log: total_count: 2067",
        trap={"log": {"total_count": 200}},
        clean={"log": {"total_count": 2067}},
    ),
    Check(
        "log_nan",
        "error",
        _nan,
        evidence="every step after it trains nothing",
        remedy="a lower learning_rate, a dynamic loss scale with float16, adapters in float32",
        source="MindFormers, MFLossMonitor",
        trap={"log": {"nan_loss": True}},
        clean={"log": {"nan_loss": False}},
    ),
    Check(
        "log_out_of_memory",
        "error",
        _memory,
        evidence=f"batch 128 at 256 tokens on four 32 GB cards; {_HAND_INS}",
        remedy="a smaller batch_size, recompute: True, or the settings that finetune/run.py --dry-run names",
        source="MindSpore: Allocate memory failed, Out of Memory",
        trap={"log": {"out_of_memory": True}},
        clean={"log": {"out_of_memory": False}},
    ),
    Check(
        "log_empty_answers",
        "warning",
        _empty,
        evidence=f"'mostly empty strings': eight teams; {_HAND_INS}",
        remedy="the trained prompt in inference, the trained BOS, and min_new_tokens: 1",
        source="EmF1Metric prints each answer: 'pred is:'",
        trap={"log": {"empty": 200, "answered": 2067}},
        clean={"log": {"empty": 20, "answered": 2067}},
    ),
)
