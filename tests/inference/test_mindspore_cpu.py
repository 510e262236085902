from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.tensors import write_tensors
from core.errors import InputError
from core.tokenizers import SentencePieceTokenizer
from inference.engine import Completion
from inference.mindspore_cpu import MindSporeEngine
from tests.inference.llama_world import (
    Reference,
    make_tokenizer,
    random_tensors,
    settings,
    texts,
    write_checkpoint,
)

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


@pytest.fixture(scope="module")
def model(tokenizer: SentencePieceTokenizer) -> dict[str, Any]:
    return settings(tokenizer.vocab_size)


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory, model: dict[str, Any]) -> list[Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    return [write_checkpoint(folder / f"step_{seed}.ckpt", model, seed) for seed in (1, 2)]


@pytest.fixture(scope="module")
def engine(model: dict[str, Any], checkpoints: list[Path], tokenizer: SentencePieceTokenizer) -> MindSporeEngine:
    return MindSporeEngine(model, checkpoints[0], tokenizer, batch_size=8, max_length=128)


@pytest.mark.parametrize("name", SHAPES)
def test_text_and_logits_are_those_of_mindformers_full_forward_pass(
    name: str, tmp_path: Path, tokenizer: SentencePieceTokenizer
) -> None:
    model = settings(tokenizer.vocab_size, **SHAPES[name])
    checkpoint = write_checkpoint(tmp_path / "base.ckpt", model)
    # Forty new tokens overflow the cache's window of 32; 20 prompts of 1 to 60 words make batches that shrink.
    prompts = texts(20, 5, 60)
    engine = MindSporeEngine(model, checkpoint, tokenizer, batch_size=8, max_length=256)
    answers = engine.generate(prompts, 40)

    reference = Reference(model, checkpoint, 256)
    lengths = set()
    for prompt, answer in list(zip(prompts, answers, strict=True))[:7]:
        expected = reference.greedy(tokenizer.encode(prompt), 40, 1, {2, 3})
        assert answer.text == tokenizer.decode(expected)
        assert answer.tokens == len(expected)
        lengths.add(len(expected))
    ids = tokenizer.encode(prompts[0])
    mine = engine._batch([ids]).score([range(len(ids))])[0]
    np.testing.assert_allclose(mine, reference.logits(ids), atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(engine._batch([ids]).prefill()[0], mine[-1], atol=1e-4, rtol=1e-4)
    assert max(lengths) > 32


def test_a_batch_answers_as_each_prompt_alone(engine: MindSporeEngine) -> None:
    prompts = texts(30, 7)
    together = engine.generate(prompts, 24)
    assert [answer.text for answer in together] == [engine.generate([prompt], 24)[0].text for prompt in prompts]


def test_prompts_longer_than_one_prefill_call(monkeypatch: pytest.MonkeyPatch, engine: MindSporeEngine) -> None:
    prompts = texts(8, 8, 60)
    whole = engine.generate(prompts, 8)
    monkeypatch.setattr("inference.llama_batch._PREFILL_TOKENS", 1)  # pieces of at most 32 columns
    assert [answer.text for answer in engine.generate(prompts, 8)] == [answer.text for answer in whole]


def test_a_padding_token_within_a_prompt_is_not_attended_to_as_in_mindformers(
    engine: MindSporeEngine, model: dict[str, Any], checkpoints: list[Path]
) -> None:
    ids = [5, 9, 3, 14, 3, 20]
    expected = Reference(model, checkpoints[0]).logits(ids)[-1]
    np.testing.assert_allclose(engine._batch([ids, [4] * 11]).prefill()[0], expected, atol=1e-4, rtol=1e-4)


def test_loading_another_checkpoint_gives_its_answers(
    model: dict[str, Any], checkpoints: list[Path], tokenizer: SentencePieceTokenizer
) -> None:
    prompts = texts(6, 9)
    first, second = (
        [answer.text for answer in MindSporeEngine(model, path, tokenizer, max_length=128).generate(prompts, 8)]
        for path in checkpoints
    )
    engine = MindSporeEngine(model, checkpoints[0], tokenizer, max_length=128)
    assert [answer.text for answer in engine.generate(prompts, 8)] == first
    engine.load(checkpoints[1])
    assert [answer.text for answer in engine.generate(prompts, 8)] == second
    assert first != second


def test_every_answer_is_reported_once_as_it_is_finished(engine: MindSporeEngine) -> None:
    prompts, seen = texts(20, 11), {}

    def on_done(index: int, answer: Completion) -> None:
        assert index not in seen
        seen[index] = answer

    answers = engine.generate(prompts, 12, on_done=on_done)
    assert [seen[index] for index in range(20)] == answers
    assert engine.generate([], 12) == []


def test_end_minimum_and_stop_strings(tmp_path: Path, model: dict[str, Any], tokenizer: SentencePieceTokenizer) -> None:
    tensors = random_tensors(model, 3)
    # A head that always prefers the end: the logit of `eos` is the largest entry of the normed state, times a lot.
    tensors["model.norm_out.weight"][:] = 0
    tensors["model.norm_out.weight"][0] = 1
    tensors["lm_head.weight"][:] = 0
    tensors["lm_head.weight"][2, 0], tensors["lm_head.weight"][2, 1:] = 1e6, 0
    tensors["model.tok_embeddings.embedding_weight"][:, 0] = 1e3  # keeps that state's first entry positive
    write_tensors(tmp_path / "ends.ckpt", tensors)
    engine = MindSporeEngine(model, tmp_path / "ends.ckpt", tokenizer, max_length=64)
    assert [answer.tokens for answer in engine.generate(["the river", "a town"], 9, min_new_tokens=0)] == [0, 0]
    assert [answer.tokens for answer in engine.generate(["the river"], 9, min_new_tokens=4)] == [4]

    tensors = random_tensors(model, 3)
    write_tensors(tmp_path / "plain.ckpt", tensors)
    engine.load(tmp_path / "plain.ckpt")
    whole = engine.generate(["the river runs"], 12, min_new_tokens=12)[0]
    mark = whole.text[len(whole.text) // 2 :][:3]
    short = engine.generate(["the river runs"], 12, min_new_tokens=12, stop=[mark, "never there"])[0]
    assert short.text == whole.text[: whole.text.index(mark)]
    assert short.tokens < whole.tokens


def test_a_long_prompt_keeps_its_end_and_is_counted(
    model: dict[str, Any],
    checkpoints: list[Path],
    tokenizer: SentencePieceTokenizer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine = MindSporeEngine(model, checkpoints[0], tokenizer, max_length=30)
    ids = tokenizer.encode(" ".join(texts(6, 12)))
    kept: list[list[int]] = []
    plain = engine._batch
    engine._batch = lambda batch: kept.extend(list(row) for row in batch) or plain(batch)  # type: ignore[method-assign,func-returns-value]
    engine.generate([tokenizer.decode(ids)], 10)
    engine.bos = True
    engine.generate([tokenizer.decode(ids)], 10)
    assert kept == [ids[-20:], [tokenizer.bos_id, *ids[-19:]]]
    assert engine.truncated == 2
    assert "1 prompts are longer than 20 tokens" in capsys.readouterr().err


def test_loglikelihood_is_the_sum_over_the_continuation(
    engine: MindSporeEngine, model: dict[str, Any], checkpoints: list[Path], tokenizer: SentencePieceTokenizer
) -> None:
    prompts, tails = texts(5, 13), [" near the bridge", " old", "", " apples", " a stone"]
    found = engine.loglikelihood(prompts, tails)
    reference = Reference(model, checkpoints[0])
    for prompt, tail, value in zip(prompts, tails, found, strict=True):
        start, more = tokenizer.encode(prompt), tokenizer.encode(tail)
        logits = reference.logits(start + more).astype(np.float64)
        logs = logits - np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1, keepdims=True))
        logs -= logits.max(-1, keepdims=True)
        expected = sum(logs[len(start) - 1 + at, token] for at, token in enumerate(more))
        assert value == pytest.approx(expected, abs=1e-3)


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path, tokenizer: SentencePieceTokenizer) -> None:
    model = settings(tokenizer.vocab_size // 2)
    engine = MindSporeEngine(model, write_checkpoint(tmp_path / "small.ckpt", model), tokenizer, max_length=64)
    with pytest.raises(InputError, match="does not belong to this model"):
        engine.generate(texts(3, 1), 4)
    with pytest.raises(InputError, match="prompt 0: has no tokens"):
        engine.generate([""], 4)
    with pytest.raises(InputError, match="max_new_tokens 64"):
        engine.generate(["the"], 64)
