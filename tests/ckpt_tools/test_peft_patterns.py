"""Adapters with ranks and alphas by name and with whole tensors, in files as PEFT writes them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.merging.adapter import TENSORS, read_info
from ckpt_tools.peft import from_peft, to_peft
from core.errors import InputError
from core.files import read_json, write_json

Make = Callable[..., Path]
Arrays = dict[str, np.ndarray[Any, Any]]
FILE, CONFIG = "adapter_model.safetensors", "adapter_config.json"
# The modules of conftest's tiny model: PEFT's name, the kit's name, outputs, inputs.
MODULES = {
    "self_attn.q_proj": ("attention.wq", 64, 64),
    "self_attn.v_proj": ("attention.wv", 32, 64),
    "mlp.down_proj": ("feed_forward.w2", 64, 96),
}
PLACES = list(itertools.product((0, 1), MODULES))


def arrays(path: Path) -> Arrays:
    with open_tensors(path) as tensors:
        return {name: tensors.read(name) for name in tensors}


def peft_folder(folder: Path, ranks: dict[tuple[int, str], int], whole: Arrays, **config: Any) -> Path:
    """Write an adapter as `PeftModel.save_pretrained` does: A [rank, in], B [out, rank], whole tensors as they are."""
    random = np.random.default_rng(5)
    tensors: Arrays = {}
    for (layer, module), rank in ranks.items():
        _, outputs, inputs = MODULES[module]
        place = f"base_model.model.model.layers.{layer}.{module}"
        tensors[f"{place}.lora_A.weight"] = random.standard_normal((rank, inputs)).astype("f4")
        tensors[f"{place}.lora_B.weight"] = random.standard_normal((outputs, rank)).astype("f4")
    tensors |= {f"base_model.model.{name}": values for name, values in whole.items()}
    folder.mkdir()
    write_tensors(folder / FILE, tensors)
    usual = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "some/base", "bias": "none", "r": 4,
        "lora_alpha": 8, "lora_dropout": 0.0, "use_rslora": False, "use_dora": False, "fan_in_fan_out": False,
        "target_modules": sorted({module.split(".")[1] for _, module in ranks}), "rank_pattern": {},
        "alpha_pattern": {}, "modules_to_save": None, "layers_to_transform": None, "layers_pattern": None,
        "init_lora_weights": True, "inference_mode": True, "peft_version": "0.17.1", "revision": None,
    }  # fmt: skip
    write_json(folder / CONFIG, usual | config)
    return folder


def expected(base: Arrays, folder: Path, scaling: dict[tuple[int, str], float], whole: Arrays) -> Arrays:
    """Return base + scaling · B A, reckoned from PEFT's file alone; whole tensors (the kit's name) take its place."""
    tensors, merged = arrays(folder / FILE), dict(base)
    for (layer, module), factor in scaling.items():
        place, name = f"base_model.model.model.layers.{layer}.{module}", f"model.layers.{layer}.{MODULES[module][0]}"
        a, b = (tensors[f"{place}.lora_{side}.weight"].astype("f8") for side in "AB")
        merged[f"{name}.weight"] = base[f"{name}.weight"] + factor * (b @ a)
    return merged | whole


def assert_merged(merged: Arrays, wanted: Arrays) -> None:
    assert merged.keys() == wanted.keys()
    for name, values in wanted.items():
        np.testing.assert_allclose(merged[name], values, rtol=0, atol=1e-4, err_msg=name)


RANKS = dict.fromkeys(PLACES, 4)
CASES: dict[str, tuple[dict[tuple[int, str], int], dict[tuple[int, str], float], dict[str, Any]]] = {
    "a module in all layers": (
        RANKS | {(layer, "self_attn.v_proj"): 2 for layer in (0, 1)},
        dict.fromkeys(PLACES, 8 / 4) | {(layer, "self_attn.v_proj"): 8 / 2 for layer in (0, 1)},
        {"rank_pattern": {"v_proj": 2}},
    ),
    "one place by its full name": (
        RANKS | {(1, "self_attn.q_proj"): 7},
        dict.fromkeys(PLACES, 8 / 4) | {(1, "self_attn.q_proj"): 8 / 7},
        {"rank_pattern": {"model.layers.1.self_attn.q_proj": 7}},
    ),
    "a regular expression": (
        RANKS | {(layer, module): 3 for layer, module in PLACES if module != "mlp.down_proj"},
        dict.fromkeys(PLACES, 8 / 4)
        | {(layer, module): 8 / 3 for layer, module in PLACES if module != "mlp.down_proj"},
        {"rank_pattern": {r".*self_attn\.(q|v)_proj": 3}},
    ),
    "the first of two that match": (
        RANKS | {(0, "self_attn.q_proj"): 2, (1, "self_attn.q_proj"): 6},
        dict.fromkeys(PLACES, 8 / 4) | {(0, "self_attn.q_proj"): 8 / 2, (1, "self_attn.q_proj"): 8 / 6},
        {"rank_pattern": {"layers.0.self_attn.q_proj": 2, "q_proj": 6}},
    ),
    "alphas alone": (
        RANKS,
        dict.fromkeys(PLACES, 8 / 4) | {(0, "mlp.down_proj"): 1.5 / 4},
        {"alpha_pattern": {"layers.0.mlp.down_proj": 1.5}},
    ),
    "ranks and alphas": (
        RANKS | {(layer, "mlp.down_proj"): 1 for layer in (0, 1)},
        dict.fromkeys(PLACES, 8 / 4) | {(0, "mlp.down_proj"): 32 / 1, (1, "mlp.down_proj"): 32 / 1},
        {"rank_pattern": {"down_proj": 1}, "alpha_pattern": {"down_proj": 32}},
    ),
    "rank-stabilised": (
        RANKS | {(layer, "self_attn.v_proj"): 9 for layer in (0, 1)},
        dict.fromkeys(PLACES, 8 / 4**0.5) | {(layer, "self_attn.v_proj"): 8 / 9**0.5 for layer in (0, 1)},
        {"rank_pattern": {"v_proj": 9}, "use_rslora": True},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_ranks_and_alphas_by_name_are_read_merged_and_written_back(tmp_path: Path, make_base: Make, case: str) -> None:
    ranks, scaling, config = CASES[case]
    base = make_base()
    folder = peft_folder(tmp_path / "peft", ranks, {}, **config)
    info = from_peft(folder, base, tmp_path / "adapter", step=3, model="tiny")
    merge(base, [tmp_path / "adapter"], tmp_path / "merged")
    wanted = expected(arrays(base), folder, scaling, {})
    assert_merged(arrays(tmp_path / "merged" / "step_3.ckpt"), wanted)
    to_peft(tmp_path / "adapter", tmp_path / "again", "some/base")
    before, after = arrays(folder / FILE), arrays(tmp_path / "again" / FILE)
    assert before.keys() == after.keys()
    assert all(values.tobytes() == after[name].tobytes() for name, values in before.items())
    # What PEFT is told back means the same: read again it is the same adapter.
    again = from_peft(tmp_path / "again", base, tmp_path / "back", step=3, model="tiny")
    assert (tmp_path / "back" / TENSORS).read_bytes() == (tmp_path / "adapter" / TENSORS).read_bytes()
    assert again.settings == info.settings == read_info(tmp_path / "back").settings


def whole_tensors() -> tuple[Arrays, Arrays]:
    """Return whole tensors under PEFT's names, and the same under the kit's."""
    random = np.random.default_rng(9)
    values = {
        "lm_head.weight": ("lm_head.weight", (100, 64)),
        "model.norm.weight": ("model.norm_out.weight", (64,)),
        "model.layers.0.input_layernorm.weight": ("model.layers.0.attention_norm.weight", (64,)),
        "model.layers.1.input_layernorm.weight": ("model.layers.1.attention_norm.weight", (64,)),
    }
    made = {name: random.standard_normal(shape).astype("f4") for name, (_, shape) in values.items()}
    return made, {own: made[name] for name, (own, _) in values.items()}


def test_whole_tensors_beside_ranks_by_name(tmp_path: Path, make_base: Make) -> None:
    theirs, ours = whole_tensors()
    ranks = {place: 2 if place[0] else 4 for place in PLACES}
    modules = ["lm_head", "model.norm", "input_layernorm"]
    base = make_base()
    folder = peft_folder(
        tmp_path / "peft", ranks, theirs, rank_pattern={r"model\.layers\.1\..*": 2}, modules_to_save=modules
    )
    info = from_peft(folder, base, tmp_path / "adapter", step=5, model="tiny")
    held = arrays(tmp_path / "adapter" / TENSORS)
    assert all(held[name].tobytes() == values.tobytes() for name, values in ours.items())
    merge(base, [tmp_path / "adapter"], tmp_path / "merged")
    scaling = {place: 8 / rank for place, rank in ranks.items()}
    assert_merged(arrays(tmp_path / "merged" / "step_5.ckpt"), expected(arrays(base), folder, scaling, ours))
    config = to_peft(tmp_path / "adapter", tmp_path / "again", "some/base")
    assert sorted(config["modules_to_save"]) == sorted(read_json(tmp_path / "again" / CONFIG)["modules_to_save"])
    before, after = arrays(folder / FILE), arrays(tmp_path / "again" / FILE)
    assert {name: values.tobytes() for name, values in before.items()} == {
        name: values.tobytes() for name, values in after.items()
    }
    again = from_peft(tmp_path / "again", base, tmp_path / "back", step=5, model="tiny")
    assert again.settings == info.settings
    assert (tmp_path / "back" / TENSORS).read_bytes() == (tmp_path / "adapter" / TENSORS).read_bytes()


@pytest.mark.parametrize(
    ("gone", "changed", "what"),
    [
        ("lm_head.weight", {}, "lm_head"),
        (
            "",
            {"modules_to_save": ["lm_head", "model.norm", "input_layernorm", "post_attention_layernorm"]},
            "post_attention",
        ),
        ("", {"rank_pattern": {"layers.1.self_attn.q_proj": 3}}, "rank 3"),
    ],
)
def test_a_file_that_does_not_hold_what_its_configuration_says_is_refused(
    tmp_path: Path, make_base: Make, gone: str, changed: dict[str, Any], what: str
) -> None:
    theirs, _ = whole_tensors()
    held = {name: values for name, values in theirs.items() if name != gone}
    config = {"modules_to_save": ["lm_head", "model.norm", "input_layernorm"]} | changed
    folder = peft_folder(tmp_path / "peft", dict(RANKS), held, **config)
    with pytest.raises(InputError, match=what):
        from_peft(folder, make_base(), tmp_path / "back")
    assert not (tmp_path / "back" / TENSORS).exists()
