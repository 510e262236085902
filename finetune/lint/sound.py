"""A description without a trap, in the dialect of each MindFormers: what the checks' examples are changes of.

Llama3-8B, LoRA on four 32 GB cards, as the contest's teams trained it, with what they missed mended.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from backend.versions import numbers

_ROWS = 89_984
_PROMPT = "Below is an instruction.\n\n### Instruction:\n{question}\n\n### Response:"


def described(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sound description with changes laid over it, group by group; `None` takes a key away.

    Args:
        changes: names of `Facts`; `bundle` chooses the dialect that they are laid over.
    """
    return _laid_over(_sound(str(changes.get("bundle", "1.9.0"))), changes)


def _laid_over(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(base)
    for key, value in changes.items():
        if value is None:
            made.pop(key, None)
        elif isinstance(value, Mapping):
            inner = made.get(key)
            made[key] = _laid_over(inner if isinstance(inner, Mapping) else {}, value)
        else:
            made[key] = copy.deepcopy(value)
    return made


def _sound(bundle: str) -> dict[str, Any]:
    rows = {
        "count": _ROWS,
        "width": 257,
        "columns": ("input_ids", "labels"),
        "highest": 128_001,
        "with_bos": 1.0,
        "with_eos": 1.0,
        "unlearned": 0.0,
        "cut": 0.0,
        "longest_answer": 60,
    }
    return {
        "bundle": bundle,
        "training": _training(bundle),
        "evaluation": _evaluation(),
        "rows": rows,
        "cards": 4,
        "card_memory": 32 << 30,
        "trained_prompt": _PROMPT,
        "asked_prompt": _PROMPT,
    }


def _model(seq_length: int) -> dict[str, Any]:
    return {
        "type": "LlamaConfig",
        "seq_length": seq_length,
        "hidden_size": 4096,
        "num_layers": 32,
        "num_heads": 32,
        "n_kv_heads": 8,
        "vocab_size": 128_256,
        "intermediate_size": 14_336,
        "rms_norm_eps": 1e-5,
        "theta": 500_000.0,
        "bos_token_id": 128_000,
        "eos_token_id": 128_001,
        "pad_token_id": 128_002,
        "ignore_token_id": -100,
        "compute_dtype": "bfloat16",
        "param_init_type": "bfloat16",
        "use_flash_attention": True,
        "use_past": False,
        "pet_config": {
            "pet_type": "lora",
            "lora_rank": 8,
            "lora_alpha": 16,
            "lora_dropout": 0.05,
            "target_modules": ".*wq|.*wv",
            "param_init_type": "float32",
            "compute_dtype": "bfloat16",
        },
    }


def _training(bundle: str) -> dict[str, Any]:
    oldest, old = numbers(bundle) < (1, 2), numbers(bundle) < (1, 5)
    adam = {"type": "AdamW", "betas": [0.9, 0.95], "eps": 1e-8, "weight_decay": 0.01}
    older = {"type": "FP32StateAdamWeightDecay", "beta1": 0.9, "beta2": 0.95, "eps": 1e-8, "weight_decay": 0.01}
    return {
        "seed": 1,
        "run_mode": "finetune",
        "output_dir": "./output",
        "load_checkpoint": "llama3_8b.ckpt",
        "auto_trans_ckpt": False,
        "only_save_strategy": False,
        "resume_training": False,
        "use_parallel": True,
        **({"micro_batch_interleave_num": 1} if old else {}),
        "trainer": {"type": "CausalLanguageModelingTrainer", "model_name": "llama3_8b"},
        "runner_config": {"epochs": 5, "batch_size": 8, "sink_mode": True, "sink_size": 2},
        "optimizer": older if oldest else adam,
        "lr_schedule": {
            "type": "CosineWithWarmUpLR",
            "learning_rate": 1e-5,
            "lr_end": 0.0,
            "warmup_ratio": 0.03,
            "total_steps": -1,
        },
        "train_dataset": {
            "data_loader": {"type": "MindDataset", "dataset_dir": "train.mindrecord", "shuffle": True},
            "input_columns": ["input_ids", "labels"],
            "drop_remainder": True,
            "batch_size": 8,
        },
        "train_dataset_task": {"type": "CausalLanguageModelDataset"},
        "runner_wrapper": {"type": "MFTrainOneStepCell", "scale_sense": 1.0, "use_clip_grad": True},
        "parallel": {
            "parallel_mode": 0,
            "gradients_mean": True,
            "full_batch": False,
            "enable_parallel_optimizer": False,
        },
        "parallel_config": {"data_parallel": 4, "model_parallel": 1, "pipeline_stage": 1, "micro_batch_num": 1},
        "recompute_config": {"recompute": True},
        "callbacks": [
            {"type": "MFLossMonitor"},
            {
                "type": "CheckpointMointor" if oldest else "CheckpointMonitor",
                "prefix": "llama3_8b",
                "save_checkpoint_steps": 2812,
                "keep_checkpoint_max": 5,
            },
        ],
        "context": {"mode": 0, "device_target": "Ascend", "max_device_memory": "26GB"},
        "model": {"model_config": _model(256), "arch": {"type": "LlamaForCausalLM"}},
        "metric": {"type": "PerplexityMetric"},
    }


def _evaluation() -> dict[str, Any]:
    made = _model(8192)
    made |= {"use_past": True, "compute_dtype": "float16", "param_init_type": "float16"}
    made |= {"max_decode_length": 700, "max_new_tokens": 128, "min_new_tokens": 1, "do_sample": False}
    tokenizer = {"type": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False}
    return {
        "run_mode": "eval",
        "use_parallel": False,
        "runner_config": {"epochs": 1, "batch_size": 1},
        "eval_dataset": {"data_loader": {"type": "MindDataset"}, "input_columns": ["input_ids", "labels"]},
        "processor": {"tokenizer": tokenizer},
        "context": {"mode": 0, "device_target": "Ascend", "max_device_memory": "28GB"},
        "model": {"model_config": made, "arch": {"type": "LlamaForCausalLM"}},
        "metric": {"type": "EmF1Metric"},
    }
