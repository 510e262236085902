"""Names of a Llama's tensors in MindFormers, at Hugging Face and at Meta. Pure.

Hugging Face: `transformers.LlamaForCausalLM` (its relatives of the same structure, InternLM-1 and Qwen2, use the same
names). Meta: the files `consolidated.*.pth` of Llama 2 and 3.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Literal

Dialect = Literal["mindformers", "hf", "meta"]
DIALECTS: tuple[Dialect, ...] = ("mindformers", "hf", "meta")
EMBEDDING = "model.tok_embeddings.embedding_weight"
HEAD = "lm_head.weight"

_OUTSIDE: dict[str, dict[Dialect, str]] = {
    EMBEDDING: {"hf": "model.embed_tokens.weight", "meta": "tok_embeddings.weight"},
    "model.norm_out.weight": {"hf": "model.norm.weight", "meta": "norm.weight"},
    HEAD: {"hf": "lm_head.weight", "meta": "output.weight"},
}
_HF_IN_LAYER = {
    "attention.wq": "self_attn.q_proj",
    "attention.wk": "self_attn.k_proj",
    "attention.wv": "self_attn.v_proj",
    "attention.wo": "self_attn.o_proj",
    "feed_forward.w1": "mlp.gate_proj",
    "feed_forward.w2": "mlp.down_proj",
    "feed_forward.w3": "mlp.up_proj",
    "attention_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}
_LAYER = re.compile(r"model\.(?P<layer>layers\.\d+)\.(?P<part>.+)\.(?P<kind>weight|bias)")
# Frequencies of the rotary embedding, which old files carry along; every model computes them from theta.
_BUFFER = re.compile(r"(?:model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq|rope\.freqs)")


def name_in(dialect: Dialect, name: str) -> str:
    """Return what a tensor of MindFormers' `LlamaForCausalLM` is called in another dialect.

    Args:
        dialect: the dialect wanted.
        name: a name of `core.models.llama.parameter_shapes`.

    Raises:
        KeyError: the name is none of that model.
    """
    if dialect == "mindformers":
        return name
    if name in _OUTSIDE:
        return _OUTSIDE[name][dialect]
    match = _LAYER.fullmatch(name)
    if not match or match["part"] not in _HF_IN_LAYER:
        raise KeyError(name)
    if dialect == "meta":
        return f"{match['layer']}.{match['part']}.{match['kind']}"
    return f"model.{match['layer']}.{_HF_IN_LAYER[match['part']]}.{match['kind']}"


def hf_module(weight: str) -> str:
    """Return Hugging Face's name of the linear layer whose weight MindFormers calls `weight`.

    >>> hf_module("model.layers.3.attention.wq.weight")
    'model.layers.3.self_attn.q_proj'
    """
    return name_in("hf", weight).removesuffix(".weight")


def dialect_of(names: Collection[str]) -> Dialect | None:
    """Tell the dialect of a checkpoint by the name of its embedding; None where it has none, or several."""
    found = [dialect for dialect in DIALECTS if name_in(dialect, EMBEDDING) in names]
    return found[0] if len(found) == 1 else None


def is_buffer(name: str) -> bool:
    """Tell whether a tensor holds rotary frequencies, which follow from the configuration and are not converted."""
    return bool(_BUFFER.fullmatch(name))


def some(names: Iterable[str]) -> str:
    """Name up to three of several names, and say how many more there are."""
    listed = sorted(names)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return ", ".join(listed[:3]) + more
