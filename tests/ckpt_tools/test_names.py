"""Names in the three dialects: written out, against MindFormers' own converter, and never two of one name."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.models import names
from core.models.llama import Shape, parameter_shapes

# One layer of Llama as the three publish it, copied down by hand from their files' listings.
LISTED = [
    ("model.tok_embeddings.embedding_weight", "model.embed_tokens.weight", "tok_embeddings.weight"),
    (
        "model.layers.0.ffn_norm.weight",
        "model.layers.0.post_attention_layernorm.weight",
        "layers.0.ffn_norm.weight",
    ),
    ("model.layers.0.attention_norm.weight", "model.layers.0.input_layernorm.weight", "layers.0.attention_norm.weight"),
    ("model.layers.0.attention.wq.weight", "model.layers.0.self_attn.q_proj.weight", "layers.0.attention.wq.weight"),
    ("model.layers.0.attention.wk.weight", "model.layers.0.self_attn.k_proj.weight", "layers.0.attention.wk.weight"),
    ("model.layers.0.attention.wv.weight", "model.layers.0.self_attn.v_proj.weight", "layers.0.attention.wv.weight"),
    ("model.layers.0.attention.wo.weight", "model.layers.0.self_attn.o_proj.weight", "layers.0.attention.wo.weight"),
    ("model.layers.0.feed_forward.w1.weight", "model.layers.0.mlp.gate_proj.weight", "layers.0.feed_forward.w1.weight"),
    ("model.layers.0.feed_forward.w2.weight", "model.layers.0.mlp.down_proj.weight", "layers.0.feed_forward.w2.weight"),
    ("model.layers.0.feed_forward.w3.weight", "model.layers.0.mlp.up_proj.weight", "layers.0.feed_forward.w3.weight"),
    ("model.norm_out.weight", "model.norm.weight", "norm.weight"),
    ("lm_head.weight", "lm_head.weight", "output.weight"),
]


def test_names_as_published(tiny: Shape) -> None:
    plain = replace(tiny, num_layers=1, qkv_has_bias=False, attn_proj_has_bias=False)
    listed = [(name, names.name_in("hf", name), names.name_in("meta", name)) for name in parameter_shapes(plain)]
    assert listed == LISTED
    bias = "model.layers.31.attention.wo.bias"
    assert names.name_in("hf", bias) == "model.layers.31.self_attn.o_proj.bias"
    assert names.name_in("meta", bias) == "layers.31.attention.wo.bias"
    assert names.hf_module("model.layers.7.feed_forward.w1.weight") == "model.layers.7.mlp.gate_proj"
    with pytest.raises(KeyError):
        names.name_in("hf", "model.layers.0.attention.w_qkv.weight")


def test_no_two_tensors_share_a_name(tiny: Shape) -> None:
    shapes = parameter_shapes(tiny)
    for dialect in names.DIALECTS:
        assert len({names.name_in(dialect, name) for name in shapes}) == len(shapes)


def test_dialects_are_told_apart(tiny: Shape) -> None:
    shapes = parameter_shapes(tiny)
    for dialect in names.DIALECTS:
        assert names.dialect_of({names.name_in(dialect, name) for name in shapes}) == dialect
    assert names.dialect_of({"lm_head.weight"}) is None
    assert names.dialect_of({"tok_embeddings.weight", "model.embed_tokens.weight"}) is None


def test_buffers_are_known_by_their_whole_name() -> None:
    assert names.is_buffer("model.layers.12.self_attn.rotary_emb.inv_freq")
    assert names.is_buffer("rope.freqs")
    assert not names.is_buffer("model.layers.12.self_attn.rotary_emb.inv_freq.weight")
    assert not names.is_buffer("model.layers.x.self_attn.rotary_emb.inv_freq")


@given(st.sets(st.text(min_size=1, max_size=5), max_size=8))
def test_some_names_and_the_number_of_the_others(many: set[str]) -> None:
    said = names.some(many)
    assert said.startswith(", ".join(sorted(many)[:3]))
    assert (f" and {len(many) - 3} more" in said) == (len(many) > 3)


@pytest.mark.mindspore
@pytest.mark.slow
def test_mindformers_expects_these_names(tiny: Shape) -> None:
    from mindformers import LlamaForCausalLM

    for name in parameter_shapes(tiny):
        assert LlamaForCausalLM.convert_name(names.name_in("hf", name)) == name
