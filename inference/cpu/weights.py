"""Llama weights under MindFormers' names: which tensors a model has, strict reading, and the form the decoder wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from core.errors import InputError
from core.models import ModelShape, family_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[np.float32]]

# Settings of MindFormers' LlamaConfig that change what is computed and that the decoder does not know.
_ONLY: dict[str, tuple[Any, ...]] = {
    "qkv_concat": (False, None),
    "extend_method": ("None", None),
    "scaling_factor": (1.0, None),
    "moe_config": (None,),
}


@dataclass(frozen=True)
class LlamaShape:
    """The settings of MindFormers' `LlamaConfig` that decide tensors and computation; defaults are LlamaConfig's.

    `intermediate_size` None follows LlamaFeedForward: two thirds of four times the width (times `ffn_dim_multiplier`),
    rounded up to `multiple_of`.
    """

    hidden_size: int = 4096
    num_layers: int = 32
    num_heads: int = 32
    n_kv_heads: int | None = None
    vocab_size: int = 32000
    intermediate_size: int | None = None
    multiple_of: int = 256
    ffn_dim_multiplier: float | None = None
    rms_norm_eps: float = 1e-5
    theta: float = 10000.0
    qkv_has_bias: bool = False
    attn_proj_has_bias: bool = False
    tie_word_embeddings: bool = False

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> LlamaShape:
        """Take the shape out of LlamaConfig settings; what does not change the computation is passed over.

        Raises:
            InputError: a setting that the CPU decoder cannot compute, or sizes that do not divide.
        """
        for name, allowed in _ONLY.items():
            if name in settings and settings[name] not in allowed:
                raise InputError(f"model setting {name}={settings[name]!r} is not supported by the CPU engine")
        known = {entry.name for entry in fields(cls)}
        shape = cls(**{name: value for name, value in settings.items() if name in known})
        if shape.hidden_size % shape.num_heads or shape.num_heads % shape.kv_heads:
            raise InputError(
                f"model: hidden_size {shape.hidden_size}, num_heads {shape.num_heads} and n_kv_heads "
                f"{shape.kv_heads} do not divide"
            )
        if shape.head_dim % 2:
            raise InputError(f"model: head size {shape.head_dim} is odd, rotary embedding needs an even one")
        return shape

    @property
    def kv_heads(self) -> int:
        """Number of key/value heads."""
        return self.n_kv_heads or self.num_heads

    @property
    def rep(self) -> int:
        """Number of query heads that share a key/value head."""
        return self.num_heads // self.kv_heads

    @property
    def head_dim(self) -> int:
        """Width of one head."""
        return self.hidden_size // self.num_heads

    @property
    def kv_width(self) -> int:
        """Width of all key heads together."""
        return self.kv_heads * self.head_dim

    @property
    def ffn_width(self) -> int:
        """Width inside the feed-forward network."""
        if self.intermediate_size is not None:
            return self.intermediate_size
        width = 4 * self.hidden_size
        if self.ffn_dim_multiplier is not None:
            width = int((self.ffn_dim_multiplier + 0.01) * width)
        width = int(2 * width / 3)
        return self.multiple_of * ((width + self.multiple_of - 1) // self.multiple_of)

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Return name and shape of every tensor that a checkpoint of this model holds."""
        # The width is known now, as a model's shape wants it.
        model = cast(ModelShape, replace(self, intermediate_size=self.ffn_width))
        return family_of(self).parameter_shapes(model)

    def __str__(self) -> str:
        return (
            f"Llama of {self.num_layers} layers, width {self.hidden_size}, {self.num_heads} heads "
            f"({self.kv_heads} key/value), feed-forward {self.ffn_width}, vocabulary {self.vocab_size}"
            + (", bias on q, k, v" if self.qkv_has_bias else "")
            + (", bias on o" if self.attn_proj_has_bias else "")
        )


def read_checkpoint(path: Path, shape: LlamaShape) -> dict[str, Array]:
    """Read a checkpoint that holds exactly the tensors of `shape`, as float32.

    Raises:
        InputError: unreadable file; missing or unexpected names, wrong shapes (the first of them are named).
    """
    import numpy as np

    from ckpt_tools.formats.tensors import open_tensors

    with open_tensors(path) as stored:
        check_tensors({name: tuple(stored[name].shape) for name in stored}, shape, str(path))
        return {name: stored.read(name).astype(np.float32) for name in shape.tensors()}


def check_tensors(found: Mapping[str, tuple[int, ...]], shape: LlamaShape, where: str) -> None:
    """Compare names and shapes with what the model needs; InputError that names the first differences."""
    expected = shape.tensors()
    wrong = [
        f"{name} has shape {list(found[name])}, expected {list(size)}"
        for name, size in expected.items()
        if name in found and found[name] != size
    ]
    faults = [
        _named("missing", [name for name in expected if name not in found]),
        _named("unexpected", sorted(set(found) - set(expected))),
        "; ".join(wrong[:2]) + (f" and {len(wrong) - 2} more" if len(wrong) > 2 else ""),
    ]
    if any(faults):
        said = "; ".join(fault for fault in faults if fault)
        raise InputError(f"{where}: does not fit the expected {shape}: {said}")


def _named(label: str, names: list[str]) -> str:
    if not names:
        return ""
    return f"{len(names)} {label}: {', '.join(names[:3])}" + (", …" if len(names) > 3 else "")


def fuse(tensors: Mapping[str, Array], shape: LlamaShape) -> dict[str, Array]:
    """Turn a checkpoint into the arrays the decoder computes with: fewer and larger products, same mathematics.

    Three things are folded in, because small operators cost more than arithmetic here: the weight of an RMS norm
    into the columns of the matrices behind it; 1/sqrt(head) into the query; and, as rows of their own, query and key
    turned by a quarter (rotary embedding adds the turned half of a head times the sine). Rows of `qkv.{i}`: query,
    key, turned query, turned key, value.

    Returns:
        `embedding`, `head`, and for every layer i `qkv.{i}`, `o.{i}`, `gate.{i}`, `up.{i}`, `down.{i}`, with
        `qkv_bias.{i}` and `o_bias.{i}` where the model has biases.
    """
    import numpy as np

    embedding = tensors["model.tok_embeddings.embedding_weight"]
    head = embedding if shape.tie_word_embeddings else tensors["lm_head.weight"]
    fused = {"embedding": embedding, "head": head * tensors["model.norm_out.weight"]}
    scale = np.float32(shape.head_dim**-0.5)
    for layer in range(shape.num_layers):
        at = f"model.layers.{layer}."

        def stacked(kind: str, at: str = at) -> Array:
            query, key, value = (tensors[f"{at}attention.{name}.{kind}"] for name in ("wq", "wk", "wv"))
            query = query * scale
            turned = _turned(query, shape.head_dim), _turned(key, shape.head_dim)
            return np.concatenate([query, key, *turned, value])

        fused[f"qkv.{layer}"] = stacked("weight") * tensors[f"{at}attention_norm.weight"]
        fused[f"o.{layer}"] = tensors[f"{at}attention.wo.weight"]
        for name, kind in (("gate", "w1"), ("up", "w3")):
            fused[f"{name}.{layer}"] = tensors[f"{at}feed_forward.{kind}.weight"] * tensors[f"{at}ffn_norm.weight"]
        fused[f"down.{layer}"] = tensors[f"{at}feed_forward.w2.weight"]
        if shape.qkv_has_bias:
            fused[f"qkv_bias.{layer}"] = stacked("bias")
        if shape.attn_proj_has_bias:
            fused[f"o_bias.{layer}"] = tensors[f"{at}attention.wo.bias"]
    return {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in fused.items()}


def _turned(rows: Array, head_dim: int) -> Array:
    """Return (-second half, first half) of each head's rows: MindFormers pairs entry j with j + head/2."""
    import numpy as np

    heads = rows.reshape(-1, 2, head_dim // 2, *rows.shape[1:])
    turned: Array = np.stack([-heads[:, 1], heads[:, 0]], axis=1).reshape(rows.shape)
    return turned


def rotary_tables(shape: LlamaShape, length: int) -> tuple[Array, Array]:
    """Return cosine and sine for positions 0 … length-1, repeated over query and key heads.

    Formula of MindFormers' `FreqsMgr` (https://arxiv.org/abs/2104.09864): angle = position · theta^(-2j/head).

    Returns:
        Two arrays [length, (heads + key/value heads) · head], float32.
    """
    import numpy as np

    pairs = np.arange(0, shape.head_dim, 2).astype(np.float32)
    frequencies = 1.0 / (shape.theta ** (pairs / shape.head_dim))
    angles = np.outer(np.arange(length).astype(np.float32), frequencies)
    repeat = 2 * (shape.num_heads + shape.kv_heads)
    return (
        np.tile(np.cos(angles), (1, repeat)).astype(np.float32),
        np.tile(np.sin(angles), (1, repeat)).astype(np.float32),
    )
