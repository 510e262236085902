"""The settings with which MindFormers builds a base model. Plain data."""

from __future__ import annotations

from typing import Any

from core.schema import MachineConfig, ModelConfig


def llama_config(model: ModelConfig, seq_length: int, machine: MachineConfig) -> dict[str, Any]:
    """Return MindFormers' LlamaConfig of a base model, for training on sequences of `seq_length` tokens."""
    on_npu = machine.device == "Ascend"
    config: dict[str, Any] = {
        "type": "LlamaConfig",
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
    }
    if model.n_kv_heads is not None:
        config["n_kv_heads"] = model.n_kv_heads
    return config
