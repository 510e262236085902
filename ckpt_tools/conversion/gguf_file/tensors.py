"""Which tensor of a checkpoint becomes which tensor of a GGUF file of the architecture "llama". Pure.

llama.cpp turns neighbouring rows of q and k in a rotary embedding, as Meta's code does (`rotary.py`), and takes biases
on q, k, v and o where they are there: InternLM-7B is a "llama" too.
"""

from __future__ import annotations

import re
from dataclasses import replace

from ckpt_tools.conversion.plan import Move, Plan, plan
from ckpt_tools.conversion.rotary import to_neighbours
from ckpt_tools.formats.tensor_file import TensorFile, TensorInfo
from core.errors import InputError
from core.models import family_of
from core.models.llama import Llama
from core.schema import ModelConfig

# The types of GGUF in which llama.cpp computes with weights that are not quantised.
TYPES = ("float32", "float16", "bfloat16")
_OUTSIDE = {
    "model.tok_embeddings.embedding_weight": "token_embd.weight",
    "model.norm_out.weight": "output_norm.weight",
    "lm_head.weight": "output.weight",
}
_IN_LAYER = {
    "attention_norm": "attn_norm",
    "attention.wq": "attn_q",
    "attention.wk": "attn_k",
    "attention.wv": "attn_v",
    "attention.wo": "attn_output",
    "ffn_norm": "ffn_norm",
    "feed_forward.w1": "ffn_gate",
    "feed_forward.w2": "ffn_down",
    "feed_forward.w3": "ffn_up",
}
_LAYER = re.compile(r"model\.layers\.(?P<layer>\d+)\.(?P<part>.+)\.(?P<kind>weight|bias)")


def gguf_name(name: str) -> str:
    """Return what llama.cpp calls a tensor of MindFormers' Llama.

    >>> gguf_name("model.layers.3.attention.wq.bias")
    'blk.3.attn_q.bias'
    """
    if name in _OUTSIDE:
        return _OUTSIDE[name]
    match = _LAYER.fullmatch(name)
    if not match:
        raise KeyError(name)
    return f"blk.{match['layer']}.{_IN_LAYER[match['part']]}.{match['kind']}"


def gguf_plan(tensors: TensorFile, model: ModelConfig, dtype: str) -> Plan:
    """Match every tensor of a checkpoint with one of the GGUF file; norms and biases become float32.

    Args:
        tensors: the source, in any dialect.
        model: the model that it has to be.
        dtype: type of the matrices; "keep" for that of the source.

    Raises:
        InputError: as `plan`; a model that is no Llama, or a type in which llama.cpp does not compute.
    """
    family = family_of(model)
    if not isinstance(family, Llama):
        raise InputError(
            f"model {model.name}: a {family.title} has no form in GGUF that the kit knows; Llama-shaped models have"
        )
    matched = plan(tensors, model, "mindformers", dtype)
    if (model.hidden_size // model.num_heads) % 2:
        raise InputError(f"model: heads of {matched.head_size} entries cannot hold the pairs of a rotary embedding")
    infos, moves = [], {}
    for info in matched.infos:
        if info.dtype not in TYPES:
            raise InputError(
                f"{tensors.path}: {matched.moves[info.name].source!r} is {info.dtype}, in which llama.cpp does not "
                f"compute; choose --dtype ({', '.join(TYPES)})"
            )
        # llama.cpp adds and multiplies vectors in float32 alone; nothing is lost by it.
        kind = "float32" if len(info.shape) == 1 else info.dtype
        name = gguf_name(info.name)
        infos.append(TensorInfo(name, kind, info.shape))
        paired = matched.source != "meta" and any(part in info.name for part in family.rotary)
        moves[name] = Move(matched.moves[info.name].source, to_neighbours if paired else None)
    return replace(matched, dialect="gguf", infos=tuple(infos), moves=moves)
