"""What a MindFormers calls things, as plain data: keys of its YAML, classes, formats; what it was released with.

A fact is from the wheel of that version (https://pypi.org/project/mindformers/): the signature of `LlamaConfig`, the
classes that are registered, and `tools/register/template.py`, which from 1.5 on refuses unknown keys of some groups.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Release:
    """What a MindFormers was released for.

    Attributes:
        mindspore, cann, python: versions of these; empty where none is named.
    """

    mindspore: str
    cann: str
    python: str = ""


@dataclass(frozen=True)
class Dialect:
    """What a MindFormers reads of a training YAML.

    Attributes:
        strict: group of the YAML -> its keys; any other key of that group ends the training with a KeyError. "" is the
            top level: there another key is passed over with a warning.
        unread: dotted key -> what becomes of it: it is taken without a word and has no effect.
        needed: dotted key -> value to write; without it training does not begin.
        lacking: class that other versions have -> what to write instead here.
        model_keys: what the configuration of a Llama reads.
        formats: suffixes of base weights that it loads.
        adapter_dtype: type of LoRA's tensors where `pet_config` names none; empty: that of the base's layer.
        resumes_file: whether `resume_training: True` takes a checkpoint's file as `load_checkpoint`.
        barriers: modules that call a barrier as weights are loaded, which has no kernel on the CPU.
    """

    strict: Mapping[str, frozenset[str]]
    model_keys: frozenset[str]
    unread: Mapping[str, str] = field(default_factory=dict)
    needed: Mapping[str, object] = field(default_factory=dict)
    lacking: Mapping[str, str] = field(default_factory=dict)
    formats: tuple[str, ...] = (".ckpt", ".safetensors")
    adapter_dtype: str = ""
    resumes_file: bool = True
    barriers: tuple[str, ...] = ()


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


MODEL_1_1 = _words(
    "batch_size block_size bos_token_id checkpoint_name_or_path compute_dtype compute_in_2d do_sample "
    "embedding_init_type eos_token_id extend_method ffn_dim_multiplier fine_grain_interleave hidden_size "
    "ignore_token_id intermediate_size is_dynamic is_flexible_shape layernorm_compute_type max_decode_length "
    "max_position_embedding moe_config multiple_of n_kv_heads num_blocks num_heads num_layers offset pad_token_id "
    "parallel_config param_init_type pretrain_seqlen qkv_concat qkv_has_bias repetition_penalty rms_norm_eps "
    "rotary_dtype scaling_factor seq_length softmax_compute_type theta top_k top_p use_flash_attention "
    "use_incre_flash_attention use_kvcache_op use_paged_attention use_past use_past_shard use_prompt_flash_attention "
    "use_rope_slice vocab_size"
)
MODEL_1_3 = MODEL_1_1 - _words(
    "compute_in_2d is_flexible_shape pretrain_seqlen use_incre_flash_attention use_kvcache_op use_paged_attention "
    "use_past_shard use_prompt_flash_attention"
) | _words(
    "fused_rms_norm llm_backend parallel_optimizer pp_interleave_num quant_config tie_word_embeddings "
    "use_attn_mask_compression use_ring_attention"
)
MODEL_1_6 = MODEL_1_3 | _words(
    "attn_proj_has_bias calculate_per_token_loss chunk_prefill init_method_std input_sliced_sig pipeline_stage "
    "residual_dtype return_hidden_states rmsnorm_compute_2d use_eod_attn_mask_compression"
)
# What every model's configuration reads besides its own.
ANY_MODEL = _words(
    "type pet_config max_new_tokens min_new_tokens min_length max_length temperature num_beams use_legacy model_type "
    "name_or_path length_penalty no_repeat_ngram_size encoder_repetition_penalty renormalize_logits has_bias"
)

_GENERAL_1_6 = _words(
    "seed output_dir run_mode use_parallel resume_training load_checkpoint load_ckpt_format auto_trans_ckpt "
    "transform_process_num src_strategy_path_or_dir only_save_strategy load_ckpt_async use_legacy pretrained_model_dir "
    "do_eval eval_step_interval eval_epoch_interval ignore_data_skip data_skip_steps profile profile_communication "
    "profile_memory init_start_profile profile_start_step profile_stop_step profile_rank_ids profile_pipeline "
    "profile_level mstx layer_scale layer_decay lr_scale lr_scale_factor micro_batch_interleave_num remote_save_url "
    "save_file input_data predict_batch_size adapter_id exclude_cann_cpu train_precision_sync infer_precision_sync "
    "postprocess_use_numpy"
)
_GROUPS = _words(
    "runner_config context parallel trainer model moe_config parallel_config recompute_config swap_config "
    "runner_wrapper optimizer lr_schedule metric train_dataset train_dataset_task callbacks monitor_config "
    "eval_dataset eval_dataset_task eval_callbacks processor"
)
_STRICT_1_6 = {
    "": _GENERAL_1_6 | _GROUPS,
    "runner_config": _words("batch_size epochs sink_mode sink_size gradient_accumulation_steps num_classes stop_step"),
    "parallel_config": _words(
        "data_parallel model_parallel context_parallel expert_parallel pipeline_stage micro_batch_num seq_split_num "
        "use_seq_parallel optimizer_shard gradient_aggregation_group vocab_emb_dp context_parallel_algo "
        "ulysses_degree_in_cp mem_coeff"
    ),
    "recompute_config": _words(
        "recompute select_recompute parallel_optimizer_comm_recompute select_comm_recompute mp_comm_recompute "
        "recompute_slice_activation select_recompute_exclude select_comm_recompute_exclude"
    ),
}
STRICT_1_6: Mapping[str, frozenset[str]] = _STRICT_1_6
STRICT_1_9: Mapping[str, frozenset[str]] = {
    **_STRICT_1_6,
    "": _STRICT_1_6[""]
    | _words("balanced_load print_separate_loss use_legacy_format reshard_worker_num grouped_lr_schedule checkpoint"),
}
# Classes of optimizers and callbacks that came or went: here -> what another version calls it.
_OLD_OPTIMIZERS = ("FP32StateAdamWeightDecay", "FusedAdamWeightDecay", "FusedCastAdamWeightDecay")
LACKING_1_1 = {
    "AdamW": "FP32StateAdamWeightDecay (beta1, beta2, eps, weight_decay)",
    "PmaAdamW": "FP32StateAdamWeightDecay",
    "Muon": "FP32StateAdamWeightDecay",
    "CheckpointMonitor": "CheckpointMointor",
}
LACKING_1_3 = {"PmaAdamW": "AdamW", "Muon": "AdamW", "CheckpointMointor": "CheckpointMonitor"}
LACKING_1_6 = {
    **dict.fromkeys(_OLD_OPTIMIZERS, "AdamW (betas, eps, weight_decay)"),
    "CheckpointMointor": "CheckpointMonitor",
    "ObsMonitor": "nothing",
    "InternLMForCausalLM": "LlamaForCausalLM",
    "InternLMConfig": "LlamaConfig with qkv_has_bias and attn_proj_has_bias",
}
