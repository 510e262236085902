"""The engine beside MindFormers' own network, which computes the whole forward pass for every token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.formats.tensors import write_tensors
from core.text.tokenizers import SentencePieceTokenizer
from inference.cpu.engine import CpuEngine
from inference.engine import GenerationSettings
from tests.inference.llama_world import Recomputing, Reference, make_tokenizer, random_tensors, settings, texts
from tests.inference.scripted import requests

pytestmark = [pytest.mark.mindspore, pytest.mark.slow]

SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "grouped": {"n_kv_heads": 2},
    "one key head, biases, tied": {
        "n_kv_heads": 1, "qkv_has_bias": True, "attn_proj_has_bias": True, "tie_word_embeddings": True,
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> SentencePieceTokenizer:
    return make_tokenizer(tmp_path_factory.mktemp("tokenizer"))


@pytest.mark.parametrize("name", SHAPES)
def test_text_and_logits_are_those_of_mindformers(name: str, tmp_path: Path, tokenizer: SentencePieceTokenizer) -> None:
    model = settings(tokenizer.vocab_size, **SHAPES[name])
    tensors = random_tensors(model, 1)
    write_tensors(tmp_path / "base.ckpt", tensors)
    prompts = texts(20, 5, 60)
    engine = CpuEngine(model, tmp_path / "base.ckpt", tokenizer, batch_size=8, max_length=256)
    answers = engine.generate(requests(prompts), GenerationSettings(40))

    reference = Reference(model, tmp_path / "base.ckpt", 256)
    for prompt, answer in list(zip(prompts, answers, strict=True))[:7]:
        expected = reference.greedy(tokenizer.encode(prompt), 40, 1, {2, 3})
        assert answer.text == tokenizer.decode(expected)
        assert answer.tokens == len(expected)
    # The formulas in numpy, which the other tests of the engine are held against; 3 is the padding token.
    ids = [*tokenizer.encode(prompts[0]), 3, 14, 3, 20]
    np.testing.assert_allclose(Recomputing(model, tensors).logits(ids), reference.logits(ids), atol=1e-4, rtol=1e-4)
