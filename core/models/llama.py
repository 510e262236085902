"""Llama: the shapes of its tensors, and which of its linear layers a regular expression chooses. Pure.

InternLM-1, Qwen2 and Mistral without a sliding window are of the same structure, some with biases.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import InputError
from core.methods.targets import layer_expression
from core.models import Family, ModelShape, Place
from core.models.names import EMBEDDING, HEAD, Dialect, is_buffer, name_in

_LINEARS = {"attention": ("wq", "wk", "wv", "wo"), "feed_forward": ("w1", "w2", "w3")}
_LINEAR = re.compile(r"model\.layers\.(?P<layer>\d+)\.(?:attention|feed_forward)\.(?P<leaf>w[a-z0-9]+)\.weight")
# Parameters as MindFormers, Hugging Face, Meta and PEFT name them.
_PARAMETER = re.compile(r"(?:base_model\.model\.)?(?:model|lm_head|tok_embeddings|layers|norm|output)\..+")


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


def target_linears(model: ModelShape, targets: str) -> dict[str, tuple[int, int]]:
    """Return weight name -> (out, in) of the linear layers that MindFormers adapts.

    MindFormers walks the cells below `model` and matches the expression (`re.match`) with the name that each cell has
    in its parent (`wq`, not the path), so an expression cannot choose layers by their path. A container whose own name
    matches (`layers`, `0`, `attention`) is not entered: `.*` adapts nothing at all.

    Args:
        model: the shape of the model.
        targets: the regular expression, as in `target_modules`.

    Raises:
        InputError: the expression is malformed or adapts no layer.
    """
    pattern = layer_expression(targets)
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


# The tensors of each layer are listed by name, so a number of layers out of all proportion would not end.
_MOST = {
    "hidden_size": 1 << 20, "num_layers": 10_000, "num_heads": 1 << 20, "n_kv_heads": 1 << 20, "vocab_size": 1 << 30,
    "intermediate_size": 1 << 24,
}  # fmt: skip


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
        if size > _MOST[name]:
            raise InputError(f"model: {name} is {size:,}; no model has more than {_MOST[name]:,}")
    if model.hidden_size % model.num_heads:
        raise InputError(f"model: hidden_size {model.hidden_size} is not a multiple of num_heads {model.num_heads}")
    if model.num_heads % kv_heads:
        raise InputError(f"model: num_heads {model.num_heads} is not a multiple of n_kv_heads {kv_heads}")


class Llama(Family):
    """Llama in MindFormers."""

    title = "Llama"
    network, configuration = "LlamaForCausalLM", "LlamaConfig"
    embedding, head = EMBEDDING, HEAD
    rotary = (".attention.wq.", ".attention.wk.")

    def parameter_shapes(self, model: ModelShape) -> dict[str, tuple[int, ...]]:
        """Return name -> shape of every parameter; InputError for sizes that cannot be."""
        return parameter_shapes(model)

    def target_linears(self, model: ModelShape, targets: str) -> dict[str, tuple[int, int]]:
        """Return weight name -> (out, in) of the layers chosen; InputError as `target_linears`."""
        return target_linears(model, targets)

    def linear(self, name: str) -> Place | None:
        """Return where the linear layer stands whose weight has this name; None for other tensors."""
        match = _LINEAR.fullmatch(name)
        return Place(int(match["layer"]), match["leaf"]) if match else None

    def name_in(self, dialect: Dialect, name: str) -> str:
        """Return what a tensor is called in a dialect; KeyError as `core.models.names.name_in`."""
        return name_in(dialect, name)

    def is_parameter(self, name: str) -> bool:
        """Tell whether a name can be a parameter's of a Llama or of its adapter."""
        return bool(_PARAMETER.fullmatch(name)) and not is_buffer(name)

    def is_buffer(self, name: str) -> bool:
        """Tell whether a tensor holds rotary frequencies."""
        return is_buffer(name)


FAMILY = Llama()
