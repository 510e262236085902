"""Methods with cells of their own: the network with them is the merged one, and begins as the base's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.merging.adapter import AdapterInfo, write_adapter
from ckpt_tools.verify import verify
from core.config import load_method, names
from core.files import sha256_file
from core.methods import method_of
from core.models.llama import Shape, parameter_shapes

pytestmark = [pytest.mark.mindspore, pytest.mark.slow]
METHODS = names("methods")
WITH_CELLS = [name for name in METHODS if method_of(load_method(name)).cells]
# Biases beside query, key, value and output, as InternLM has them; widths that differ.
BIASED = Shape(64, 2, 4, 2, 100, 96, qkv_has_bias=True, attn_proj_has_bias=True)
PLAIN = Shape(64, 2, 4, 2, 100, 96)
EVERYWHERE = {"target_modules": "w[qkvo123]$"}
PROMPTS = [[1, 5, 9, 30], [7] * 32]


def random_base(path: Path, shape: Shape) -> Path:
    random = np.random.default_rng(0)
    weights = {
        name: (random.standard_normal(size) / np.sqrt(size[-1])).astype("f4")
        for name, size in parameter_shapes(shape).items()
    }
    write_tensors(path, weights)
    return path


def random_adapter(folder: Path, settings: Any, shape: Shape, base: Path) -> Path:
    random = np.random.default_rng(1)
    arrays = {
        name: (0.3 * random.standard_normal(size) + (len(size) == 1)).astype("f4")
        for name, size in method_of(settings).all_tensors(settings, shape).items()
    }
    write_adapter(folder, arrays, AdapterInfo(settings, sha256_file(base), 3, "tiny"))
    return folder


@pytest.mark.parametrize("shape", [PLAIN, BIASED], ids=["plain", "biased"])
@pytest.mark.parametrize("name", METHODS)
def test_base_with_adapter_is_the_merged_model(name: str, shape: Shape, tmp_path: Path) -> None:
    check_merged(load_method(name, EVERYWHERE), shape, tmp_path)


@pytest.mark.parametrize("name", METHODS)
def test_on_chosen_layers_with_the_norms_beside_too(name: str, tmp_path: Path) -> None:
    given = {"layers": "0" if "norms" in name else "1", "also_train": ["norms", "lm_head.weight"]}
    settings = load_method(name, given)
    names_of = method_of(settings).all_tensors(settings, PLAIN)
    assert not any(
        ".layers." in one and f".layers.{given['layers']}." not in one and "norm" not in one for one in names_of
    )
    check_merged(settings, PLAIN, tmp_path)


@pytest.mark.parametrize("name", ["lora_qv", "rslora_qv", "lora_fa_qv", "lora_plus_qv", "dora_qv", "pissa_qv"])
def test_with_ranks_and_alphas_by_name(name: str, tmp_path: Path) -> None:
    patterns = {"rank_pattern": {"layers.0.attention.wq": 2, "w[13]": 5}, "alpha_pattern": {"wv": 3.0, "w1": 30.0}}
    check_merged(load_method(name, {**EVERYWHERE, **patterns, "also_train": ["target_biases"]}), BIASED, tmp_path)


def check_merged(settings: Any, shape: Shape, tmp_path: Path) -> None:
    base = random_base(tmp_path / "base.ckpt", shape)
    adapter = random_adapter(tmp_path / "adapter", settings, shape, base)
    (manifest,) = merge(base, [adapter], tmp_path / "out")
    assert manifest["error_share"] <= 1
    config = {**vars(shape), "seq_length": 32}
    (result,) = verify(base, [(adapter, tmp_path / "out" / "step_3.ckpt")], config, PROMPTS)
    assert result["relative"] < 1e-5
    assert result["base_difference"] > 1000 * result["max_difference"]


@pytest.mark.parametrize("name", WITH_CELLS)
def test_a_network_begins_as_its_base(name: str, tmp_path: Path) -> None:
    from backend.network import Network
    from core.models import family_of

    settings = load_method(name, EVERYWHERE)
    base = random_base(tmp_path / "base.ckpt", BIASED)
    rows = np.array([[1, 5, 9, 30] * 8], np.int32)
    network = Network({**vars(BIASED), "seq_length": 32}, family_of(BIASED))
    with open_tensors(base) as weights:
        network.load({one: weights[one].shape for one in weights}, weights.read, "base")
        plain = network.logits(rows, [32])
        network.adapt(settings)
        network.begin(weights, weights.read)
    np.testing.assert_allclose(network.logits(rows, [32]), plain, rtol=0, atol=1e-5 * np.abs(plain).max())
