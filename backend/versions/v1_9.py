"""The MindFormers YAML of a run, for MindFormers 1.9, as plain data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backend.model_config import llama_config
from core.schema import MachineConfig, RunConfig


def finetune_yaml(
    config: RunConfig, mindrecord: Path, train_folder: Path, base: Path | None, steps: list[int]
) -> dict[str, Any]:
    """Compose the YAML that MindFormers' Trainer is given.

    Args:
        config: the run's configuration.
        mindrecord: the training data: a folder of MindRecord files, or one of them.
        train_folder: the run's train/ folder; MindFormers' own output goes to train/mindformers/.
        base: the base model's weights; None trains from fresh weights.
        steps: the steps at which the trained tensors are saved.
    """
    machine, train = config.machine, config.train
    return {
        **_run(config, train_folder, base),
        "trainer": {"type": "CausalLanguageModelingTrainer", "model_name": config.model.name},
        "runner_config": {
            "epochs": train.epochs,
            "batch_size": train.batch_size,
            # The host sees every step, so that five exact steps can be saved; the CPU knows no sinking.
            "sink_mode": machine.device == "Ascend",
            "sink_size": 1,
        },
        "optimizer": {
            "type": "AdamW",
            "betas": list(train.betas),
            "eps": 1e-8,
            "weight_decay": train.weight_decay,
        },
        "lr_schedule": {
            "type": "CosineWithWarmUpLR",
            "learning_rate": train.learning_rate,
            "lr_end": train.lr_end,
            "warmup_ratio": train.warmup_ratio,
            "total_steps": -1,
        },
        **_dataset(config, mindrecord),
        "runner_wrapper": _train_step(config),
        **_parallel(machine),
        "callbacks": [
            {"type": "MFLossMonitor", "per_print_times": 10},
            {"type": "StepMonitor", "directory": str(train_folder), "steps": steps},
        ],
        "context": _context(machine),
        "model": {
            "model_config": {**llama_config(config.model, config.data.seq_length, machine), "pet_config": _pet(config)},
            "arch": {"type": "LlamaForCausalLM"},
        },
        "metric": {"type": "PerplexityMetric"},
    }


def _run(config: RunConfig, train_folder: Path, base: Path | None) -> dict[str, Any]:
    return {
        "seed": config.train.seed,
        "run_mode": "finetune" if base else "train",
        "output_dir": str(train_folder / "mindformers"),
        "load_checkpoint": str(base or ""),
        "load_ckpt_format": "safetensors" if base and base.suffix == ".safetensors" else "ckpt",
        "auto_trans_ckpt": False,
        "only_save_strategy": False,
        "resume_training": False,
        "use_parallel": config.machine.world_size > 1,
    }


def _dataset(config: RunConfig, mindrecord: Path) -> dict[str, Any]:
    dataset = {
        "data_loader": {"type": "MindDataset", "dataset_dir": str(mindrecord), "shuffle": True},
        "input_columns": ["input_ids", "labels"],
        "num_parallel_workers": 8 if config.machine.device == "Ascend" else 1,
        "python_multiprocessing": False,
        "drop_remainder": True,
        "batch_size": config.train.batch_size,
        "repeat": 1,
        "numa_enable": False,
        "prefetch_size": 1,
    }
    return {"train_dataset": dataset, "train_dataset_task": {"type": "CausalLanguageModelDataset"}}


def _train_step(config: RunConfig) -> dict[str, Any]:
    train = config.train
    scale: Any = train.loss_scale
    if scale == "dynamic":
        scale = {
            "type": "DynamicLossScaleUpdateCell",
            "loss_scale_value": 16384,
            "scale_factor": 2,
            "scale_window": 1000,
        }
    return {
        "type": "MFTrainOneStepCell" if config.machine.device == "Ascend" else "PortableTrainOneStepCell",
        "scale_sense": scale,
        "use_clip_grad": True,
        "max_grad_norm": train.max_grad_norm,
    }


def _parallel(machine: MachineConfig) -> dict[str, Any]:
    spread = machine.model_parallel * machine.pipeline_stage > 1
    return {
        "parallel": {
            "parallel_mode": 1 if spread else 0,
            "gradients_mean": True,
            "full_batch": spread,
            "enable_parallel_optimizer": machine.optimizer_parallel,
        },
        "parallel_config": {
            "data_parallel": machine.data_parallel,
            "model_parallel": machine.model_parallel,
            "pipeline_stage": machine.pipeline_stage,
            "micro_batch_num": machine.pipeline_stage,
            "vocab_emb_dp": True,
            "gradient_aggregation_group": 4,
        },
        "recompute_config": {"recompute": machine.recompute},
    }


def _context(machine: MachineConfig) -> dict[str, Any]:
    context: dict[str, Any] = {"mode": 0, "device_target": machine.device, "max_call_depth": 10000}
    if machine.max_device_memory:
        context["max_device_memory"] = machine.max_device_memory
    return context


def _pet(config: RunConfig) -> dict[str, Any]:
    method = config.method
    return {
        "pet_type": method.type,
        "lora_rank": method.rank,
        "lora_alpha": method.alpha,
        "lora_dropout": method.dropout,
        "target_modules": method.target_modules,
    }
