"""Shapes of a Llama's tensors, and which of its linear layers a regular expression chooses. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from core.errors import InputError

_LINEARS = {"attention": ("wq", "wk", "wv", "wo"), "feed_forward": ("w1", "w2", "w3")}


class ModelShape(Protocol):
    """What counting has to know of a Llama of MindFormers (the names of its `LlamaConfig`).

    An attribute `tie_word_embeddings` is optional; without it the embeddings are not tied.
    """

    @property
    def hidden_size(self) -> int:
        """Width of the model."""

    @property
    def num_layers(self) -> int:
        """Number of decoder layers."""

    @property
    def num_heads(self) -> int:
        """Number of query heads."""

    @property
    def n_kv_heads(self) -> int | None:
        """Number of key and value heads; as many as query heads where None."""

    @property
    def vocab_size(self) -> int:
        """Number of token ids."""

    @property
    def intermediate_size(self) -> int:
        """Width inside the feed-forward block."""

    @property
    def qkv_has_bias(self) -> bool:
        """Whether q, k and v have a bias."""

    @property
    def attn_proj_has_bias(self) -> bool:
        """Whether the output projection of attention has a bias."""


@dataclass(frozen=True)
class Shape:
    """A plain `ModelShape`, for a command line and for tests."""

    hidden_size: int
    num_layers: int
    num_heads: int
    n_kv_heads: int | None
    vocab_size: int
    intermediate_size: int
    qkv_has_bias: bool = False
    attn_proj_has_bias: bool = False
    tie_word_embeddings: bool = False


def parameter_shapes(model: ModelShape) -> dict[str, tuple[int, ...]]:
    """Return name -> shape of every parameter of MindFormers' `LlamaForCausalLM` (`qkv_concat: False`), in its order.

    Raises:
        InputError: sizes that are not positive, or heads that do not divide the width.
    """
    _check(model)
    width = model.hidden_size
    shapes: dict[str, tuple[int, ...]] = {"model.tok_embeddings.embedding_weight": (model.vocab_size, width)}
    linears = linear_shapes(model)
    for layer in range(model.num_layers):
        prefix = f"model.layers.{layer}."
        shapes[prefix + "ffn_norm.weight"] = (width,)
        shapes[prefix + "attention_norm.weight"] = (width,)
        for block, leaves in _LINEARS.items():
            for leaf in leaves:
                out, into = linears[leaf]
                shapes[f"{prefix}{block}.{leaf}.weight"] = (out, into)
                if _has_bias(model, leaf):
                    shapes[f"{prefix}{block}.{leaf}.bias"] = (out,)
    shapes["model.norm_out.weight"] = (width,)
    if not getattr(model, "tie_word_embeddings", False):
        shapes["lm_head.weight"] = (model.vocab_size, width)
    return shapes


def linear_shapes(model: ModelShape) -> dict[str, tuple[int, int]]:
    """Return leaf name -> (out, in) of the linear layers of one decoder layer."""
    _check(model)
    width, inner = model.hidden_size, model.intermediate_size
    keys = width // model.num_heads * (model.n_kv_heads or model.num_heads)
    return {
        "wq": (width, width),
        "wk": (keys, width),
        "wv": (keys, width),
        "wo": (width, width),
        "w1": (inner, width),
        "w2": (width, inner),
        "w3": (inner, width),
    }


def total_parameters(model: ModelShape) -> int:
    """Return the number of parameters of the base model."""
    return sum(math.prod(shape) for shape in parameter_shapes(model).values())


def target_linears(model: ModelShape, targets: str) -> dict[str, tuple[int, int]]:
    """Return weight name -> (out, in) of the linear layers that MindFormers gives a LoRA pair.

    MindFormers walks the cells below `model` and matches the expression (`re.match`) with the name that each cell has
    in its parent (`wq`, not the path), so an expression cannot choose layers by their path. A container whose own name
    matches (`layers`, `0`, `attention`) is not entered: `.*` adapts nothing at all.

    Args:
        model: the shape of the model.
        targets: the regular expression, as in `target_modules`.

    Raises:
        InputError: the expression is malformed or adapts no layer.
    """
    try:
        pattern = re.compile(targets)
    except re.error as error:
        raise InputError(
            f"target modules {targets!r}: not a regular expression ({error}); write for instance '.*wq|.*wv'"
        ) from error
    linears = linear_shapes(model)
    found: dict[str, tuple[int, int]] = {}
    for layer in range(model.num_layers) if not pattern.match("layers") else ():
        for block, leaves in _LINEARS.items():
            if pattern.match(str(layer)) or pattern.match(block):
                continue
            for leaf in leaves:
                if pattern.match(leaf):
                    found[f"model.layers.{layer}.{block}.{leaf}.weight"] = linears[leaf]
    if not found:
        hint = "it must match the layer's own name (wq, wk, wv, wo, w1, w2, w3), no blank and no path in it"
        if pattern.match("layers"):
            hint = "it matches the container 'layers' too, which MindFormers then does not enter"
        raise InputError(f"target modules {targets!r} adapt no linear layer: {hint}")
    return found


def _has_bias(model: ModelShape, leaf: str) -> bool:
    return (model.qkv_has_bias and leaf in ("wq", "wk", "wv")) or (model.attn_proj_has_bias and leaf == "wo")


def _check(model: ModelShape) -> None:
    kv_heads = model.num_heads if model.n_kv_heads is None else model.n_kv_heads
    sizes: Mapping[str, int] = {
        "hidden_size": model.hidden_size,
        "num_layers": model.num_layers,
        "num_heads": model.num_heads,
        "n_kv_heads": kv_heads,
        "vocab_size": model.vocab_size,
        "intermediate_size": model.intermediate_size,
    }
    for name, size in sizes.items():
        if size < 1:
            raise InputError(f"model: {name} is {size}; it has to be at least 1")
    if model.hidden_size % model.num_heads:
        raise InputError(f"model: hidden_size {model.hidden_size} is no multiple of num_heads {model.num_heads}")
    if model.num_heads % kv_heads:
        raise InputError(f"model: num_heads {model.num_heads} is no multiple of n_kv_heads {kv_heads}")
