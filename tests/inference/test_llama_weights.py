from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.formats.tensors import write_tensors
from core.errors import InputError
from inference.cpu.weights import LlamaShape, fuse, read_checkpoint, rotary_tables
from tests.inference.llama_world import random_tensors, settings, write_shards

MODEL = settings(100)
SHAPE = LlamaShape.from_settings(MODEL)


def parameters(**model: Any) -> int:
    tensors = LlamaShape.from_settings(model).tensors()
    return sum(int(np.prod(size)) for size in tensors.values())


def test_published_parameter_counts() -> None:
    llama3 = parameters(n_kv_heads=8, vocab_size=128256, intermediate_size=14336)
    assert llama3 == 8_030_261_248
    internlm = parameters(vocab_size=103168, intermediate_size=11008, qkv_has_bias=True, attn_proj_has_bias=True)
    assert internlm == 7_321_948_160
    # Without intermediate_size LlamaConfig's own rule applies: Llama-2-7B has 11008.
    assert LlamaShape.from_settings({"hidden_size": 4096}).ffn_width == 11008


@pytest.mark.parametrize("suffix", [".ckpt", ".safetensors"])
def test_a_fitting_checkpoint_is_read_as_float32(tmp_path: Path, suffix: str) -> None:
    tensors = random_tensors(MODEL, 1)
    halves = {name: values.astype(np.float16) for name, values in tensors.items()}
    write_tensors(tmp_path / f"base{suffix}", halves)
    found = read_checkpoint(tmp_path / f"base{suffix}", SHAPE)
    assert set(found) == set(tensors)
    for name, values in found.items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, halves[name].astype(np.float32))


def test_a_checkpoint_in_several_files_is_read_like_one(tmp_path: Path) -> None:
    tensors = random_tensors(MODEL, 1)
    found = read_checkpoint(write_shards(tmp_path, tensors), SHAPE)
    assert list(found) == list(SHAPE.tensors())
    for name, values in found.items():
        np.testing.assert_array_equal(values, tensors[name])


def test_a_checkpoint_that_does_not_fit_names_the_first_faults(tmp_path: Path) -> None:
    tensors = random_tensors(MODEL, 1)
    del tensors["lm_head.weight"]
    tensors["model.layers.0.attention.wq.mindpet_delta_lora_a"] = np.zeros((4, 64), np.float32)
    tensors["model.norm_out.weight"] = np.zeros(65, np.float32)
    path = tmp_path / "base.ckpt"
    write_tensors(path, tensors)
    with pytest.raises(InputError) as caught:
        read_checkpoint(path, SHAPE)
    said = str(caught.value)
    assert str(path) in said
    assert "2 layers, width 64" in said
    assert "1 missing: lm_head.weight" in said
    assert "1 unexpected: model.layers.0.attention.wq.mindpet_delta_lora_a" in said
    assert "model.norm_out.weight has shape [65], expected [64]" in said


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere.ckpt"):
        read_checkpoint(tmp_path / "nowhere.ckpt", SHAPE)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"qkv_concat": True}, "qkv_concat=True is not supported"),
        ({"extend_method": "LLAMA3"}, "extend_method='LLAMA3'"),
        ({"num_heads": 5}, "do not divide"),
        ({"n_kv_heads": 3}, "do not divide"),
        ({"num_heads": 64}, "odd"),
    ],
)
def test_models_that_cannot_be_computed_are_refused(more: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        LlamaShape.from_settings({**MODEL, **more})


def test_fused_rows_rotate_as_the_formula_says() -> None:
    tensors = random_tensors(MODEL, 4)
    fused = fuse(tensors, SHAPE)["qkv.0"]
    cosine, sine = rotary_tables(SHAPE, 8)
    x = np.random.default_rng(0).normal(size=64).astype(np.float32)
    position, heads_width = 5, 64 + 64
    y = fused @ x
    rotated = y[:heads_width] * cosine[position] + y[heads_width : 2 * heads_width] * sine[position]

    normed = x * tensors["model.layers.0.attention_norm.weight"]
    key = (tensors["model.layers.0.attention.wk.weight"] @ normed).reshape(4, 16)
    for head in range(4):
        for j in range(8):
            angle = position * 10000.0 ** (-2 * j / 16)
            turned = (key[head, j] + 1j * key[head, j + 8]) * np.exp(1j * angle)
            at = 64 + head * 16 + j
            assert rotated[at] == pytest.approx(turned.real, rel=1e-4, abs=1e-4)
            assert rotated[at + 8] == pytest.approx(turned.imag, rel=1e-4, abs=1e-4)
