"""YAMLs in the shape of those that the 2024 contest's teams handed in, anchors and all, made from their figures."""

from __future__ import annotations

from pathlib import Path

TRAINING = """
seed: 0
output_dir: './output'
load_checkpoint: ''
auto_trans_ckpt: False
only_save_strategy: {only_save_strategy}
resume_training: False
run_mode: 'finetune'
use_parallel: {use_parallel}
micro_batch_interleave_num: 1
trainer: {{type: CausalLanguageModelingTrainer, model_name: 'llama3_8b'}}
runner_config:
  epochs: {epochs}
  batch_size: {batch}
  sink_mode: True
  sink_size: 2
optimizer: {{type: FP32StateAdamWeightDecay, beta1: 0.9, beta2: 0.95, eps: 1.e-8}}
lr_schedule:
  type: CosineWithWarmUpLR
  learning_rate: {rate}
  lr_end: 0.0
  warmup_ratio: 0.03
  total_steps: -1
train_dataset: &train_dataset
  data_loader: {{type: MindDataset, dataset_dir: "", shuffle: True}}
  input_columns: ["input_ids", "labels"]
  num_parallel_workers: 8
  drop_remainder: True
  batch_size: {batch}
train_dataset_task:
  type: CausalLanguageModelDataset
  dataset_config: *train_dataset
parallel: {{parallel_mode: 1, gradients_mean: False, full_batch: True, enable_parallel_optimizer: {use_parallel}}}
parallel_config: &parallel_config
  data_parallel: {dp}
  model_parallel: {mp}
  pipeline_stage: 1
  vocab_emb_dp: True
recompute_config: &recompute_config {{recompute: True, mp_comm_recompute: True, recompute_slice_activation: True}}
runner_wrapper: {{type: MFTrainOneStepCell, scale_sense: 1.0, use_clip_grad: True}}
callbacks:
  - type: MFLossMonitor
  - type: CheckpointMointor
    prefix: "llama3_8b"
    save_checkpoint_steps: {save}
    integrated_save: False
    async_save: False
  - type: ObsMonitor
context: {{mode: 0, device_target: "Ascend", max_call_depth: 10000, max_device_memory: "26GB"}}
model:
  model_config:
    type: LlamaConfig
    batch_size: 1
    seq_length: 256
    hidden_size: 4096
    num_layers: 32
    num_heads: 32
    n_kv_heads: 8
    vocab_size: 128256
    intermediate_size: 14336
    rms_norm_eps: 1.0e-5
    bos_token_id: 128000
    eos_token_id: 128001
    pad_token_id: 128002
    ignore_token_id: -100
    compute_dtype: "bfloat16"
    param_init_type: "bfloat16"
    softmax_compute_type: "float32"
    use_past: False
    theta: 500000
    use_flash_attention: True
    pet_config:
      pet_type: lora
      lora_rank: {rank}
      lora_alpha: {alpha}
      lora_dropout: {dropout}
      target_modules: {targets}{type}
  arch: {{type: LlamaForCausalLM}}
metric: {{type: PerplexityMetric}}
"""
EVALUATION = """
run_mode: 'eval'
use_parallel: False
runner_config: {{epochs: 1, batch_size: 1}}
eval_dataset: &eval_dataset
  data_loader: {{type: MindDataset, dataset_dir: ""}}
  input_columns: {columns}
eval_dataset_task: {{type: CausalLanguageModelDataset, dataset_config: *eval_dataset}}
processor:
  tokenizer: {{type: Llama3Tokenizer, model_max_length: 8192, add_bos_token: {bos}, add_eos_token: False}}
model:
  model_config:
    type: LlamaConfig
    seq_length: 8192
    hidden_size: 4096
    num_layers: 32
    num_heads: 32
    n_kv_heads: 8
    vocab_size: 128256
    intermediate_size: 14336
    rms_norm_eps: 1.0e-5
    theta: 500000
    bos_token_id: 128000
    eos_token_id: 128001
    pad_token_id: 128002
    use_past: True
    max_decode_length: 700
    max_new_tokens: 20{least}
    do_sample: False{pet}
metric: {{type: {metric}}}
"""
_TYPE = "\n      param_init_type: float32"


def training(folder: Path, **changes: object) -> str:
    """Write a training YAML of stage 1 as the organiser gave it, with changes; its adapter is float32."""
    values: dict[str, object] = {
        "only_save_strategy": False, "use_parallel": True, "epochs": 5, "batch": 64, "rate": "1.e-5", "dp": 1, "mp": 4,
        "save": 1406, "rank": 8, "alpha": 16, "dropout": 0.05, "targets": "'.*wq|.*wv'", "type": _TYPE,
    }  # fmt: skip
    return _written(folder / "train.yaml", TRAINING.format(**{**values, **changes}))


def evaluation(folder: Path, **changes: object) -> str:
    """Write the YAML of a retention evaluation, with changes."""
    pet = "\n    pet_config: {pet_type: lora, lora_rank: 8, lora_alpha: 16, target_modules: '.*wq|.*wv'}"
    values: dict[str, object] = {
        "columns": '["input_ids", "labels"]', "bos": True, "least": "\n    min_new_tokens: 1", "pet": pet,
        "metric": "EmF1Metric",
    }  # fmt: skip
    return _written(folder / "eval.yaml", EVALUATION.format(**{**values, **changes}))


def _written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)
