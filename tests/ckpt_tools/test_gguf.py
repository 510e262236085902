"""GGUF files: what stands in them by llama.cpp's own reader, and what is refused; tests/inference has its server."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import sentencepiece
from full_disk import convert_within
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools import convert as command
from ckpt_tools.conversion.gguf_file.byte_pairs import _cuts
from ckpt_tools.conversion.gguf_file.tensors import gguf_name
from ckpt_tools.formats.tensor_file import DTYPES
from ckpt_tools.formats.tensors import write_tensors
from core.config import dump, kit_path, load_model
from core.errors import run_command
from core.files import sha256_file, write_json, write_text
from core.models.llama import parameter_shapes
from core.models.names import name_in
from core.places import ROOT
from core.schema import ModelConfig

Arrays = dict[str, np.ndarray[Any, Any]]
PRACTICE = load_model("practice")
SMALL = {"hidden_size": 64, "num_layers": 2, "num_heads": 4, "n_kv_heads": 2, "intermediate_size": 96}


def small(folder: Path, **changes: Any) -> tuple[ModelConfig, Path]:
    """A small model with the practice model's tokenizer: its configuration, and the YAML of it."""
    model = ModelConfig.model_validate({**PRACTICE.model_dump(), **SMALL, "name": "small", **changes})
    write_text(folder / "small.yaml", dump(model))
    return model, folder / "small.yaml"


def weights(model: ModelConfig, dialect: str = "mindformers", dtype: str = "float32") -> Arrays:
    random = np.random.default_rng(3)
    return {
        name_in(dialect, name): random.standard_normal(size).astype(DTYPES[dtype])  # type: ignore[arg-type]
        for name, size in parameter_shapes(model).items()
    }


def convert(*words: object) -> int:
    return run_command(command.main, [str(word) for word in words])


def read(path: Path) -> tuple[dict[str, Any], Arrays]:
    """Return what llama.cpp's reader finds: keys with their values, and tensors in rows and columns."""
    reader = gguf.GGUFReader(path)
    kinds = {"BF16": "bfloat16", "F16": "float16", "F32": "float32"}
    tensors = {
        tensor.name: np.frombuffer(tensor.data.tobytes(), DTYPES[kinds[tensor.tensor_type.name]]).reshape(
            tensor.shape.tolist()[::-1]
        )
        for tensor in reader.tensors
    }
    return {key: field.contents() for key, field in reader.fields.items()}, tensors


def neighbours(rows: np.ndarray[Any, Any], heads: int) -> np.ndarray[Any, Any]:
    """Rows as llama.cpp pairs them: row i of the first half of a head beside row i of the second."""
    cut = rows.reshape(heads, 2, -1, *rows.shape[1:])
    return np.stack([cut[:, 0], cut[:, 1]], axis=2).reshape(rows.shape)


def test_the_practice_model_says_all_that_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "practice.gguf"
    source = kit_path(PRACTICE.checkpoint)
    assert convert(source, "--to", "gguf", "--model", "practice", "--out", out, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["format"], said["from"], said["to"], said["dtype"]) == ("gguf", "mindformers", "gguf", "float32")
    assert (said["tensors"], said["reordered"], said["tokenizer"]) == (39, 8, "llama")
    assert (said["bytes"], said["sha256"]) == (out.stat().st_size, sha256_file(out))
    assert "puts a space behind <|User|>, <|Bot|>, <eoh> …" in said["notes"][0]
    keys, tensors = read(out)
    assert keys["general.architecture"] == "llama"
    sizes = {"vocab_size": 1088, "context_length": 1024, "embedding_length": 160, "block_count": 4,
             "feed_forward_length": 448, "attention.head_count": 5, "attention.head_count_kv": 5,
             "rope.dimension_count": 32, "rope.freq_base": 10000.0}  # fmt: skip
    assert {key: keys[f"llama.{key}"] for key in sizes} == sizes
    assert keys["llama.attention.layer_norm_rms_epsilon"] == pytest.approx(1e-5)
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(kit_path(PRACTICE.tokenizer.file)))
    numbers = range(1088)
    assert keys["tokenizer.ggml.tokens"] == [pieces.IdToPiece(number) for number in numbers]
    assert keys["tokenizer.ggml.scores"] == [pieces.GetScore(number) for number in numbers]
    kinds = keys["tokenizer.ggml.token_type"]
    assert kinds[:6] == [2, 3, 3, 3, 1, 4]  # unknown, three control pieces, the line break, a mark
    assert [number for number in numbers if kinds[number] == 6] == [n for n in numbers if pieces.IsByte(n)]
    special = [keys[f"tokenizer.ggml.{name}_token_id"] for name in ("unknown", "bos", "eos", "padding")]
    assert special == [0, 1, 2, 3]
    assert len(tensors) == 39


@pytest.mark.parametrize("dialect", ["mindformers", "hf", "meta"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_every_tensor_is_there_in_llama_cpps_order(tmp_path: Path, dialect: str, dtype: str) -> None:
    model, yaml = small(tmp_path, qkv_has_bias=True, attn_proj_has_bias=True)
    arrays = weights(model, "mindformers", dtype)
    heads = {"wq": 4, "wk": 2}

    def paired(name: str, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        leaf = name.split(".")[-2]
        return neighbours(values, heads[leaf]) if leaf in heads else values

    source = {
        name_in(dialect, name): paired(name, values) if dialect == "meta" else values  # type: ignore[arg-type]
        for name, values in arrays.items()
    }
    write_tensors(tmp_path / "source.safetensors", source)
    out = tmp_path / "small.gguf"
    assert convert(tmp_path / "source.safetensors", "--to", "gguf", "--model", yaml, "--out", out) == 0
    _, tensors = read(out)
    assert set(tensors) == {gguf_name(name) for name in arrays}
    for name, values in arrays.items():
        found = tensors[gguf_name(name)]
        assert found.dtype == (np.float32 if values.ndim == 1 else DTYPES[dtype]), name
        assert np.array_equal(found, paired(name, values).astype(found.dtype)), name


def test_the_bytes_are_those_that_llama_cpps_own_writer_writes(tmp_path: Path) -> None:
    model, yaml = small(tmp_path, vocab_size=1090, tie_word_embeddings=True)
    write_tensors(tmp_path / "source.safetensors", weights(model))
    out = tmp_path / "small.gguf"
    assert convert(tmp_path / "source.safetensors", "--to", "gguf", "--model", yaml, "--out", out) == 0
    keys, tensors = read(out)
    assert "output.weight" not in tensors  # tied: llama.cpp takes the embedding
    assert keys["tokenizer.ggml.tokens"][1088:] == ["[PAD1088]", "[PAD1089]"]
    writer = gguf.GGUFWriter(tmp_path / "own.gguf", "llama")
    reader = gguf.GGUFReader(out)
    for key, field in list(reader.fields.items())[4:]:
        kind = field.types[0]
        inner = field.types[1] if len(field.types) > 1 else None
        writer.add_key_value(key, field.contents(), kind, inner)
    for name, values in tensors.items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert (tmp_path / "own.gguf").read_bytes() == out.read_bytes()


def test_a_type_is_chosen_and_a_model_is_found_by_its_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from core.config import load_contest

    run = tmp_path / "run"
    (run / "checkpoints").mkdir(parents=True)
    write_text(run / "run.yaml", dump(load_contest("practice_math")))
    (run / "checkpoints" / "step_9.ckpt").write_bytes(kit_path(PRACTICE.checkpoint).read_bytes())
    out = tmp_path / "half.gguf"
    assert convert(run / "checkpoints" / "step_9.ckpt", "--to", "gguf", "--dtype", "float16", "--out", out) == 0
    keys, tensors = read(out)
    assert keys["general.file_type"] == 1
    assert {values.dtype for values in tensors.values()} == {np.dtype(np.float16), np.dtype(np.float32)}
    capsys.readouterr()


def trained(path: Path, **settings: Any) -> None:
    made = io.BytesIO()
    text = ["the river runs past a small town where people read books and count apples"] * 20
    defaults = {
        "vocab_size": 300, "model_type": "bpe", "byte_fallback": True, "normalization_rule_name": "identity",
        "remove_extra_whitespaces": False, "pad_id": 3, "minloglevel": 2, "hard_vocab_limit": False,
    }  # fmt: skip
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(text), model_writer=made, **{**defaults, **settings}
    )
    path.write_bytes(made.getvalue())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model_type": "unigram"}, "a unigram model of sentencepiece"),
        ({"model_type": "char"}, "a char model of sentencepiece"),
        ({"byte_fallback": False}, "no pieces for bytes"),
        ({"normalization_rule_name": "nmt_nfkc"}, "rewrites characters"),
        ({"remove_extra_whitespaces": True}, "drops blanks"),
    ],
)
def test_a_sentencepiece_model_that_llama_cpp_would_read_otherwise_is_refused(
    tmp_path: Path, settings: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    trained(tmp_path / "t.model", **settings)
    refused(tmp_path, {"tokenizer": {"kind": "sentencepiece", "file": str(tmp_path / "t.model")}}, said, capsys)


def refused(folder: Path, changes: Mapping[str, Any], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Ask for a file that cannot be, and see that nothing is left of it."""
    model, yaml = small(folder, **changes)
    write_tensors(folder / "source.safetensors", weights(model))
    there = set(folder.iterdir())
    assert convert(folder / "source.safetensors", "--to", "gguf", "--model", yaml, "--out", folder / "x.gguf") == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert set(folder.iterdir()) == there


LLAMA3 = (  # as Llama-3's tokenizer.json has it
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def json_tokenizer(**changes: Any) -> dict[str, Any]:
    """A tokenizer.json that merges bytes, as Llama-3's; `changes` of its parts."""
    letters = [chr(byte) for byte in range(0x21, 0x7F)] + ["Ġ"]
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    split = {"type": "Split", "pattern": {"Regex": LLAMA3}, "behavior": "Isolated", "invert": False}
    parts: dict[str, Any] = {
        "version": "1.0", "truncation": None, "padding": None, "normalizer": None, "post_processor": None,
        "added_tokens": [
            {"id": 97 + number, "content": text, "special": number < 3, "single_word": False, "lstrip": False,
             "rstrip": False, "normalized": False} for number, text in enumerate(["<s>", "</s>", "<pad>", "<mark>"])
        ],
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": True,
            "vocab": {text: number for number, text in enumerate([*letters, "th", "the"])},
            "merges": [["t", "h"], ["th", "e"]],
        },
    }  # fmt: skip
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(parts[key], dict) and key == "model":
            parts[key] = {**parts[key], **value}
        else:
            parts[key] = value
    return parts


def of_json(path: Path, **changes: Any) -> dict[str, Any]:
    write_json(path, json_tokenizer(**changes))
    ids = {"bos_token_id": 97, "eos_token_id": 98, "pad_token_id": 99}
    return {"tokenizer": {"kind": "hf", "file": str(path)}, "vocab_size": 128, **ids}


def test_a_tokenizer_json_is_named_by_its_rule(tmp_path: Path) -> None:
    model, yaml = small(tmp_path, **of_json(tmp_path / "tokenizer.json"))
    write_tensors(tmp_path / "source.safetensors", weights(model))
    assert convert(tmp_path / "source.safetensors", "--to", "gguf", "--model", yaml, "--out", tmp_path / "x.gguf") == 0
    keys, _ = read(tmp_path / "x.gguf")
    assert (keys["tokenizer.ggml.model"], keys["tokenizer.ggml.pre"]) == ("gpt2", "llama-bpe")
    assert keys["tokenizer.ggml.tokens"][95:102] == ["th", "the", "<s>", "</s>", "<pad>", "<mark>", "[PAD101]"]
    assert keys["tokenizer.ggml.token_type"][95:102] == [1, 1, 3, 3, 3, 4, 5]
    assert keys["tokenizer.ggml.merges"] == ["t h", "th e"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}}, "splits text by"),
        ({"pre_tokenizer": None}, "splits text by"),
        ({"normalizer": {"type": "Lowercase"}}, "rewrites text before it is split (Lowercase)"),
        ({"model": {"byte_fallback": True}}, "does not merge bytes"),
        ({"model": {"ignore_merges": False}}, "ignore_merges False"),
        ({"added_tokens": []}, "outside its"),
    ],
)
def test_a_tokenizer_json_that_llama_cpp_has_no_name_for_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(tmp_path, of_json(tmp_path / "tokenizer.json", **changes), said, capsys)


def test_more_tokens_than_the_model_has_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused(tmp_path, {"vocab_size": 1087}, "has 1088 tokens, model small has 1087", capsys)


def test_what_gguf_has_no_place_for_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = kit_path(PRACTICE.checkpoint)
    line = [source, "--to", "gguf", "--model", "practice", "--out"]
    for more, said in (
        ([tmp_path / "x.safetensors"], "ends in .gguf"),
        ([tmp_path / "x.gguf", "--shard-size", "5GB"], "writes one file"),
        ([tmp_path / "x.gguf", "--config", tmp_path / "x.yaml"], "writes one file"),
    ):
        assert convert(*line, *more) == 2
        assert said in capsys.readouterr().err
    model, yaml = small(tmp_path)
    arrays = weights(model)
    write_tensors(tmp_path / "wide.safetensors", arrays | {"lm_head.weight": arrays["lm_head.weight"].astype(float)})
    wide = [tmp_path / "wide.safetensors", "--to", "gguf", "--model", yaml, "--out", tmp_path / "x.gguf"]
    assert convert(*wide) == 2
    assert "'lm_head.weight' is float64, in which llama.cpp does not compute; choose --dtype" in capsys.readouterr().err
    assert not (tmp_path / "x.gguf").exists()
    assert convert(*wide, "--dtype", "float32") == 0


@given(st.lists(st.binary(min_size=1, max_size=4), unique=True, max_size=30))
def test_each_way_to_cut_a_token_into_tokens_is_a_merge(found: list[bytes]) -> None:
    tokens = [bytes([byte]) for byte in range(256)] + [token for token in found if len(token) > 1]
    ranks = {token: rank for rank, token in enumerate(tokens)}
    merges = list(_cuts(tokens, ranks))
    assert [ranks[left + right] for left, right in merges] == sorted(ranks[left + right] for left, right in merges)
    assert set(merges) == {(a, b) for a in tokens for b in tokens if a + b in ranks}


def llama3(folder: Path, words: Callable[[int], bytes]) -> dict[str, Any]:
    """Settings of a model with a vocabulary file like Llama-3's, of bytes and some words."""
    tokens = [bytes([byte]) for byte in range(256)] + [words(number) for number in range(20)]
    lines = [f"{base64.b64encode(token).decode()} {rank}\n" for rank, token in enumerate(tokens)]
    write_text(folder / "tokenizer.model", "".join(lines))
    ids = {"bos_token_id": 276, "eos_token_id": 277, "pad_token_id": 278}
    return {"tokenizer": {"kind": "tiktoken", "file": str(folder / "tokenizer.model")}, "vocab_size": 532, **ids}


def test_llama_3s_file_becomes_merges_and_special_tokens(tmp_path: Path) -> None:
    model, yaml = small(tmp_path, **llama3(tmp_path, lambda number: b"ab" + b"c" * number))
    write_tensors(tmp_path / "source.safetensors", weights(model))
    assert convert(tmp_path / "source.safetensors", "--to", "gguf", "--model", yaml, "--out", tmp_path / "x.gguf") == 0
    keys, _ = read(tmp_path / "x.gguf")
    assert (keys["tokenizer.ggml.model"], keys["tokenizer.ggml.pre"]) == ("gpt2", "llama-bpe")
    assert keys["tokenizer.ggml.tokens"][32] == "Ġ"
    assert keys["tokenizer.ggml.tokens"][276:278] == ["<|begin_of_text|>", "<|end_of_text|>"]
    assert keys["tokenizer.ggml.token_type"] == [1] * 276 + [3] * 256
    assert keys["tokenizer.ggml.merges"][:3] == ["a b", "ab c", "abc c"]


@pytest.mark.slow
def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "x.gguf"
    done = convert_within(1_000_000, kit_path(PRACTICE.checkpoint), "--to", "gguf", "--model", "practice", "--out", out)
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_peak_memory_is_that_of_a_block(tmp_path: Path) -> None:
    """A model of 190 MB passes through, wide tensors in pieces."""
    model, yaml = small(tmp_path, hidden_size=1024, num_layers=3, intermediate_size=4096, vocab_size=8192)
    write_tensors(
        tmp_path / "hf.safetensors",
        {name_in("hf", name): np.ones(size, np.float32) for name, size in parameter_shapes(model).items()},
    )
    code = (
        "import sys; from ckpt_tools import convert; convert.main(sys.argv[1:]); "
        "print(next(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line))"
    )
    words = [str(tmp_path / "hf.safetensors"), "--to", "gguf", "--model", str(yaml), "--out", str(tmp_path / "x.gguf")]
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    assert (tmp_path / "x.gguf").stat().st_size > 190e6
    assert int(done.stdout.splitlines()[-1]) < 200_000  # kilobytes
