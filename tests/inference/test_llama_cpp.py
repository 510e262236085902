"""A real server beside the CPU engine: llama.cpp, over files that the kit wrote, question by question."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_tools import convert as command
from ckpt_tools.formats.tensor_file import DTYPES
from ckpt_tools.formats.tensors import write_tensors
from core.config import dump, kit_path, load_contest, load_model, model_tokenizer
from core.errors import InputError, run_command
from core.files import write_text
from core.places import ROOT
from core.schema import ModelConfig, RunConfig
from core.text.prompts import Prompt, render
from core.text.records import Record, write_records
from core.text.tokenizers import Tokenizer
from data_convert.practice import choice, generator_of, reading
from evaluation.asking.requests import target_delimiter
from inference.cpu.engine import CpuEngine
from inference.engine import Engine, GenerationSettings, Request
from inference.engines import served_kind
from tests.inference.llama_cpp import llama_cpp, needs_llama_cpp
from tests.inference.llama_world import Recomputing

pytestmark = [pytest.mark.slow, needs_llama_cpp, pytest.mark.timeout(600)]

MODEL = load_model("practice")
# A chat template that adds nothing, so that the prompt is what a completion would go on with.
BARE = "{% for message in messages %}{{ message.content }}{% endfor %}"
BOTH = 40  # questions of each kind


def exported(folder: Path, source: Path, model: str | Path, *more: str) -> Path:
    out = folder / f"{source.stem}.gguf"
    words = [str(source), "--to", "gguf", "--model", str(model), "--out", str(out), *more]
    assert run_command(command.main, words) == 0
    return out


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("gguf"), kit_path(MODEL.checkpoint), "practice")


@pytest.fixture(scope="module")
def url(practice: Path) -> Iterator[str]:
    """A server with the practice model."""
    with llama_cpp(practice, "--chat-template", BARE) as address:
        yield address


@pytest.fixture(scope="module")
def cpu() -> CpuEngine:
    return CpuEngine(MODEL.model_dump(), kit_path(MODEL.checkpoint), model_tokenizer(MODEL), 64, MODEL.max_length)


def configured(url: str, *changes: str) -> RunConfig:
    return load_contest("practice_math", ["eval.engine=http", f"eval.http.url={url}", "eval.http.model=m", *changes])


def served(url: str, prompt: Prompt, *changes: str, scoring: bool = False) -> Engine:
    config = configured(url, *changes)
    kind = served_kind(config)
    return kind.build(kind.settled(config, {}, scoring), prompt, lambda: model_tokenizer(MODEL))


def texts(engine: Engine, prompt: Prompt, records: list[Record], count: int) -> list[str]:
    requests = [Request(record.id, render(prompt, record)) for record in records]
    return [answer.text for answer in engine.generate(requests, GenerationSettings(count))]


def math() -> list[Record]:
    return generator_of("math").test_records(BOTH, 7)


@pytest.mark.mindspore
def test_texts_are_those_of_the_cpu_engine(url: str, cpu: CpuEngine) -> None:
    config = load_contest("practice_math")
    for prompt, records, count in (
        (config.prompt, math(), 32),
        (config.squad_prompt, reading.records(BOTH, 7), 12),
    ):
        cpu.use(prompt)
        expected = texts(cpu, prompt, records, count)
        assert len(set(expected)) > BOTH // 2
        assert texts(served(url, prompt, "eval.http.prompts=tokens"), prompt, records, count) == expected
        if prompt.bos:  # of text, the server puts one before every prompt
            assert texts(served(url, prompt), prompt, records, count) == expected
            assert texts(served(url, prompt, "eval.http.api=chat"), prompt, records, count) == expected


@pytest.mark.mindspore
def test_answers_end_where_the_prompt_says_and_at_the_limit(url: str, cpu: CpuEngine) -> None:
    prompt = load_contest("practice_math").prompt
    cpu.use(prompt)
    asked = [Request(record.id, render(prompt, record)) for record in math()[:8]]
    limits = GenerationSettings(6, stop=(" ",))
    answers = served(url, prompt, "eval.http.prompts=tokens").generate(asked, limits)
    assert [answer.text for answer in answers] == [answer.text for answer in cpu.generate(asked, limits)]
    assert all(answer.prompt_tokens == len(model_tokenizer(MODEL).encode(request.prompt)) + 1
               for answer, request in zip(answers, asked, strict=True))  # fmt: skip
    assert all(0 < answer.tokens <= 6 for answer in answers)


@pytest.mark.mindspore
@pytest.mark.parametrize("form", ["tokens", "text"])
def test_letters_are_scored_by_the_first_token_as_by_the_whole(url: str, cpu: CpuEngine, form: str) -> None:
    """With nothing before the letter the values are log-likelihoods; with words before it, all by the same amount."""
    prompt = load_contest("practice_choice").instruction_prompt
    delimiter = target_delimiter(model_tokenizer(MODEL)) if form == "text" else ""
    if form == "text":
        prompt = load_contest("practice_math").prompt  # no marks, behind which llama.cpp puts a space
    cpu.use(prompt)
    engine = served(url, prompt, f"eval.http.prompts={form}", "eval.http.loglikelihood=first_token", scoring=True)
    for before, end in (("", ""), ("The right option is ", "")):
        plain, asked = [], []
        for record in choice.records(6, 3, held_out=True):
            question = render(prompt, record)
            for letter in "ABCD":
                plain.append(Request(record.id, question, f"{before}{letter}{end}"))
                asked.append(Request(record.id, question, f"{delimiter}{before}{letter}{end}"))
        expected, found = (
            np.array(one.loglikelihood(these)).reshape(-1, 4) for one, these in ((cpu, plain), (engine, asked))
        )
        shift = (found - expected)[:, :1] if before else 0
        told = np.abs(found - shift - expected) < 2e-3
        assert told.mean() > 0.8
        # A letter that is not among the first tokens that the server tells is the last of its question; so it is here.
        for ours, theirs, known in zip(expected, found, told, strict=True):
            assert known.sum() >= 3
            assert np.all(ours[~known] == ours.min())
            assert np.all(theirs[~known] == theirs.min())
        if before:
            assert np.all(shift > 0)


def test_what_a_first_token_does_not_decide_is_refused(url: str) -> None:
    prompt = load_contest("practice_math").prompt
    engine = served(url, prompt, "eval.http.loglikelihood=first_token", scoring=True)
    with pytest.raises(InputError, match="the options do not differ in a letter alone; use --mode generate"):
        engine.loglikelihood([Request("q", "Which?", tail) for tail in ("red", "green")])
    chat = served(url, prompt, "eval.http.api=chat", scoring=True)
    with pytest.raises(InputError, match="'The answer is' cannot be put before the letter"):
        chat.loglikelihood([Request("q", "Which?", f"The answer is {letter}") for letter in "AB"])


def run(script: str, *words: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, str(ROOT / script), *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == code, done.stderr
    return done


def test_the_evaluator_falls_back_says_so_and_counts(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_LOGS", str(tmp_path / "logs"))
    write_records(tmp_path / "choice.jsonl", choice.records(8, 3, held_out=True))
    words = ["--server", url, "--model", "m", "--contest", "practice_choice", "--data", tmp_path / "choice.jsonl"]
    done = run("eval_accuracy/run.py", *words, "--mode", "loglikelihood", "--json")
    assert "options are compared by those of the answer's first token" in done.stderr
    found = json.loads(done.stdout)
    assert (found["mode"], found["loglikelihood"], found["unparsable"]) == ("ppl", "first_token", 0)
    log = tmp_path / "logs" / "served" / "practice_choice" / found["predictions"]
    noted = json.loads(log.with_suffix(".settings.json").read_text(encoding="utf-8"))
    assert noted["loglikelihood"] == "first_token"
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert all(len(row["scores"]) == 4 and len(set(row["scores"])) == 4 for row in rows)
    # Gone on with, and judged, without the server: what was decided stands in the log.
    gone = ["--server", url.replace("127.0.0.1", "127.0.0.2"), *words[2:]]
    assert "connection failed" in run("eval_accuracy/run.py", *gone, "--mode", "loglikelihood", code=2).stderr
    again = run("eval_accuracy/run.py", *words, "--mode", "loglikelihood")
    assert "options are compared" not in again.stderr
    assert "options compared by an answer's first token" in again.stdout
    prices = ["eval.http.input_price=2", "eval.http.output_price=8"]
    priced = json.loads(run("eval_accuracy/run.py", *words, "--set", *prices, "--json").stdout)["usage"]
    assert priced["answers"] == 8
    assert priced["price"] == pytest.approx((2 * priced["prompt_tokens"] + 8 * priced["completion_tokens"]) / 1e6)
    assert "price 0.0" in run("eval_accuracy/run.py", *words, "--set", *prices).stdout


@pytest.mark.parametrize("end", ["", "/", "/v1", "/v1/completions", "/v1/completions/", "/v1/chat/completions"])
def test_an_address_as_examples_have_it(url: str, end: str) -> None:
    prompt = load_contest("practice_math").prompt
    assert texts(served(url + end, prompt), prompt, math()[:4], 8) == texts(served(url, prompt), prompt, math()[:4], 8)


# Biases in every place that a Llama may have them, fewer heads of keys, tied embeddings, an odd vocabulary, all types.
SHAPES: list[dict[str, Any]] = [
    {},
    {"qkv_has_bias": True, "attn_proj_has_bias": True},
    {"qkv_has_bias": True, "n_kv_heads": 2, "tie_word_embeddings": True, "theta": 500000.0},
    {"attn_proj_has_bias": True, "vocab_size": 1101},
]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(shape) or "plain")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_logits_are_those_of_the_formulas(tmp_path: Path, shape: dict[str, Any], dtype: str) -> None:
    sizes = {"hidden_size": 64, "num_layers": 2, "num_heads": 4, "intermediate_size": 96, "max_length": 128}
    model = ModelConfig.model_validate({**MODEL.model_dump(), **sizes, "name": "small", **shape})
    tensors = _random(model)
    source = tmp_path / "small.safetensors"
    write_tensors(source, tensors)
    write_text(tmp_path / "small.yaml", dump(model))
    file = exported(tmp_path, source, tmp_path / "small.yaml", "--dtype", dtype)
    rounded = {
        name: values.astype(DTYPES[dtype] if values.ndim == 2 else values.dtype) for name, values in tensors.items()
    }
    formulas = Recomputing(model.model_dump(), rounded)
    ids = [1, *np.random.default_rng(2).integers(4, 1088, 20).tolist()]
    with llama_cpp(file) as url:
        asked = {"prompt": ids, "max_tokens": 1, "temperature": 0, "logprobs": 50}
        listed = posted(f"{url}/v1/completions", asked)["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    exact = formulas.logits(ids)[-1]
    exact = exact - exact.max() - np.log(np.exp(exact - exact.max()).sum())
    found = {one["id"]: one["logprob"] for one in listed}
    # With such weights llama.cpp rounds what they are multiplied with, too.
    near = 1e-3 if dtype == "float32" else 0.3
    assert list(found.values()) == pytest.approx([exact[number] for number in found], abs=near)
    if dtype == "float32":
        assert list(found)[:5] == np.argsort(-exact)[:5].tolist()


def _random(model: ModelConfig) -> dict[str, np.ndarray[Any, Any]]:
    from core.models.llama import parameter_shapes

    rng = np.random.default_rng(1)
    return {
        name: (rng.normal(size=size) * (0.3 if len(size) == 2 else 0.1) + ("norm" in name)).astype(np.float32)
        for name, size in parameter_shapes(model).items()
    }


def posted(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as response:
        return dict(json.load(response))


def same_tokens(url: str, tokenizer: Tokenizer, text: str) -> None:
    found = posted(f"{url}/tokenize", {"content": text, "add_special": False, "parse_special": False})["tokens"]
    assert found == tokenizer.encode(text)


TEXT = st.text(
    st.one_of(st.sampled_from("aeth n1 2.,=\n\t'sS的一 é"), st.characters(exclude_categories=("Cs",), min_codepoint=1)),
    min_size=1,
    max_size=40,
)


def test_text_has_the_tokens_of_sentencepiece(url: str) -> None:
    tokenizer = model_tokenizer(MODEL)

    @settings(max_examples=200, suppress_health_check=list(HealthCheck))
    @given(TEXT.filter(lambda text: not any(mark in text for mark in ("<|", "<e", "▁"))))
    def check(text: str) -> None:
        same_tokens(url, tokenizer, text)

    check()


@pytest.mark.parametrize("kind", ["tiktoken", "hf"])
def test_text_has_the_tokens_of_a_tokenizer_that_merges_bytes(tmp_path: Path, kind: str) -> None:
    model = byte_model(tmp_path, kind)
    write_text(tmp_path / "small.yaml", dump(model))
    write_tensors(tmp_path / "small.safetensors", _random(model))
    file = exported(tmp_path, tmp_path / "small.safetensors", tmp_path / "small.yaml")
    tokenizer = model_tokenizer(model)
    with llama_cpp(file) as url:

        @settings(max_examples=200, suppress_health_check=list(HealthCheck))
        @given(TEXT)
        def check(text: str) -> None:
            same_tokens(url, tokenizer, text)

        check()


def byte_model(folder: Path, kind: str) -> ModelConfig:
    """A small model whose tokenizer learned to merge bytes from a few sentences, in either kind of file."""
    import base64

    from tokenizers import Regex, decoders, pre_tokenizers, trainers
    from tokenizers import Tokenizer as Library
    from tokenizers.models import BPE

    from core.text.token_text import BYTE_OF
    from core.text.tokenizers import LLAMA3_PATTERN

    library = Library(BPE(ignore_merges=True))
    split = pre_tokenizers.Split(Regex(LLAMA3_PATTERN), "isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    library.pre_tokenizer = pre_tokenizers.Sequence([split, level])
    library.decoder = decoders.ByteLevel()
    text = ["the river runs past a small town, it's 12 = 3 * 4\n\n的一个人的 then there the heat ate then"] * 30
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = [] if kind == "tiktoken" else ["<s>", "</s>", "<pad>"]
    trainer = trainers.BpeTrainer(
        vocab_size=340, initial_alphabet=alphabet, special_tokens=special, show_progress=False
    )
    library.train_from_iterator(text, trainer)
    path = folder / ("tokenizer.model" if kind == "tiktoken" else "tokenizer.json")
    size = library.get_vocab_size()
    if kind == "tiktoken":
        ranked = sorted(library.get_vocab().items(), key=lambda item: item[1])
        lines = (base64.b64encode(bytes(BYTE_OF[char] for char in token)).decode() for token, _ in ranked)
        write_text(path, "".join(f"{line} {rank}\n" for rank, line in enumerate(lines)))
        ids, size = (size, size + 1, size + 2), size + 256
    else:
        library.save(str(path))
        ids = (0, 1, 2)
    sizes = {"hidden_size": 64, "num_layers": 1, "num_heads": 4, "intermediate_size": 96, "max_length": 128}
    named = dict(zip(("bos_token_id", "eos_token_id", "pad_token_id"), ids, strict=True))
    tokenizer = {"kind": kind, "file": str(path)}
    return ModelConfig.model_validate(
        {**MODEL.model_dump(), **sizes, **named, "name": "small", "vocab_size": size, "tokenizer": tokenizer}
    )
