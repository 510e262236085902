"""DoRA, IA3, PiSSA and VeRA in PEFT's form: its names and settings, written and read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.merging.adapter import TENSORS, AdapterInfo, write_adapter
from ckpt_tools.peft import from_peft, to_peft
from core.config import load_method
from core.errors import InputError
from core.files import read_json, sha256_file, write_json
from core.methods import method_of
from core.models.llama import Shape, parameter_shapes

SHAPE = Shape(64, 2, 4, 2, 100, 96, qkv_has_bias=True)
FILE, CONFIG = "adapter_model.safetensors", "adapter_config.json"
Arrays = dict[str, np.ndarray[Any, Any]]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    shapes = parameter_shapes(SHAPE).items()
    write_tensors(tmp_path / "base.ckpt", {name: random.standard_normal(size).astype("f4") for name, size in shapes})
    return tmp_path / "base.ckpt"


def written(tmp_path: Path, base: Path, name: str) -> tuple[Path, Path, dict[str, Any]]:
    """Return the kit's adapter, PEFT's folder made of it, and that one's configuration."""
    settings = load_method(name)
    random = np.random.default_rng(1)
    arrays = {
        one: random.standard_normal(size).astype("f4")
        for one, size in method_of(settings).tensors(settings, SHAPE).items()
    }
    adapter, folder = tmp_path / "adapter", tmp_path / "peft"
    write_adapter(adapter, arrays, AdapterInfo(settings, sha256_file(base), 3, "tiny"))
    return adapter, folder, to_peft(adapter, folder, "some/base")


def arrays(path: Path) -> Arrays:
    with open_tensors(path) as tensors:
        return {name: tensors.read(name) for name in tensors}


def endings(folder: Path) -> dict[str, set[tuple[int, ...]]]:
    """Return what the tensors are called below their modules -> shapes."""
    found: dict[str, set[tuple[int, ...]]] = {}
    for name, values in arrays(folder / FILE).items():
        ending = name.partition("_proj.")[2] or name
        found.setdefault(ending, set()).add(values.shape)
    return found


@pytest.mark.parametrize(
    ("name", "entries", "tensors"),
    [
        (
            "dora_qv",
            {"peft_type": "LORA", "use_dora": True, "r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]},
            {
                "lora_A.weight": {(8, 64)},
                "lora_B.weight": {(64, 8), (32, 8)},
                "lora_magnitude_vector": {(64,), (32,)},
            },
        ),
        (
            "ia3_kv2",
            {
                "peft_type": "IA3",
                "target_modules": ["down_proj", "k_proj", "v_proj"],
                "feedforward_modules": ["down_proj"],
            },
            {"ia3_l": {(1, 96), (32, 1)}},
        ),
        (
            "vera_qv",
            {"peft_type": "VERA", "r": 256, "save_projection": True, "projection_prng_key": 0, "d_initial": 0.1},
            {
                "vera_lambda_d": {(256,)},
                "vera_lambda_b": {(64,), (32,)},
                "base_model.vera_A": {(256, 64)},
                "base_model.vera_B": {(64, 256)},
                "base_model.vera_A.default": {(256, 64)},
                "base_model.vera_B.default": {(64, 256)},
            },
        ),
    ],
)
def test_an_adapter_goes_to_peft_and_comes_back_to_the_bit(
    tmp_path: Path, base: Path, name: str, entries: dict[str, Any], tensors: dict[str, Any]
) -> None:
    adapter, folder, config = written(tmp_path, base, name)
    assert entries.items() <= config.items()
    assert endings(folder) == tensors
    info = from_peft(folder, base, tmp_path / "back", step=3, model="tiny")
    assert (tmp_path / "back" / TENSORS).read_bytes() == (adapter / TENSORS).read_bytes()
    was, now = load_method(name).model_dump(), info.settings.model_dump()
    for free in ("name", "dropout"):  # neither is said by what PEFT's folder holds for asking a model
        was.pop(free, None), now.pop(free, None)
    assert now == was


@pytest.mark.parametrize(
    ("adapter", "vector"),
    [
        ("", "lora_magnitude_vector.weight"),
        (".mine", "lora_magnitude_vector.mine"),
        (".mine", "lora_magnitude_vector.mine.weight"),
    ],
)
def test_dora_is_read_by_all_names_that_peft_has_had(tmp_path: Path, base: Path, adapter: str, vector: str) -> None:
    kept, folder, _ = written(tmp_path, base, "dora_qv")
    renamed = {
        name.replace(".weight", f"{adapter}.weight").replace("lora_magnitude_vector", vector): values
        for name, values in arrays(folder / FILE).items()
    }
    write_tensors(folder / FILE, renamed)
    from_peft(folder, base, tmp_path / "back", step=3, model="tiny")
    assert (tmp_path / "back" / TENSORS).read_bytes() == (kept / TENSORS).read_bytes()


def test_rslora_and_dora_together_are_read(tmp_path: Path, base: Path) -> None:
    _, folder, config = written(tmp_path, base, "dora_qv")
    write_json(folder / CONFIG, config | {"use_rslora": True})
    settings: Any = from_peft(folder, base, tmp_path / "back").settings
    assert settings.scaling == pytest.approx(16 / np.sqrt(8))


def test_pissa_is_a_lora_of_twice_the_rank_at_peft(tmp_path: Path, base: Path) -> None:
    adapter, folder, config = written(tmp_path, base, "pissa_qv")
    assert (config["r"], config["lora_alpha"], config["init_lora_weights"]) == (16, 16, True)
    info = from_peft(folder, base, tmp_path / "back", step=3)
    assert info.settings.type == "lora"
    merge(base, [adapter], tmp_path / "pissa")
    merge(base, [tmp_path / "back"], tmp_path / "lora")
    one, other = arrays(tmp_path / "pissa" / "step_3.ckpt"), arrays(tmp_path / "lora" / "step_3.ckpt")
    assert one.keys() == other.keys()
    for name, values in one.items():
        np.testing.assert_allclose(values, other[name], rtol=0, atol=2e-5)
    assert (
        np.abs(one["model.layers.0.attention.wq.weight"] - arrays(base)["model.layers.0.attention.wq.weight"]).max() > 1
    )


@pytest.mark.parametrize(
    ("name", "entries", "what"),
    [
        ("vera_qv", {"save_projection": False}, "follow from PyTorch's random numbers alone"),
        ("vera_qv", {"r": 0}, "r is '0'"),
        ("vera_qv", {"r": 64}, r"vera_lambda_d is float32 \[256\]; rank 64 .* needs \[64\]"),
        ("vera_qv", {"projection_prng_key": -1}, "projection_prng_key is '-1'"),
        ("vera_qv", {"d_initial": None}, "d_initial is 'None'"),
        ("vera_qv", {"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ("ia3_kv2", {"feedforward_modules": ".*down_proj"}, "only a list of names is read"),
        (
            "ia3_kv2",
            {"feedforward_modules": ["v_proj"]},
            r"v_proj.ia3_l is float32 \[32, 1\]|down_proj.ia3_l is float32",
        ),
        ("ia3_kv2", {"fan_in_fan_out": True}, "fan_in_fan_out is 'True', which an IA3 of the kit cannot express"),
        (
            "dora_qv",
            {"rank_pattern": {"q_proj": 4}},
            r"lora_A.weight is float32 .* rank 4 on .*wq.weight .* needs \[4, 64\]",
        ),
        ("dora_qv", {"init_lora_weights": "pissa"}, "trains against a changed base"),
    ],
)
def test_what_the_kit_cannot_express_is_refused(
    tmp_path: Path, base: Path, name: str, entries: dict[str, Any], what: str
) -> None:
    _, folder, config = written(tmp_path, base, name)
    write_json(folder / CONFIG, read_json(folder / CONFIG) | entries)
    with pytest.raises(InputError, match=what):
        from_peft(folder, base, tmp_path / "back")


def test_a_vera_without_its_matrices_is_refused(tmp_path: Path, base: Path) -> None:
    _, folder, _ = written(tmp_path, base, "vera_qv")
    held = {name: values for name, values in arrays(folder / FILE).items() if "vera_B" not in name}
    write_tensors(folder / FILE, held)
    with pytest.raises(InputError, match="base_model.vera_B is missing"):
        from_peft(folder, base, tmp_path / "back")
