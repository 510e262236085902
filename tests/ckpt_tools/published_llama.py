"""Llamas in numpy as Hugging Face and Meta write them, each with its own names and its own rotary embedding.

Independent of the kit: nothing of `ckpt_tools` is used, so that a conversion can be held against it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[Any]]
Turn = Callable[[Floats, float], Floats]


def rotate_half(rows: Floats, theta: float) -> Floats:
    """Hugging Face's `apply_rotary_pos_emb` of rows [tokens, heads, size]."""
    tokens, _, size = rows.shape
    frequencies = 1.0 / theta ** (np.arange(0, size, 2) / size)
    angles = np.outer(np.arange(tokens), frequencies)
    angles = np.concatenate([angles, angles], axis=-1)[:, None]
    turned = np.concatenate([-rows[..., size // 2 :], rows[..., : size // 2]], axis=-1)
    return np.asarray(rows * np.cos(angles) + turned * np.sin(angles))


def rotate_complex(rows: Floats, theta: float) -> Floats:
    """Meta's `apply_rotary_emb` of rows [tokens, heads, size]: neighbours are the parts of a complex number."""
    tokens, heads, size = rows.shape
    frequencies = 1.0 / theta ** (np.arange(0, size, 2) / size)
    turn = np.exp(1j * np.outer(np.arange(tokens), frequencies))[:, None]
    numbers = rows.reshape(tokens, heads, size // 2, 2)
    numbers = (numbers[..., 0] + 1j * numbers[..., 1]) * turn
    return np.stack([numbers.real, numbers.imag], axis=-1).reshape(rows.shape)


HF = {
    "embedding": "model.embed_tokens.weight",
    "layer": "model.layers.{}.",
    "attention_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.o_proj",
    "gate": "mlp.gate_proj",
    "down": "mlp.down_proj",
    "up": "mlp.up_proj",
    "norm": "model.norm.weight",
    "head": "lm_head.weight",
}
META = {
    "embedding": "tok_embeddings.weight",
    "layer": "layers.{}.",
    "attention_norm": "attention_norm",
    "ffn_norm": "ffn_norm",
    "q": "attention.wq",
    "k": "attention.wk",
    "v": "attention.wv",
    "o": "attention.wo",
    "gate": "feed_forward.w1",
    "down": "feed_forward.w2",
    "up": "feed_forward.w3",
    "norm": "norm.weight",
    "head": "output.weight",
}


def logits(
    tensors: Mapping[str, Floats], ids: list[int], heads: int, theta: float, names: Mapping[str, str], turn: Turn
) -> Floats:
    """Logits after every token, [len(ids), vocabulary], in float64; a missing head means tied embeddings."""
    take = {name: values.astype(np.float64) for name, values in tensors.items()}
    x = take[names["embedding"]][ids]
    future = np.triu(np.full((len(ids), len(ids)), -np.inf), 1)
    layer = 0
    while (at := names["layer"].format(layer)) + names["q"] + ".weight" in take:

        def linear(values: Floats, part: str, at: str = at) -> Floats:
            name = at + names[part]
            return np.asarray(values @ take[name + ".weight"].T + take.get(name + ".bias", 0.0))

        y = _norm(x, take[at + names["attention_norm"] + ".weight"])
        size = take[at + names["q"] + ".weight"].shape[0] // heads
        query, key, value = (linear(y, part).reshape(len(ids), -1, size) for part in "qkv")
        query, key = turn(query, theta), turn(key, theta)
        key, value = (np.repeat(rows, heads // rows.shape[1], axis=1) for rows in (key, value))
        scores = np.einsum("qhd,khd->hqk", query, key) / np.sqrt(size) + future
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        x = x + linear(np.einsum("hqk,khd->qhd", weights, value).reshape(len(ids), -1), "o")
        y = _norm(x, take[at + names["ffn_norm"] + ".weight"])
        gate = linear(y, "gate")
        x = x + linear(gate / (1 + np.exp(-gate)) * linear(y, "up"), "down")
        layer += 1
    head = take.get(names["head"], take[names["embedding"]])
    return np.asarray(_norm(x, take[names["norm"]]) @ head.T)


def _norm(x: Floats, weight: Floats) -> Floats:
    return np.asarray(x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weight)
