"""Conversion between the dialects: round trips to the byte, every tensor once, tied embeddings, what is refused."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from full_disk import convert_within
from safetensors.numpy import load_file

from ckpt_tools import convert as command
from ckpt_tools.conversion import rewrite as conversion
from ckpt_tools.conversion.model_settings import hf_config, hf_settings, refuse_other
from ckpt_tools.conversion.rewrite import convert
from ckpt_tools.formats.sharded import fingerprint
from ckpt_tools.formats.sources import open_source
from ckpt_tools.formats.tensor_file import DTYPES
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from core.config import load_model
from core.errors import InputError, run_command
from core.files import sha256_file, write_json
from core.models.llama import Shape, parameter_shapes
from core.models.names import Dialect, name_in

ROOT = Path(command.__file__).resolve().parent.parent
Arrays = dict[str, np.ndarray[Any, Any]]
CONFIG = {
    "model_type": "internlm", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "vocab_size": 100, "intermediate_size": 96, "bias": True, "hidden_act": "silu",
    "rms_norm_eps": 1e-6, "bos_token_id": 1, "eos_token_id": [2, 9], "pad_token_id": None, "torch_dtype": "bfloat16",
    "max_position_embeddings": 512, "rope_theta": 500000.0,
}  # fmt: skip


def published(shape: Shape, dialect: Dialect, dtype: str = "float32", seed: int = 5) -> Arrays:
    random = np.random.default_rng(seed)
    return {
        name_in(dialect, name): random.standard_normal(size).astype(DTYPES[dtype])
        for name, size in parameter_shapes(shape).items()
    }


def contents(path: Path) -> Arrays:
    with open_tensors(path) as tensors:
        return {name: tensors.read(name) for name in tensors}


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return set(one) == set(other) and all(
        one[name].dtype == other[name].dtype and one[name].tobytes() == other[name].tobytes() for name in one
    )


def convert_file(
    source: Path, shape: Shape, target: Dialect, out: Path, dtype: str = "keep", shard_size: int | None = None
) -> dict[str, Any]:
    with open_source(source) as tensors:
        return convert(tensors, shape, target, out, dtype, shard_size)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("dialect", ["hf", "meta"])
def test_round_trips_are_exact_to_the_byte(
    tmp_path: Path, tiny: Shape, dialect: Dialect, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion, "_BLOCK_BYTES", 5000)  # several blocks a tensor, the last one smaller
    source = tmp_path / "source.safetensors"
    write_tensors(source, published(tiny, dialect, dtype), {"format": "pt"})
    for step, (target, name) in enumerate(
        [("mindformers", "1.ckpt"), ("meta", "2.safetensors"), ("hf", "3.safetensors"), ("mindformers", "4.ckpt")]
    ):
        before = source if step == 0 else tmp_path / f"{step}.{'ckpt' if step == 1 else 'safetensors'}"
        convert_file(before, tiny, target, tmp_path / name)  # type: ignore[arg-type]
    assert sha256_file(tmp_path / "1.ckpt") == sha256_file(tmp_path / "4.ckpt")
    result = convert_file(tmp_path / "4.ckpt", tiny, dialect, tmp_path / "back.safetensors")
    assert (tmp_path / "back.safetensors").read_bytes() == source.read_bytes()
    assert result["sha256"] == sha256_file(source)
    assert result["tensors"] == len(parameter_shapes(tiny))
    assert result["reordered"] == (8 if dialect == "meta" else 0)  # wq and wk of two layers, weight and bias each
    assert result["bytes"] == source.stat().st_size


def test_values_arrive_under_their_names(tmp_path: Path, tiny: Shape) -> None:
    write_tensors(tmp_path / "hf.safetensors", published(tiny, "hf"))
    convert_file(tmp_path / "hf.safetensors", tiny, "mindformers", tmp_path / "model.ckpt")
    assert same(contents(tmp_path / "model.ckpt"), published(tiny, "mindformers"))
    assert list(contents(tmp_path / "model.ckpt")) == list(parameter_shapes(tiny))


def test_folder_with_shards_and_buffers(tmp_path: Path, tiny: Shape) -> None:
    tensors = published(tiny, "hf", "bfloat16")
    for layer in range(2):
        tensors[f"model.layers.{layer}.self_attn.rotary_emb.inv_freq"] = np.ones(8, np.float32)
    names = sorted(tensors)
    shards = {f"model-0000{number}-of-00003.safetensors": names[number - 1 :: 3] for number in (1, 2, 3)}
    for shard, held in shards.items():
        write_tensors(tmp_path / shard, {name: tensors[name] for name in held}, {"format": "pt"})
    weight_map = {name: shard for shard, held in shards.items() for name in held}
    write_json(tmp_path / "model.safetensors.index.json", {"metadata": {}, "weight_map": weight_map})
    result = convert_file(tmp_path, tiny, "mindformers", tmp_path / "model.ckpt", "float32")
    assert sorted(result["left_out"]) == [name for name in names if "inv_freq" in name]
    widened = {name: values.astype(np.float32) for name, values in published(tiny, "mindformers", "bfloat16").items()}
    assert same(contents(tmp_path / "model.ckpt"), widened)


@pytest.mark.parametrize("size", [1, 20_000, 10**9])
def test_shards_hold_what_one_file_holds(tmp_path: Path, tiny: Shape, size: int) -> None:
    source = tmp_path / "meta.safetensors"
    write_tensors(source, published(tiny, "meta", "bfloat16"))
    convert_file(source, tiny, "hf", tmp_path / "whole.safetensors")
    result = convert_file(source, tiny, "hf", tmp_path / "hf", shard_size=size)
    index = tmp_path / "hf" / "model.safetensors.index.json"
    assert result["file"] == str(index)
    assert result["sha256"] == fingerprint(index)
    shards = sorted(path for path in index.parent.iterdir() if path != index)
    assert result["bytes"] == sum(path.stat().st_size for path in shards)
    with open_source(index.parent) as opened, open_tensors(tmp_path / "whole.safetensors") as whole:
        assert opened.metadata == {"format": "pt"}
        assert set(opened) == set(whole)
        for name in whole:
            assert opened[name] == whole[name]
            assert opened.read(name).tobytes() == whole.read(name).tobytes()
    for path in shards:
        held = load_file(path)  # the library reads each of them
        assert sum(values.nbytes for values in held.values()) <= size or len(held) == 1
    convert_file(index, tiny, "mindformers", tmp_path / "back", shard_size=size)
    convert_file(source, tiny, "mindformers", tmp_path / "direct.ckpt")
    back = contents(tmp_path / "back" / "model.safetensors.index.json")
    assert same(back, contents(tmp_path / "direct.ckpt"))


def test_a_sharded_result_that_fails_leaves_nothing(
    tmp_path: Path, tiny: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = tmp_path / "hf.safetensors", tmp_path / "out"
    tensors = published(tiny, "hf")
    write_tensors(source, tensors | {"model.norm.weight": np.full(64, np.nan, np.float32)})
    with pytest.raises(InputError, match="NaN or infinity"):
        convert_file(source, tiny, "mindformers", out, shard_size=20_000)
    assert not list(out.iterdir())
    write_tensors(source, tensors)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(conversion, "write_text", full)  # when all shards are there, but for the index
        with pytest.raises(InputError, match="out: cannot be written"):
            convert_file(source, tiny, "hf", out, shard_size=20_000)
    assert not list(out.iterdir())
    (out / "config.json").write_text("{}")
    convert_file(source, tiny, "hf", out, shard_size=20_000)
    assert (out / "config.json").is_file()
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(InputError, match=r"index\.json: already exists; remove that checkpoint or choose another"):
        convert_file(source, tiny, "hf", out, shard_size=10_000)
    with pytest.raises(InputError, match="several files go into a folder"):
        convert_file(source, tiny, "hf", tmp_path / "model.safetensors", shard_size=10_000)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_tied_embeddings(tmp_path: Path, tiny: Shape) -> None:
    tied = replace(tiny, tie_word_embeddings=True)
    tensors = published(tied, "hf")
    assert "lm_head.weight" not in tensors
    write_tensors(tmp_path / "hf.safetensors", tensors)
    convert_file(tmp_path / "hf.safetensors", tied, "meta", tmp_path / "meta.safetensors")
    meta = contents(tmp_path / "meta.safetensors")
    assert meta["output.weight"].tobytes() == tensors["model.embed_tokens.weight"].tobytes()
    result = convert_file(tmp_path / "meta.safetensors", tied, "mindformers", tmp_path / "model.ckpt")
    assert result["left_out"] == ["output.weight"]
    assert same(contents(tmp_path / "model.ckpt"), published(tied, "mindformers"))
    with pytest.raises(InputError, match=r"lacks lm_head\.weight$"):
        convert_file(tmp_path / "hf.safetensors", tiny, "mindformers", tmp_path / "model.ckpt")
    write_tensors(tmp_path / "untied.safetensors", published(tiny, "hf"))
    with pytest.raises(InputError, match="embeddings are not tied"):
        convert_file(tmp_path / "untied.safetensors", tied, "mindformers", tmp_path / "model.ckpt")


Q_NORM = "model.layers.0.self_attn.q_norm.weight"
Q_PROJ = "model.layers.0.self_attn.q_proj.weight"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda t: t | {Q_NORM: np.ones(16, np.float32)}, f"has the unknown {Q_NORM}$"),
        (lambda t: {n: v for n, v in t.items() if "norm" not in n}, r"lacks .*, .*, .* and 2 more$"),
        (lambda t: t | {Q_PROJ: np.ones((64, 32), np.float32)}, r"q_proj\.weight \[64, 32\] instead of \[64, 64\]$"),
        (lambda t: {n: v for n, v in t.items() if "embed" not in n}, "no embedding under a known name"),
        (lambda t: t | {"tok_embeddings.weight": np.ones(3, np.float32)}, "no embedding under a known name"),
        (lambda t: t | {Q_PROJ: np.full((64, 64), np.nan, np.float32)}, "NaN or infinity"),
        (lambda t: t | {Q_PROJ: np.full((64, 64), 1e9, np.float32)}, "beyond float16"),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, tiny: Shape, change: Callable[[Arrays], Arrays], what: str
) -> None:
    write_tensors(tmp_path / "hf.safetensors", change(published(tiny, "hf")))
    with pytest.raises(InputError, match=what):
        convert_file(tmp_path / "hf.safetensors", tiny, "mindformers", tmp_path / "out" / "model.ckpt", "float16")
    assert not list((tmp_path / "out").glob("*"))


def test_targets_that_cannot_be_are_refused(tmp_path: Path, tiny: Shape) -> None:
    source = tmp_path / "hf.safetensors"
    write_tensors(source, published(tiny, "hf"))
    link = tmp_path / "link.safetensors"
    link.symlink_to(tmp_path / "elsewhere")
    for out, what in (
        (tmp_path / "model.ckpt", "go into a .safetensors file"),
        (tmp_path / "model.bin", "name a file that ends in"),
        (source, "is the source itself"),
        (link, "symbolic link"),
        (source / "model.safetensors", "cannot be written"),
    ):
        with pytest.raises(InputError, match=what):
            convert_file(source, tiny, "meta", out)
    odd = replace(tiny, hidden_size=60, qkv_has_bias=False, attn_proj_has_bias=False)
    write_tensors(source, published(odd, "hf"))
    with pytest.raises(InputError, match="heads of 15 entries"):
        convert_file(source, odd, "meta", tmp_path / "meta.safetensors")
    assert {path.name for path in tmp_path.iterdir()} == {"hf.safetensors", "link.safetensors"}


def test_a_disk_too_small_is_found_before_the_first_byte(
    tmp_path: Path, tiny: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tensors(tmp_path / "hf.safetensors", published(tiny, "hf"))
    size = convert_file(tmp_path / "hf.safetensors", tiny, "mindformers", tmp_path / "model.ckpt")["bytes"]
    for free, fits in ((size - 1, False), (size, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        if fits:
            convert_file(tmp_path / "hf.safetensors", tiny, "mindformers", tmp_path / "out" / "model.ckpt")
            continue
        with pytest.raises(InputError, match="needs 0.00 GB, 0.00 GB are free"):
            convert_file(tmp_path / "hf.safetensors", tiny, "mindformers", tmp_path / "out" / "model.ckpt")
        assert not list((tmp_path / "out").iterdir())


def test_a_disk_that_fills_up_leaves_nothing(tmp_path: Path, tiny: Shape) -> None:
    write_tensors(tmp_path / "hf.safetensors", published(tiny, "hf"))
    write_json(tmp_path / "config.json", CONFIG)

    done = convert_within(100_000, tmp_path / "hf.safetensors", "--to", "mindformers", "--out", tmp_path / "model.ckpt")
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"hf.safetensors", "config.json"}


def run_json(capsys: pytest.CaptureFixture[str], *words: str | Path) -> dict[str, Any]:
    assert run_command(command.main, [*map(str, words), "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_command_writes_a_models_yaml_and_a_config(
    tmp_path: Path, tiny: Shape, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    write_json(folder / "config.json", CONFIG)
    (folder / "tokenizer.model").write_bytes(b"\nprotobuf")
    write_tensors(folder / "model.safetensors", published(tiny, "hf", "bfloat16"), {"format": "pt"})
    out, yaml = tmp_path / "model.ckpt", tmp_path / "small.yaml"
    result = run_json(capsys, folder, "--to", "mindformers", "--out", out, "--config", yaml)
    assert (result["from"], result["to"], result["tensors"]) == ("hf", "mindformers", len(parameter_shapes(tiny)))
    model = load_model(str(yaml))
    assert parameter_shapes(model) == parameter_shapes(tiny)
    assert (model.name, model.checkpoint, model.param_dtype) == ("small", str(out), "bfloat16")
    assert (model.tokenizer.kind, model.theta, model.max_length) == ("sentencepiece", 500000.0, 512)
    assert (model.bos_token_id, model.eos_token_id, model.pad_token_id) == (1, 2, 2)
    shards, several = tmp_path / "shards", tmp_path / "several.yaml"
    result = run_json(
        capsys, folder, "--to", "mindformers", "--out", shards, "--shard-size", "50kB", "--config", several
    )
    assert load_model(str(several)).checkpoint == result["file"] == str(shards / "model.safetensors.index.json")
    back = tmp_path / "back" / "model.safetensors"
    run_json(capsys, out, "--to", "hf", "--model", yaml, "--out", back, "--config", back.parent / "config.json")
    assert back.read_bytes() == (folder / "model.safetensors").read_bytes()
    again = json.loads((back.parent / "config.json").read_text())
    assert again["model_type"] == "llama"
    assert again["attention_bias"] is True
    assert again["torch_dtype"] == "bfloat16"
    assert run_command(command.main, [str(out), "--to", "meta", "--model", str(yaml), "--out", "x.safetensors",
                                      "--config", "y.json"]) == 2  # fmt: skip
    assert "for mindformers and for hf only" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"model_type": "qwen3"}, "model_type 'qwen3'"),
        ({"model_type": None}, "model_type None"),
        ({"hidden_act": "gelu"}, "hidden_act 'gelu'"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, "rotary scaling 'llama3'"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "rotary scaling 'yarn'"),
        ({"rope_scaling": "dynamic"}, "rotary scaling 'dynamic'"),
        ({"mlp_bias": True}, "bias in the feed-forward block"),
        ({"head_dim": 128}, "head_dim 128"),
        ({"model_type": "mistral", "sliding_window": 4096}, "sliding window of 4096"),
        ({"model_type": "qwen2", "use_sliding_window": True, "sliding_window": 99}, "sliding window of 99"),
        ({"quantization_config": {"bits": 4}}, "quantised"),
        ({"hidden_size": None}, "'hidden_size' is missing"),
        ({"hidden_size": "wide"}, "hidden_size is 'wide'"),
        ({"rope_theta": [1]}, "theta is '[1]'"),
        ({"num_attention_heads": 0}, "num_heads"),
        ({"max_position_embeddings": "far"}, "max_length: "),
        ({"eos_token_id": None}, "eos_token_id: "),
        ({"num_attention_heads": 7}, "not a multiple of num_heads 7"),
    ],
)
def test_models_that_cannot_be_expressed_are_refused(
    tmp_path: Path, tiny: Shape, change: dict[str, Any], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tensors(tmp_path / "model.safetensors", published(tiny, "hf"))
    write_json(tmp_path / "config.json", CONFIG | change)
    (tmp_path / "tokenizer.json").write_text("{}")
    words = ["--to", "mindformers", "--out", str(tmp_path / "model.ckpt"), "--config", str(tmp_path / "m.yaml")]
    assert run_command(command.main, [str(tmp_path), *words]) == 2
    error = capsys.readouterr().err
    assert what in error
    assert error.count("\n") == 1
    assert not (tmp_path / "model.ckpt").exists()


def test_the_model_chosen_has_to_be_that_of_the_file_beside(
    tmp_path: Path, tiny: Shape, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "model.safetensors", str(tmp_path / "model.ckpt")
    write_tensors(source, published(tiny, "meta"))
    assert run_command(command.main, [str(source), "--to", "mindformers", "--out", out]) == 2
    said = capsys.readouterr().err
    assert "no config.json says which model it is; give --model (known: " in said
    assert "internlm_7b," in said
    (tmp_path / "params.json").write_text('{"dim": 4096, "n_layers": 32, "n_heads": 64, "n_kv_heads": 8}')
    assert run_command(command.main, [str(source), "--to", "mindformers", "--model", "llama3_8b", "--out", out]) == 2
    assert "params.json does not fit model llama3_8b: num_heads is 64, not 32" in capsys.readouterr().err
    write_json(tmp_path / "config.json", CONFIG | {"model_type": "qwen2"})
    assert run_command(command.main, [str(source), "--to", "mindformers", "--model", "internlm_7b", "--out", out]) == 2
    assert "config.json does not fit model internlm_7b: n_kv_heads is 2, not 32" in capsys.readouterr().err
    assert run_command(command.main, [str(source), "--to", "mindformers", "--model", "llama4", "--out", out]) == 2
    assert "unknown model 'llama4'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "config"),
    [
        (
            "llama3_8b",
            {
                "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
                "num_key_value_heads": 8, "vocab_size": 128256, "intermediate_size": 14336, "attention_bias": False,
                "hidden_act": "silu", "rms_norm_eps": 1e-05, "rope_scaling": None, "rope_theta": 500000.0,
                "tie_word_embeddings": False,
            },
        ),
        (
            "internlm_7b",
            {
                "model_type": "internlm", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
                "vocab_size": 103168, "intermediate_size": 11008, "bias": True, "hidden_act": "silu",
                "rms_norm_eps": 1e-06, "rotary": {"base": 10000, "type": "dynamic"}, "tie_word_embeddings": False,
            },
        ),
    ],
)  # fmt: skip
def test_published_configurations_are_the_kits_models(tmp_path: Path, name: str, config: dict[str, Any]) -> None:
    write_json(tmp_path / "config.json", config)
    refuse_other(hf_settings(tmp_path / "config.json"), tmp_path / "config.json", load_model(name))
    write_json(tmp_path / "config.json", hf_config(load_model(name), "bfloat16"))
    refuse_other(hf_settings(tmp_path / "config.json"), tmp_path / "config.json", load_model(name))


def test_folders_that_hold_nothing_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no checkpoint"):
        open_source(tmp_path)


def test_peak_memory_is_that_of_a_block(tmp_path: Path) -> None:
    """Three times as many layers take no more memory; a tensor of 32 MB passes through in pieces."""
    peaks = []
    for layers in (1, 3):
        shape = Shape(1024, layers, 8, 8, 8192, 2048)
        source = tmp_path / f"hf_{layers}.safetensors"
        write_tensors(source, {name: np.ones(size, np.float32) for name, size in _hf_shapes(shape).items()})
        code = (
            "import sys; from pathlib import Path; from ckpt_tools.conversion import rewrite as c; "
            "from core.models.llama import Shape; from ckpt_tools.formats.tensors import open_tensors; "
            f"c.convert(open_tensors(Path(sys.argv[1])), Shape(1024, {layers}, 8, 8, 8192, 2048), 'meta', "
            "Path(sys.argv[2])); print(next(line.split()[1] for line in open('/proc/self/status') if 'VmHWM' in line))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(source), str(tmp_path / "meta.safetensors")],
            cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        peaks.append(int(done.stdout))
    assert peaks[1] < 150_000  # kilobytes; the larger file holds 190 MB
    assert peaks[1] - peaks[0] < 20_000


def _hf_shapes(shape: Shape) -> dict[str, tuple[int, ...]]:
    return {name_in("hf", name): size for name, size in parameter_shapes(shape).items()}
