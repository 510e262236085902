"""MindFormers 1.9: its YAML, what the CPU lacks of it, and what the kit registers with it.

The versions beside it derive from it and say what they have other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from backend.versions import Version, laid_over
from backend.versions.dialect import LACKING_1_6, MODEL_1_6, STRICT_1_9, Dialect, Release
from core.methods import method_of
from core.models import family_of
from core.packed import COLUMNS
from core.schema import MachineConfig, ModelConfig, RunConfig
from core.schema_train import Schedule, TrainConfig


class MindFormers19(Version):
    """MindFormers 1.9."""

    begins = "1.9"
    releases: ClassVar[Mapping[str, Release]] = {"1.9.0": Release("2.9.0", "9.0.0", "3.11")}
    tried = "everything of the kit, on the CPU with several workers; nothing was run on an NPU"
    dialect: ClassVar[Dialect] = Dialect(
        strict=STRICT_1_9,
        model_keys=MODEL_1_6,
        lacking=LACKING_1_6,
        resumes_file=False,
        barriers=("mindformers.trainer.utils", "mindformers.utils.load_checkpoint_utils"),
    )
    on_cpu = {
        "use_rope_slice": True,
        "use_flash_attention": False,
        "fused_rms_norm": False,
        "use_past": False,
        "qkv_concat": False,
        "compute_dtype": "float32",
        "param_init_type": "float32",
        "layernorm_compute_type": "float32",
        "softmax_compute_type": "float32",
        "rotary_dtype": "float32",
        "residual_dtype": "float32",
        "checkpoint_name_or_path": "",
        "batch_size": 1,
    }

    def model_config(self, model: ModelConfig, seq_length: int, machine: MachineConfig) -> dict[str, Any]:
        """Return MindFormers' configuration of a base model, for sequences of `seq_length` tokens, as plain data."""
        on_npu = machine.device == "Ascend"
        family = family_of(model)
        config: dict[str, Any] = {
            "type": family.configuration,
            "seq_length": seq_length,
            "hidden_size": model.hidden_size,
            "num_layers": model.num_layers,
            "num_heads": model.num_heads,
            "vocab_size": model.vocab_size,
            "intermediate_size": model.intermediate_size,
            "rms_norm_eps": model.rms_norm_eps,
            "theta": model.theta,
            "qkv_has_bias": model.qkv_has_bias,
            "attn_proj_has_bias": model.attn_proj_has_bias,
            "tie_word_embeddings": model.tie_word_embeddings,
            "bos_token_id": model.bos_token_id,
            "eos_token_id": model.eos_token_id,
            "pad_token_id": model.pad_token_id,
            "ignore_token_id": -100,
            "compute_dtype": model.compute_dtype,
            "param_init_type": model.param_dtype,
            "rotary_dtype": model.rotary_dtype,
            "layernorm_compute_type": "float32",
            "softmax_compute_type": "float32",
            "use_past": False,
            "use_flash_attention": machine.flash_attention,
            # The CPU lacks the broadcast of the other rotary path, and the fused norm.
            "use_rope_slice": not on_npu,
            "fused_rms_norm": on_npu,
            "scaling_factor": 1.0,
            "extend_method": "None",
            **family.trainer(model),
        }
        if model.n_kv_heads is not None:
            config["n_kv_heads"] = model.n_kv_heads
        return config

    def finetune_yaml(
        self,
        config: RunConfig,
        mindrecord: Path,
        train_folder: Path,
        base: Path | None,
        steps: list[int],
        columns: Sequence[str] = COLUMNS,
    ) -> dict[str, Any]:
        """Compose the YAML that MindFormers' Trainer is given, as plain data."""
        machine, train, method = config.machine, config.train, method_of(config.method)
        self.refuse(config, base)
        composed = {
            **_run(config, train_folder, base),
            "trainer": {"type": "CausalLanguageModelingTrainer", "model_name": config.model.name},
            "runner_config": {
                "epochs": train.epochs,
                "batch_size": train.step_rows,
                # The host sees every step, so that five exact steps can be saved; the CPU knows no sinking.
                "sink_mode": machine.device == "Ascend",
                "sink_size": 1,
            },
            "optimizer": self.optimizer(train),
            "lr_schedule": _schedule(train),
            **_dataset(config, mindrecord, columns),
            "runner_wrapper": _train_step(config),
            **_parallel(machine),
            "callbacks": [{"type": "MFLossMonitor", "per_print_times": 10}, _monitor(config, train_folder, steps)],
            "context": _context(machine),
            "model": {
                "model_config": self.model_config(config.model, config.data.seq_length, machine),
                "arch": {"type": family_of(config.model).network},
            },
            "metric": {"type": "PerplexityMetric"},
        }
        if train.accumulate > 1:
            # The loss comes as a sum and a number of tokens, so that parts of a batch count by their tokens.
            composed["calculate_per_token_loss"] = True
        composed = laid_over(composed, method.trainer(config.method, composed))
        if pet := composed["model"]["model_config"].get("pet_config"):
            # Without these a LoRA takes the base layer's type, in which Adam's small steps are lost.
            types = {"param_init_type": train.adapter_dtype, "compute_dtype": config.model.compute_dtype}
            composed["model"]["model_config"]["pet_config"] = {**types, **pet}
        return composed

    def optimizer(self, train: TrainConfig) -> dict[str, Any]:
        """Return the optimizer's settings."""
        return {"type": "AdamW", "betas": list(train.betas), "eps": 1e-8, "weight_decay": train.weight_decay}

    def prepare_worker(self, device: str) -> None:
        """Register the kit's train step and callback; on the CPU do without barriers, which have no kernel there."""
        from backend.training import register

        register()
        if device == "CPU":
            from backend.training.train_step import do_without_barrier

            do_without_barrier(*self.dialect.barriers)


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


# MindFormers' classes, and what they need besides.
_SCHEDULES: dict[Schedule, tuple[str, dict[str, Any]]] = {
    "cosine": ("CosineWithWarmUpLR", {}),
    "linear": ("LinearWithWarmUpLR", {}),
    "polynomial": ("PolynomialWithWarmUpLR", {"power": 2.0}),
    "cosine_restarts": ("CosineWithRestartsAndWarmUpLR", {"num_cycles": 2.0}),
    "constant": ("ConstantWarmUpLR", {}),
}


def _schedule(train: TrainConfig) -> dict[str, Any]:
    kind, own = _SCHEDULES[train.schedule]
    warmup = (
        {"warmup_ratio": train.warmup_ratio} if train.warmup_steps is None else {"warmup_steps": train.warmup_steps}
    )
    return {
        "type": kind,
        "learning_rate": train.learning_rate,
        "lr_end": train.lr_end,
        **warmup,
        "total_steps": -1,
        **own,
    }


def _dataset(config: RunConfig, mindrecord: Path, columns: Sequence[str]) -> dict[str, Any]:
    dataset = {
        "data_loader": {"type": "MindDataset", "dataset_dir": str(mindrecord), "shuffle": True},
        "input_columns": list(columns),
        "num_parallel_workers": 8 if config.machine.device == "Ascend" else 1,
        "python_multiprocessing": False,
        "drop_remainder": True,
        "batch_size": config.train.step_rows,
        "repeat": 1,
        "numa_enable": False,
        "prefetch_size": 1,
    }
    return {"train_dataset": dataset, "train_dataset_task": {"type": "CausalLanguageModelDataset"}}


# The train step of a whole batch, and of one in parts.
_STEPS = {
    "Ascend": ("MFTrainOneStepCell", "AccumulatingStep"),
    "CPU": ("PortableTrainOneStepCell", "PortableAccumulatingStep"),
}


def _train_step(config: RunConfig) -> dict[str, Any]:
    train = config.train
    scale: Any = train.loss_scale
    if scale == "dynamic":
        scale = {
            "type": "DynamicLossScaleUpdateCell",
            "loss_scale_value": 16384,
            "scale_factor": 2,
            "scale_window": train.loss_scale_window,
        }
    plain, parted = _STEPS[config.machine.device]
    return {
        "type": parted if train.accumulate > 1 else plain,
        "scale_sense": scale,
        "use_clip_grad": True,
        "max_grad_norm": train.max_grad_norm,
        **({"accumulate": train.accumulate} if train.accumulate > 1 else {}),
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


def _monitor(config: RunConfig, train_folder: Path, steps: list[int]) -> dict[str, Any]:
    monitor: dict[str, Any] = {
        "type": "StepMonitor",
        "directory": str(train_folder),
        "steps": steps,
        "state_steps": config.train.state_steps,
        "state_of_all": config.machine.optimizer_parallel,
    }
    frozen = method_of(config.method).frozen(config.method, config.model)
    return {**monitor, "frozen": list(frozen)} if frozen else monitor


VERSION = MindFormers19()
