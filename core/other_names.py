"""What other kits call the settings of this one, so that whoever knows them is told the name here.

No name is taken silently: there is one way to say each thing. `nearest` answers a name that is unknown, in this order:
the name of another kit (`lora_r`), the same last word in another group (`rank` is method.rank), a slip of the pen
(`train.epoch`). What merely looks alike and means something else is never proposed: `train.lr` is the learning rate and
not train.lr_end.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

# A word counts as a slip of another one from this share of equal letters on.
_SLIP = 0.8
# As does the beginning of another one, from so many letters on: target_modules is meant by `target`.
_LONG_ENOUGH = 5
_MOST = 3

# The kit's setting, or what to do instead of setting something -> what LLaMA-Factory, PEFT, transformers, MindFormers
# and others call it. Only last words count: optimizer.learning_rate and lr_schedule.learning_rate are one.
_NAMES: dict[str, str] = {
    "method.rank": "lora_rank lora_r r lora_dim lora_rank_num",
    "method.alpha": "lora_alpha lora_scaling",
    "method.dropout": "lora_dropout lora_dropout_rate",
    "method.target_modules": "lora_target lora_target_modules target_cells targets",
    "method.layers": "layers_to_transform freeze_trainable_layers layers_pattern",
    "method.also_train": "modules_to_save additional_target freeze_extra_modules",
    "method=NAME (python -m pipeline ls methods)": "finetuning_type peft_type pet_type use_dora use_rslora pissa_init "
    "init_lora_weights loraplus_lr_ratio tuner_type train_type",
    "train.learning_rate": "lr base_lr max_lr initial_lr lr_rate init_lr",
    "train.lr_end": "min_lr end_lr final_lr lr_min",
    "train.schedule": "lr_scheduler_type lr_scheduler lr_schedule scheduler lr_decay_style",
    "train.warmup_steps": "num_warmup_steps lr_warmup_steps warmup_iters lr_warmup_iters",
    "train.warmup_ratio": "lr_warmup_fraction warmup",
    "train.epochs": "num_train_epochs num_epochs n_epochs max_epochs",
    "train.batch_size": "per_device_train_batch_size train_batch_size micro_batch_size batch per_device_batch_size bs",
    "train.accumulate": "gradient_accumulation_steps gradient_accumulation accumulation_steps grad_accum "
    "accumulate_grad_batches",
    "train.max_grad_norm": "clip_grad gradient_clipping grad_clip clip_grad_norm gradient_clip_val",
    "train.betas": "adam_beta1 adam_beta2 beta1 beta2",
    "train.weight_decay": "wd adam_weight_decay",
    "train.neftune_alpha": "neftune_noise_alpha neftune",
    "train.loss_scale": "loss_scale_value init_loss_scale initial_loss_scale scale_sense",
    "train.adapter_dtype": "param_init_type lora_dtype upcast_layernorm pure_bf16",
    "train.evaluate": "eval_strategy evaluation_strategy do_eval eval_epochs",
    "data.validation_records": "val_size val_set_size validation_split validation_split_percentage eval_size "
    "held_out_records",
    "train.validation_steps": "eval_steps eval_step eval_interval val_check_interval eval_freq held_out_steps",
    "train.patience": "early_stopping_patience early_stopping early_stop_patience early_stop",
    "train.min_delta": "early_stopping_threshold early_stopping_min_delta min_improvement",
    "train.tensorboard": "report_to logging_dir log_dir tensorboard_dir",
    "rules.checkpoints (so many are saved, evenly spaced)": "save_steps save_strategy save_checkpoint_steps "
    "save_total_limit keep_checkpoint_max checkpoint_steps",
    "train.state_steps": "save_interval state_interval",
    "data.seq_length": "cutoff_len max_seq_length max_seq_len model_max_length block_size max_source_length "
    "max_input_length seq_len context_length",
    "data.train": "dataset dataset_dir train_file train_data data_path dataset_files train_dataset train_path",
    "data.test": "eval_dataset test_file test_data validation_file eval_data test_path",
    "data.limit": "max_samples max_train_samples num_samples",
    "data.packing": "neat_packing pack use_packing sample_packing",
    "data.overlong": "truncation truncation_strategy",
    "data.learned_turns": "train_on_prompt mask_history train_on_inputs",
    "model=NAME (its shape) and model.checkpoint (its weights)": "model_name_or_path base_model model_path "
    "pretrained_model pretrained_model_name_or_path load_checkpoint model_name model_id checkpoint_name_or_path",
    "model.tokenizer.file": "tokenizer_path tokenizer_name vocab_file tokenizer_name_or_path",
    "model.compute_dtype": "fp16 bf16 torch_dtype precision",
    "prompt=NAME (python -m pipeline ls prompts)": "template chat_template_name prompt_template conv_template",
    "machine.model_parallel": "tensor_parallel tensor_parallel_size tp mp",
    "machine.pipeline_stage": "pipeline_parallel pipeline_model_parallel_size pp",
    "machine.data_parallel": "dp data_parallel_size",
    "machine.workers": "worker_num num_gpus nproc_per_node device_num num_processes num_npus local_worker_num",
    "machine.recompute": "gradient_checkpointing activation_checkpointing recompute_config",
    "machine.flash_attention": "flash_attn use_flash_attention attn_implementation use_flash_attn",
    "eval.accuracy.max_new_tokens and eval.squad.max_new_tokens": "max_tokens max_decode_length max_gen_len "
    "max_new_token",
    "eval.http.url": "api_base base_url openai_api_base endpoint",
    "eval.batch_size": "per_device_eval_batch_size eval_batch_size",
    "KIT_LOGS=FOLDER in the environment (runs lie there, not in logs/)": "output_dir output_path save_dir",
    "submission.team": "team_name",
}
_OWN = {name: own for own, names in _NAMES.items() for name in names.split()}


def nearest(key: str, known: Sequence[str], value: str | None = None) -> str:
    """Return what to add to a message about an unknown setting; empty where nothing is near.

    Args:
        key: as it was written, such as "lora_rank" or "train.lr".
        known: the dotted keys of all settings there are.
        value: as it was written, where it was: then the answer is a line that can be copied.
    """
    word = key.rpartition(".")[2].lower().replace("-", "_")
    if own := _OWN.get(word):
        return _said([own], value if own in known else None)
    if same := [own for own in known if own.rpartition(".")[2] == word]:
        return _said(_same_group_first(key, same), value)
    slips = [own for own in known if _is_slip(word, own.rpartition(".")[2])]
    return f"; did you mean {_same_group_first(key, slips)[0]!r}?" if slips else ""


def _is_slip(word: str, own: str) -> bool:
    begins = len(word) >= _LONG_ENOUGH and own.startswith(word)
    return begins or difflib.SequenceMatcher(None, word, own).ratio() >= _SLIP


def _same_group_first(key: str, found: list[str]) -> list[str]:
    """Order settings by how alike they are as a whole: `trian.seed` is train.seed rather than data.seed."""
    return sorted(found, key=lambda own: -difflib.SequenceMatcher(None, key, own).ratio())


def _said(own: list[str], value: str | None) -> str:
    listed = " or ".join(own[:_MOST])
    if len(own) == 1 and value is not None:
        return f"; here it is {listed}: write {listed}={value}"
    return f"; here it is {listed}"
