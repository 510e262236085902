"""What a training takes of a device's memory, by what it is for. Pure: estimated before anything is paid for.

Of one worker, for T tokens of a batch (batch_size · seq_length; parts of a step that are accumulated come one by one),
width h, feed-forward width i, n layers, vocabulary V, c bytes of the compute type, tensor parallelism m, pipeline p:

    weights      parameters · their bytes; layers over m·p, embedding and output layer (vocab_emb_dp) on each
    adapter      trained · its bytes;  gradients: the same;  optimizer: trained · 8, Adam's two moments in float32
    activations  n/p layers · T · what the backward pass of one layer needs; with recompute the layers' inputs (h · c),
                 and one layer whole at a time
    logits       T · V: the output layer's in the compute type, its gradient, and four arrays of the loss in float32
                 (log-softmax, one-hot labels, their exponential and difference), which the loss divides by m

The weights are frozen, so that a layer keeps what gradients pass through, not the inputs of every product:

    attention    norm in and out, q, k, v after rotation, the products' sum: 4h + k + v; without flash attention its
                 weights as well, heads · seq_length a token, as the softmax gives them and as the product takes them
    feed-forward norm in and out, w1, its silu, w3: 2h + 3i

On the CPU, MindSpore gives what an operator returns memory of its own, forward and backward, and takes none of it back
within a step. There the same arrays are counted as often as they were found (least squares over seven sizes, at most
1.3 % off): 93h + 5i + 10 heads · seq_length of a token in a layer, 16V of a token, weights one and a half times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.methods import method_of
from core.models import ModelShape, total_parameters
from core.schema import RunConfig
from finetune.training.precision import ADAM_BYTES, BYTES, adapter_dtype

_FLOAT = BYTES["float32"]
# Float32 arrays of tokens x vocabulary that are alive at once in MindFormers' loss (core/loss/loss.py).
_LOSS_ARRAYS = 4
# What a worker on the CPU takes beside: MindSpore and MindFormers imported, a graph compiled.
PROCESS = 750_000_000
# On the CPU: how often each array is held, see above.
_CPU_WEIGHTS, _CPU_LOGITS, _CPU_WIDTH, _CPU_INNER, _CPU_SCORES = 1.5, 16, 93, 5, 10
GB = 1 << 30


@dataclass(frozen=True)
class Load:
    """What decides how much memory a worker needs.

    Attributes:
        model: the model's sizes.
        param_bytes, compute_bytes, softmax_bytes, adapter_bytes: of a number of the weights, the products, the softmax,
            the trained tensors.
        rows, seq_length: of the batch that is worked on at once.
        trained: trained parameters.
        data, tensor, pipeline: parallelism.
        recompute, slice_inputs: whether activations are computed again; whether the layers' inputs are divided by the
            tensor parallelism (recompute_slice_activation).
        flash: flash attention.
        divided_optimizer: whether data-parallel workers share the optimizer's moments.
        on_cpu: whether it is a process on the CPU.
    """

    model: ModelShape
    rows: int
    seq_length: int
    trained: int
    param_bytes: int = 2
    compute_bytes: int = 2
    softmax_bytes: int = _FLOAT
    adapter_bytes: int = 4
    data: int = 1
    tensor: int = 1
    pipeline: int = 1
    recompute: bool = False
    slice_inputs: bool = False
    flash: bool = True
    divided_optimizer: bool = False
    on_cpu: bool = False


def load_of(config: RunConfig) -> Load:
    """Return what decides the memory of a run's worker."""
    machine, model = config.machine, config.model
    on_cpu = machine.device == "CPU"
    return Load(
        model=model,
        rows=config.train.batch_size,
        seq_length=config.data.seq_length,
        trained=method_of(config.method).parameters(config.method, model),
        param_bytes=_FLOAT if on_cpu else BYTES[model.param_dtype],
        compute_bytes=_FLOAT if on_cpu else BYTES[model.compute_dtype],
        adapter_bytes=BYTES[adapter_dtype(config)],
        data=machine.data_parallel,
        tensor=machine.model_parallel,
        pipeline=machine.pipeline_stage,
        recompute=machine.recompute,
        flash=machine.flash_attention,
        divided_optimizer=machine.optimizer_parallel,
        on_cpu=on_cpu,
    )


def device_memory(load: Load) -> dict[str, int]:
    """Return the bytes that one worker needs, by what they are for, without their sum."""
    spread = load.tensor * load.pipeline
    own = -(-load.trained // spread)
    parts = {
        "weights": int(_weights(load) * (_CPU_WEIGHTS if load.on_cpu else 1)),
        "adapter": own * load.adapter_bytes,
        "gradients": own * load.adapter_bytes,
        "optimizer": own * ADAM_BYTES // (load.data if load.divided_optimizer else 1),
        "activations": activations(load, load.recompute),
        "logits": _logits(load),
    }
    return {**parts, "process": PROCESS} if load.on_cpu else parts


def activations(load: Load, recompute: bool) -> int:
    """Return the bytes of activations that the backward pass of a batch needs."""
    tokens = load.rows * load.seq_length
    layers = -(-load.model.num_layers // load.pipeline)
    layer = tokens * _layer_bytes(load) // load.tensor
    if not recompute:
        return layers * layer
    inputs = tokens * load.model.hidden_size * load.compute_bytes
    return layers * (inputs // load.tensor if load.slice_inputs else inputs) + layer


def needs_of(parts: Mapping[str, int]) -> str:
    """Return the parts of at least a hundredth of the sum in words, the largest first."""
    total = sum(parts.values())
    shown = sorted((size, name) for name, size in parts.items() if size * 100 >= total)
    return ", ".join(f"{name} {in_gb(size)}" for size, name in reversed(shown))


def in_gb(size: float) -> str:
    """Return bytes in GB of 2^30, as `max_device_memory` counts them; small ones in MB of 2^20."""
    return f"{size / GB:,.2f} GB" if size >= GB / 10 else f"{size / (1 << 20):,.1f} MB"


def memory_limit(text: str) -> int | None:
    """Return the bytes that `max_device_memory` allows ("26GB"); None where it says nothing."""
    number = text.strip().upper().removesuffix("B").removesuffix("G").strip()
    try:
        return int(float(number) * GB) or None
    except (ValueError, OverflowError):
        return None


def _weights(load: Load) -> int:
    model = load.model
    ends = model.vocab_size * model.hidden_size
    tied = bool(getattr(model, "tie_word_embeddings", False))
    layers = total_parameters(model) - ends * (1 if tied else 2)
    # A stage of a pipeline holds one of both ends at the most.
    held = ends if tied or load.pipeline > 1 else 2 * ends
    return (layers // (load.tensor * load.pipeline) + held) * load.param_bytes


def _layer_bytes(load: Load) -> int:
    """Return the bytes of a token in one layer."""
    model = load.model
    if load.on_cpu:
        scores = _CPU_SCORES * model.num_heads * load.seq_length
        return (_CPU_WIDTH * model.hidden_size + _CPU_INNER * model.intermediate_size + scores) * _FLOAT
    narrow = model.hidden_size // model.num_heads * (model.n_kv_heads or model.num_heads)
    wide = 6 * model.hidden_size + 2 * narrow + 3 * model.intermediate_size
    if load.flash:
        return wide * load.compute_bytes
    each = load.softmax_bytes + (load.compute_bytes if load.compute_bytes != load.softmax_bytes else 0)
    return wide * load.compute_bytes + model.num_heads * load.seq_length * each


def _logits(load: Load) -> int:
    numbers = load.rows * load.seq_length * load.model.vocab_size
    if load.on_cpu:
        return _CPU_LOGITS * numbers * _FLOAT
    narrow = 0 if load.compute_bytes == _FLOAT else 2 * numbers * load.compute_bytes
    return narrow + _LOSS_ARRAYS * numbers * _FLOAT // load.tensor
