"""The two rotary orders: inverses of each other, and proved by logits of independent Llamas and of MindFormers' own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools import convert as command
from ckpt_tools.conversion.rewrite import convert
from ckpt_tools.conversion.rotary import to_halves, to_neighbours
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from core.config import dump
from core.errors import run_command
from core.models.llama import Shape, parameter_shapes
from core.models.names import Dialect, name_in
from core.schema import ModelConfig, TokenizerConfig
from tests.ckpt_tools.published_llama import HF, META, logits, rotate_complex, rotate_half

IDS = [1, 7, 99, 3, 3, 42, 18, 60, 5]
THETA = 500.0


def random_llama(shape: Shape, dialect: Dialect) -> dict[str, np.ndarray[Any, Any]]:
    """Weights large enough that every one of them moves the logits."""
    random = np.random.default_rng(3)
    return {
        name_in(dialect, name): (random.standard_normal(size) * 0.2 + ("norm" in name)).astype(np.float32)
        for name, size in parameter_shapes(shape).items()
    }


@given(st.integers(1, 4), st.integers(1, 5), st.sampled_from([(), (3,), (2, 2)]))
def test_orders_are_inverses(heads: int, pairs: int, rest: tuple[int, ...]) -> None:
    rows = np.arange(heads * 2 * pairs * int(np.prod(rest))).reshape(heads * 2 * pairs, *rest)
    there = to_halves(rows, 2 * pairs)
    assert np.array_equal(to_neighbours(there, 2 * pairs), rows)
    assert np.array_equal(to_halves(to_neighbours(rows, 2 * pairs), 2 * pairs), rows)


def test_order_of_one_head() -> None:
    assert to_halves(np.arange(8), 8).tolist() == [0, 2, 4, 6, 1, 3, 5, 7]
    assert to_neighbours(np.arange(8), 8).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]
    assert to_halves(np.arange(8), 4).tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


def test_both_published_forms_are_one_function(tmp_path: Path, tiny: Shape) -> None:
    """Meta's weights with Meta's complex rotation and, converted, Hugging Face's form give the same logits."""
    meta = random_llama(tiny, "meta")
    write_tensors(tmp_path / "meta.safetensors", meta)
    with open_tensors(tmp_path / "meta.safetensors") as tensors:
        convert(tensors, tiny, "hf", tmp_path / "hf.safetensors")
    with open_tensors(tmp_path / "hf.safetensors") as tensors:
        hf = {name: tensors.read(name) for name in tensors}
    wanted = logits(meta, IDS, tiny.num_heads, THETA, META, rotate_complex)
    assert np.allclose(logits(hf, IDS, tiny.num_heads, THETA, HF, rotate_half), wanted, rtol=1e-10, atol=1e-10)
    assert not np.allclose(logits(hf, IDS, tiny.num_heads, THETA, HF, rotate_complex), wanted, rtol=1e-2)


@pytest.mark.mindspore
@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["hf", "meta"])
def test_mindformers_computes_the_published_function(tmp_path: Path, tiny: Shape, dialect: Dialect) -> None:
    """Published weights in an independent Llama, and converted in MindFormers' own: the same logits."""
    import mindspore
    from mindformers import LlamaConfig, LlamaForCausalLM

    published = random_llama(tiny, dialect)
    write_tensors(tmp_path / "published.safetensors", published)
    with open_tensors(tmp_path / "published.safetensors") as tensors:
        convert(tensors, tiny, "mindformers", tmp_path / "model.ckpt")
    mindspore.set_context(mode=mindspore.GRAPH_MODE, device_target="CPU")
    types = dict.fromkeys(("compute_dtype", "param_init_type", "softmax_compute_type"), "float32")
    plain = {"use_rope_slice": True, "fused_rms_norm": False, "use_flash_attention": False}
    network = LlamaForCausalLM(
        LlamaConfig(seq_length=16, batch_size=1, theta=THETA, rms_norm_eps=1e-5, **types, **plain, **vars(tiny))
    )
    network.set_train(False)
    left = mindspore.load_param_into_net(
        network, mindspore.load_checkpoint(str(tmp_path / "model.ckpt")), strict_load=True
    )
    assert left == ([], [])
    row = np.zeros((1, 16), np.int32)
    row[0, : len(IDS)] = IDS
    found = network(mindspore.Tensor(row))[0].asnumpy().reshape(16, -1)[: len(IDS)]
    names, turn = (HF, rotate_half) if dialect == "hf" else (META, rotate_complex)
    wanted = logits(published, IDS, tiny.num_heads, THETA, names, turn)
    other = logits(published, IDS, tiny.num_heads, THETA, names, rotate_complex if dialect == "hf" else rotate_half)
    assert np.abs(found - wanted).max() < 1e-4 * np.abs(wanted).max()
    assert np.abs(found - other).max() > 1e-2 * np.abs(wanted).max()


LOGITS = """
import sys, numpy, torch
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype=torch.float64)
numpy.save(sys.argv[2], model(torch.tensor([eval(sys.argv[3])])).logits[0].detach().numpy())
"""


@pytest.mark.slow
@pytest.mark.parametrize("biases", [(True, True), (False, False), (True, False)])
def test_transformers_computes_the_published_function(
    tmp_path: Path, tiny: Shape, biases: tuple[bool, bool], peft_python: Callable[..., str]
) -> None:
    """Meta's weights, converted and described by --config, give the same logits in transformers' own classes."""
    shape = replace(tiny, qkv_has_bias=biases[0], attn_proj_has_bias=biases[1])
    published = random_llama(shape, "meta")
    write_tensors(tmp_path / "meta.safetensors", published)
    ids = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3}
    model = ModelConfig(
        name="tiny", title="Tiny", checkpoint="", tokenizer=TokenizerConfig(kind="hf", file=""), theta=THETA,
        **vars(shape), **ids,
    )  # fmt: skip
    (tmp_path / "tiny.yaml").write_text(dump(model))
    words = [tmp_path / "meta.safetensors", "--to", "hf", "--model", tmp_path / "tiny.yaml"]
    words += ["--out", tmp_path / "hf" / "model.safetensors", "--config", tmp_path / "hf" / "config.json"]
    assert run_command(command.main, list(map(str, words))) == 0
    peft_python("-c", LOGITS, str(tmp_path / "hf"), str(tmp_path / "logits.npy"), str(IDS))
    wanted = logits(published, IDS, shape.num_heads, THETA, META, rotate_complex)
    assert np.abs(np.load(tmp_path / "logits.npy") - wanted).max() < 1e-5 * np.abs(wanted).max()
