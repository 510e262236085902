"""PEFT's format: the published layout, round trips to the byte, PEFT itself where there is one, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools import convert as converting
from ckpt_tools import peft
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.merging.adapter import DESCRIPTION, TENSORS, open_adapter, read_info
from ckpt_tools.peft import from_peft, to_peft
from core.errors import InputError, run_command
from core.files import read_json, write_json
from core.models.llama import Shape

Make = Callable[..., Path]
Q = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
MODEL = """
name: tiny
title: Tiny
checkpoint: base.ckpt
tokenizer: {kind: sentencepiece, file: tokenizer.model}
hidden_size: 64
num_layers: 2
num_heads: 4
n_kv_heads: 2
vocab_size: 100
intermediate_size: 96
qkv_has_bias: true
attn_proj_has_bias: true
theta: 500.0
bos_token_id: 1
eos_token_id: 2
pad_token_id: 3
max_length: 64
"""


def arrays(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    with open_tensors(path) as tensors:
        return {name: tensors.read(name) for name in tensors}


def test_the_published_layout(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    adapter = make_adapter(make_base(), 7, targets=".*wq|.*w2")
    to_peft(adapter, tmp_path / "peft", "some/base")
    with open_tensors(tmp_path / "peft" / "adapter_model.safetensors") as tensors:
        assert tensors.metadata == {"format": "pt"}
        assert {info.name: info.shape for info in tensors.infos()} == {
            f"base_model.model.model.layers.{layer}.{module}.lora_{side}.weight": shape
            for layer in (0, 1)
            for module, side, shape in (
                ("self_attn.q_proj", "A", (4, 64)),
                ("self_attn.q_proj", "B", (64, 4)),
                ("mlp.down_proj", "A", (4, 96)),
                ("mlp.down_proj", "B", (64, 4)),
            )
        }
        with open_adapter(adapter) as opened:
            a, b = opened.read("model.layers.0.attention.wq.weight").values()
        assert tensors.read(f"{Q}A.weight").tobytes() == a.tobytes()
        assert tensors.read(f"{Q}B.weight").tobytes() == b.tobytes()
    config = read_json(tmp_path / "peft" / "adapter_config.json")
    wanted = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "some/base", "r": 4, "lora_alpha": 8,
        "target_modules": ["down_proj", "q_proj"], "layers_to_transform": [0, 1], "bias": "none", "use_rslora": False,
        "use_dora": False, "fan_in_fan_out": False,
    }  # fmt: skip
    assert {key: config[key] for key in wanted} == wanted


@pytest.mark.parametrize("targets", [".*wq|.*wk|.*wv|.*wo", "wq|w1|w2|w3", ".*w3"])
def test_round_trips_are_exact_to_the_byte(tmp_path: Path, make_base: Make, make_adapter: Make, targets: str) -> None:
    base = make_base("bfloat16")
    adapter = make_adapter(base, 3, rank=2, alpha=7.5, targets=targets)
    to_peft(adapter, tmp_path / "peft", "")
    info = from_peft(tmp_path / "peft", base, tmp_path / "back", step=3, model="tiny")
    assert (tmp_path / "back" / TENSORS).read_bytes() == (adapter / TENSORS).read_bytes()
    assert read_info(tmp_path / "back") == info
    before = read_info(adapter).content()
    assert info.content() | {"targets": ""} == before | {"targets": ""}
    merge(base, [adapter], tmp_path / "one")
    merge(base, [tmp_path / "back"], tmp_path / "two")
    assert (tmp_path / "one" / "step_3.ckpt").read_bytes() == (tmp_path / "two" / "step_3.ckpt").read_bytes()


def test_rank_stabilised_scaling_is_kept(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base()
    to_peft(make_adapter(base, 1), tmp_path / "peft", "")
    config = read_json(tmp_path / "peft" / "adapter_config.json") | {"use_rslora": True, "r": 4, "lora_alpha": 6}
    write_json(tmp_path / "peft" / "adapter_config.json", config)
    assert from_peft(tmp_path / "peft", base, tmp_path / "back").settings.scaling == 6 / 4**0.5


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"peft_type": "PREFIX_TUNING"}, "no PEFT configuration of type .*LORA"),
        ({"use_dora": True}, "q_proj.lora_magnitude_vector is missing"),
        ({"bias": "all"}, "bias is 'all', but the file holds no bias"),
        ({"bias": "some"}, "bias is 'some'; known are none, all"),
        ({"modules_to_save": ["lm_head"]}, r"modules_to_save is .*lm_head"),
        ({"modules_to_save": "lm_head"}, "modules_to_save is 'lm_head'; only a list"),
        ({"rank_pattern": {"q_proj": 2}}, r"lora_A.weight is float32 \[4, 64\]; rank 2 on .* needs \[2, 64\]"),
        ({"rank_pattern": {"q_proj": 0}}, "rank_pattern is"),
        ({"rank_pattern": [2]}, "rank_pattern is"),
        ({"alpha_pattern": {"q_proj": "2"}}, "alpha_pattern is"),
        ({"alpha_pattern": {"(a+)+": 2}}, "too many ways"),
        ({"alpha_pattern": {"*": 2}}, "is not a regular expression"),
        ({"alpha_pattern": {"q_proj": 2}}, None),
        ({"rank_pattern": {"k_proj": 2}}, None),
        ({"fan_in_fan_out": True}, "fan_in_fan_out is"),
        ({"something_of_2030": "on"}, "something_of_2030 is 'on'"),
        ({"something_of_2030": None}, None),
        ({"init_lora_weights": "pissa_niter_4"}, "trains against a changed base"),
        ({"init_lora_weights": "gaussian"}, None),
        ({"r": 8}, r"lora_A.weight is float32 \[4, 64\]; rank 8 .* needs \[8, 64\]"),
        ({"r": 0}, "r is 0"),
        ({"r": True}, "r is True"),
        ({"r": 10**400}, "r is 1000"),
        ({"lora_alpha": None}, "lora_alpha is None"),
        ({"lora_alpha": 10**400}, "lora_alpha is 1000"),
        ({"lora_alpha": -1}, "alpha is -1"),
        ({"target_modules": ["q_proj", "k_proj", "v_proj"]}, "lists k_proj, q_proj, v_proj"),
        ({"target_modules": ["model.layers.0.self_attn.q_proj", "v_proj"]}, None),
        ({"target_modules": r".*\.(q|v)_proj"}, None),
    ],
)
def test_settings_beyond_a_lora_of_the_kit_are_refused(
    tmp_path: Path, make_base: Make, make_adapter: Make, change: dict[str, Any], what: str | None
) -> None:
    base, folder = make_base(), tmp_path / "peft"
    to_peft(make_adapter(base, 1), folder, "")
    write_json(folder / "adapter_config.json", read_json(folder / "adapter_config.json") | change)
    if what is None:
        assert from_peft(folder, base, tmp_path / "back").settings.target_modules == ".*wq|.*wv"
        return
    with pytest.raises(InputError, match=what):
        from_peft(folder, base, tmp_path / "back")
    assert not (tmp_path / "back" / DESCRIPTION).exists()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda t: {n: v for n, v in t.items() if n != f"{Q}B.weight"}, r"lora_B.weight is missing"),
        (lambda t: {n: v for n, v in t.items() if not n.startswith(Q)}, "not in layer 0"),
        (lambda t: t | {"base_model.model.lm_head.lora_A.weight": np.ones((4, 64), np.float32)}, "lm_head"),
        (lambda t: t | {f"{Q}magnitude_vector": np.ones(64, np.float32)}, "magnitude_vector, for which"),
        (lambda t: t | {f"{Q}B.weight": np.ones((32, 4), np.float32)}, r"\[32, 4\]; rank 4"),
        (lambda t: t | {f"{Q}B.weight": np.ones((64, 4), np.int32)}, "is int32"),
        (lambda t: t | {f"{Q}B.weight": np.full((64, 4), np.nan, np.float32)}, "NaN or infinity"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(
    tmp_path: Path, make_base: Make, make_adapter: Make, change: Callable[[Any], Any], what: str
) -> None:
    base, folder = make_base(), tmp_path / "peft"
    to_peft(make_adapter(base, 1), folder, "")
    tensors = folder / "adapter_model.safetensors"
    write_tensors(tensors, change(arrays(tensors)))
    with pytest.raises(InputError, match=what):
        from_peft(folder, base, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_base_under_other_names_is_refused(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base()
    to_peft(make_adapter(base, 1), tmp_path / "peft", "")
    write_tensors(tmp_path / "hf.safetensors", {"model.embed_tokens.weight": np.ones((3, 4), np.float32)})
    with pytest.raises(InputError, match="convert it first"):
        from_peft(tmp_path / "peft", tmp_path / "hf.safetensors", tmp_path / "back")


def test_command(tmp_path: Path, make_base: Make, make_adapter: Make, capsys: pytest.CaptureFixture[str]) -> None:
    base = make_base()
    words = ["to", str(make_adapter(base, 5)), "--out", str(tmp_path / "peft"), "--base-name", "a/b", "--json"]
    assert run_command(peft.main, words) == 0
    assert json.loads(capsys.readouterr().out)["base_model_name_or_path"] == "a/b"
    words = ["from", str(tmp_path / "peft"), "--base", str(base), "--out", str(tmp_path / "back"), "--step", "5"]
    assert run_command(peft.main, words) == 0
    assert str(tmp_path / "back") in capsys.readouterr().out
    assert run_command(peft.main, [*words[:-1], "-5"]) == 2
    assert "step is -5" in capsys.readouterr().err
    assert run_command(peft.main, ["from", str(tmp_path), *words[2:]]) == 2
    assert "adapter_config.json: cannot be read" in capsys.readouterr().err


MERGE_WITH_PEFT = """
import sys
from peft import PeftModel
from transformers import AutoModelForCausalLM
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype="float32")
model = PeftModel.from_pretrained(model, sys.argv[2])
found = sorted({name.split(".lora_")[0] for name, _ in model.named_parameters() if ".lora_" in name})
print(len(found))
model.merge_and_unload().save_pretrained(sys.argv[3])
"""
TRAIN_WITH_PEFT = """
import sys, torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
torch.manual_seed(0)
model = AutoModelForCausalLM.from_pretrained(sys.argv[1], dtype="float32")
rank_stabilised = len(sys.argv) > 3
model = get_peft_model(model, LoraConfig(r=4, lora_alpha=6, use_rslora=rank_stabilised, task_type="CAUSAL_LM",
                                         target_modules=["q_proj", "k_proj", "gate_proj"]))
for name, parameter in model.named_parameters():
    if "lora_B" in name:
        torch.nn.init.normal_(parameter, std=0.1)
model.save_pretrained(sys.argv[2])
"""


@pytest.mark.slow
def test_peft_itself(
    tmp_path: Path, tiny: Shape, make_base: Make, make_adapter: Make, peft_python: Callable[..., str]
) -> None:
    """Ours loaded and merged by PEFT, and PEFT's merged by the kit: the same weights as the other way round."""
    base = make_base()
    (tmp_path / "tiny.yaml").write_text(MODEL)
    hf = tmp_path / "hf"

    def to_hf(checkpoint: Path, out: Path) -> dict[str, np.ndarray[Any, Any]]:
        words = [checkpoint, "--to", "hf", "--model", tmp_path / "tiny.yaml", "--out", out / "model.safetensors"]
        assert run_command(converting.main, [*map(str, words), "--config", str(out / "config.json")]) == 0
        return arrays(out / "model.safetensors")

    to_hf(base, hf)
    adapter = make_adapter(base, 2, rank=4, alpha=6, targets=".*wq|.*wk|.*wv|.*wo|.*w2")
    to_peft(adapter, tmp_path / "peft", str(hf))
    assert peft_python("-c", MERGE_WITH_PEFT, *map(str, (hf, tmp_path / "peft", tmp_path / "merged"))).strip() == "10"
    merge(base, [adapter], tmp_path / "ours")
    assert_equal(
        arrays(tmp_path / "merged" / "model.safetensors"), to_hf(tmp_path / "ours/step_2.ckpt", tmp_path / "o")
    )

    for mode in ([], ["rank stabilised"]):
        trained, step = tmp_path / f"trained{len(mode)}", 10 + len(mode)
        peft_python("-c", TRAIN_WITH_PEFT, str(hf), str(trained), *mode)
        from_peft(trained, base, tmp_path / "adapter", step=step)
        merge(base, [tmp_path / "adapter"], tmp_path / "ours")
        peft_python("-c", MERGE_WITH_PEFT, str(hf), str(trained), str(tmp_path / "merged"))
        ours = to_hf(tmp_path / f"ours/step_{step}.ckpt", tmp_path / f"o{step}")
        assert_equal(arrays(tmp_path / "merged" / "model.safetensors"), ours)


def assert_equal(one: dict[str, np.ndarray[Any, Any]], other: dict[str, np.ndarray[Any, Any]]) -> None:
    """Equal names, and values as equal as float32 sums in another order are."""
    assert set(one) == set(other)
    for name, values in one.items():
        assert np.abs(values - other[name]).max() <= 2e-6 * max(1.0, float(np.abs(values).max())), name
