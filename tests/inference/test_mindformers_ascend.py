"""The engine for NPUs, as far as a machine without one goes: MindFormers' own classes and generation, on CPU."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ckpt_tools.formats.tensors import write_tensors
from core.config import load_contest
from core.errors import InputError
from core.text.tokenizers import SentencePieceTokenizer
from inference.ascend.engine import AscendEngine, ascend_devices, ascend_settings, generation_settings
from inference.ascend.pool import command
from inference.cpu.engine import CpuEngine
from inference.engine import GenerationSettings
from inference.engines import local_engine
from inference.sampling import Sampling
from tests.inference.llama_world import make_tokenizer, random_tensors, settings, texts, write_shards
from tests.inference.scripted import generated, requests, scored

without_npu = pytest.mark.skipif(ascend_devices() > 0, reason="this machine has an NPU")


@without_npu
@pytest.mark.parametrize("machine", ["ascend_1x32g", "ascend_4x32g"])
def test_without_an_npu_one_sentence_says_so(machine: str, tmp_path: Path) -> None:
    config = load_contest("practice_math", [f"machine={machine}"])
    with pytest.raises(InputError, match="0 Ascend NPUs on this machine .* --server"):
        local_engine(config, Path("base.ckpt"), None, tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("contest", ["math_llama3", "choice_internlm"])
def test_the_cache_holds_every_position_and_fits_beside_the_weights(contest: str) -> None:
    config = load_contest(contest)
    found = ascend_settings(config)
    assert found["use_past"] is True
    assert found["seq_length"] >= config.model.max_length
    assert found["seq_length"] % found["block_size"] == 0
    assert found["num_blocks"] * found["block_size"] >= found["batch_size"] * found["seq_length"]
    heads = found.get("n_kv_heads") or found["num_heads"]
    position = 2 * 2 * found["num_layers"] * heads * found["hidden_size"] // found["num_heads"]
    assert 1 << 30 < position * found["num_blocks"] * found["block_size"] <= 8 << 30


def test_every_npu_has_a_worker() -> None:
    words = command(load_contest("math_llama3"), Path("/job"))
    assert words[0] == "msrun"
    assert {"--worker_num=4", "--local_worker_num=4", "--join=True", "--log_dir=/job/msrun"} <= set(words)
    assert words[-1] == "/job"


@pytest.mark.mindspore
@pytest.mark.slow
@pytest.mark.parametrize("contest", ["math_llama3", "choice_internlm", "practice_math"])
def test_mindformers_knows_every_setting(contest: str) -> None:
    from mindformers.generation.generation_config import GenerationConfig
    from mindformers.generation.text_generator import GenerationMixin
    from mindformers.models.llama import LlamaConfig

    found = ascend_settings(load_contest(contest, ["machine=ascend_4x32g"]))
    # LlamaConfig takes any keyword: only a parameter of its own has an effect.
    assert set(found) <= set(inspect.signature(LlamaConfig.__init__).parameters)
    config = LlamaConfig(**found)
    assert (config.use_past, config.is_dynamic, config.do_sample) == (True, True, False)
    assert str(config.compute_dtype).lower() == found["compute_dtype"]
    generation = GenerationConfig.from_model_config(config)
    unknown = generation.update(do_sample=False, max_new_tokens=5, eos_token_id=[2, 3], pad_token_id=3)
    assert unknown == {}
    assert generation.use_past
    assert {"input_ids", "logits_processor"} <= set(inspect.signature(GenerationMixin.generate).parameters)


class OnCpu(AscendEngine):
    """The engine with MindFormers' generation, but for what has no CPU kernel: paged attention and ArgMaxExt."""

    def __init__(self, model: dict[str, Any], checkpoint: Path, tokenizer: SentencePieceTokenizer) -> None:
        self._start(generation_settings(model, 4, 256), checkpoint, tokenizer, 256)

    def _make(self, settings: Mapping[str, Any]) -> None:
        from mindspore import ops

        types = dict.fromkeys(("compute_dtype", "param_init_type", "softmax_compute_type"), "float32")
        plain = {"use_rope_slice": True, "fused_rms_norm": False, "use_flash_attention": False, **types}
        # In prediction, is_dynamic brings flash attention back; a network that scores needs it for its lengths.
        scoring = not settings["use_past"]
        os.environ["RUN_MODE"] = "eval" if scoring else "predict"
        super()._make({**settings, **plain, "use_past": False, "is_dynamic": scoring})
        self._network.argmax = lambda logits, axis: ops.ArgMaxWithValue(axis)(logits)[0]


@pytest.mark.mindspore
@pytest.mark.slow
def test_mindformers_generation_gives_the_text_of_the_cpu_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_MODE", "predict")
    tokenizer = make_tokenizer(tmp_path)
    model = settings(tokenizer.vocab_size)
    # Weights with which some answers end before their twelfth token.
    write_tensors(tmp_path / "base.ckpt", random_tensors(model, 2))
    npu, cpu = (kind(model, tmp_path / "base.ckpt", tokenizer) for kind in (OnCpu, CpuEngine))
    # Prompts of different lengths in a batch, a batch that is not full, answers that end at different places.
    prompts = texts(7, 5, 30)
    names = [f"q{number}" for number in range(7)]
    drawn = Sampling(1.2, top_k=30, top_p=0.9, seed=5)
    for how in (GenerationSettings(12), GenerationSettings(12, 4), GenerationSettings(12, sampling=drawn)):
        mine, theirs = (engine.generate(requests(prompts, names), how) for engine in (cpu, npu))
        assert [answer.text for answer in theirs] == [answer.text for answer in mine]
        assert [answer.tokens for answer in theirs] == [answer.tokens for answer in mine]
        assert len({answer.tokens for answer in mine}) > 1


@pytest.mark.mindspore
@pytest.mark.slow
def test_mindformers_forward_pass_scores_as_the_cpu_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUN_MODE", "predict")
    tokenizer = make_tokenizer(tmp_path)
    model = settings(tokenizer.vocab_size, n_kv_heads=2)
    write_tensors(tmp_path / "base.ckpt", random_tensors(model, 1))
    write_tensors(tmp_path / "step.ckpt", random_tensors(model, 2))
    npu, cpu = (kind(model, tmp_path / "base.ckpt", tokenizer) for kind in (OnCpu, CpuEngine))
    # Rows of both lengths, batches that are not full, letters that share a row, tails of several tokens and of none.
    prompts = [*texts(9, 5, 100), *texts(2, 6, 3)]
    pairs = [(prompt, tail) for prompt in prompts for tail in (" a", " b", "", " old stone bridge")]
    for name in ("base", "step"):
        for engine in (npu, cpu):
            engine.load(tmp_path / f"{name}.ckpt")
        seen: dict[int, float] = {}
        theirs = npu.loglikelihood(scored(pairs), seen.__setitem__)
        assert [seen[index] for index in range(len(pairs))] == theirs
        assert theirs == pytest.approx(cpu.loglikelihood(scored(pairs)), abs=2e-4)
    # Back to generation: the other network takes the place of this one.
    assert generated(npu, prompts[:2], 5)[1] == generated(cpu, prompts[:2], 5)[1]
    # A checkpoint in several files takes the place of the same one in a single file.
    asked = generated(npu, prompts, 5)
    npu.load(tmp_path / "base.ckpt")
    assert generated(npu, prompts, 5) != asked
    npu.load(write_shards(tmp_path / "step", random_tensors(model, 2)))
    assert generated(npu, prompts, 5) == asked
    write_tensors(tmp_path / "wide.ckpt", random_tensors({**model, "num_layers": 3}, 1))
    with pytest.raises(InputError, match="wide.ckpt: does not fit the model"):
        npu.load(tmp_path / "wide.ckpt")
