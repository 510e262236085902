"""What every method may be given: chosen layers, ranks and alphas by name, tensors of the base trained beside."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools.counting.counts import count_adapter
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.merge import merge
from ckpt_tools.merging.adapter import DESCRIPTION, AdapterInfo, write_adapter
from core.config import load_contest, load_method, names
from core.errors import InputError
from core.files import read_json, sha256_file
from core.methods import all_methods, method_of
from core.methods.linear import layer_numbers
from core.methods.targets import first_match, path_matches
from core.models.llama import Shape, parameter_shapes

SHAPE = Shape(64, 4, 4, 2, 100, 96, qkv_has_bias=True)
NORMS = 2 * 4 * 64 + 64


def parameters(name: str, **given: Any) -> int:
    settings = load_method(name, given)
    return method_of(settings).parameters(settings, SHAPE)


@pytest.mark.parametrize(
    ("layers", "numbers"),
    [("0-3,7", [0, 1, 2, 3, 7]), ("7, 0 - 1", [0, 1, 7]), ([3, 1, 2], [1, 2, 3]), (2, [2]), (["0-1", 1], [0, 1])],
)
def test_layers_are_said_in_a_text_or_a_list(layers: Any, numbers: list[int]) -> None:
    read: Any = load_method("lora_qv", {"layers": layers})
    assert layer_numbers(read.layers) == numbers


@given(st.sets(st.integers(0, 60), min_size=1))
def test_any_layers_survive_their_shortest_text(numbers: set[int]) -> None:
    read: Any = load_method("lora_qv", {"layers": sorted(numbers, reverse=True)})
    assert layer_numbers(read.layers) == sorted(numbers)
    again: Any = load_method("lora_qv", {"layers": read.layers})
    assert again.layers == read.layers


@pytest.mark.parametrize("layers", ["", "3-1", "a", "-1", "1-", "0,,1", "99999", True, [1.5], [[1]], "1" * 5000])
def test_other_layers_are_refused(layers: Any) -> None:
    with pytest.raises(InputError, match="layers"):
        load_method("lora_qv", {"layers": layers})


@pytest.mark.parametrize("name", [name for name in names("methods") if "norms" not in name])
def test_each_layer_counts_by_itself_and_norms_come_on_top(name: str) -> None:
    settings = load_method(name)
    shared = sum(math.prod(shape) for shape in method_of(settings).frozen(settings, SHAPE).values())
    one, three, every = (parameters(name, layers=layers) for layers in ("2", "0-1,3", None))
    assert one + three == every
    assert parameters(name, layers="2", also_train=["norms"]) == one + NORMS
    held = method_of(settings).all_tensors(load_method(name, {"layers": "2", "also_train": ["norms"]}), SHAPE)
    layers = {tensor.split(".")[2] for tensor in held if "norm" not in tensor and ".layers." in tensor}
    assert layers == {"2"}
    assert shared >= 0


def test_a_layer_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match="layers name 4; the model has layers 0 to 3"):
        parameters("lora_qv", layers="2-4")


def test_ranks_by_name_are_counted() -> None:
    rank = {"layers.0.attention.wq": 2, "wv": 16}
    # q: 64 -> 64, v: 64 -> 32.
    wanted = (2 + 3 * 8) * (64 + 64) + 4 * 16 * (64 + 32)
    assert parameters("lora_qv", rank_pattern=rank) == wanted
    assert parameters("rslora_qv", rank=8, rank_pattern=rank) == wanted
    assert parameters("lora_fa_qv", rank_pattern=rank) == (2 + 3 * 8) * 64 + 4 * 16 * 32
    settings: Any = load_method("rslora_qv", {"rank_pattern": {"wv": 4}, "alpha_pattern": {"layers.1.*": 6}})
    assert settings.local("model.layers.1.attention.wv").scaling == 6 / 2
    assert settings.local("model.layers.0.attention.wv").scaling == 16 / 2
    assert settings.local("model.layers.1.attention.wq").scaling == 6 / 8
    assert method_of(settings).size(settings) == "ranks 4 to 64"


def test_a_pattern_matches_whole_words_of_a_name_and_the_first_counts() -> None:
    path = "model.layers.11.attention.wq"
    for pattern in ("wq", "attention.wq", path, r"layers\.\d+\.attention\.w[qk]", ".*"):
        assert path_matches(pattern, path), pattern
    for pattern in ("q", "w", "ttention.wq", "layers.1", "layers.1.attention.wq", "model", ""):
        assert not path_matches(pattern, path), pattern
    assert first_match({"wk": 1, "wq": 2, ".*": 3}, path, 9) == 2
    assert first_match({"wk": 1}, path, 9) == 9


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"rank_pattern": {"wz": 2}}, "rank_pattern: 'wz' matches none of the layers"),
        ({"rank_pattern": {"wk": 2}}, "rank_pattern: 'wk' matches none of the layers"),
        ({"layers": "0", "alpha_pattern": {"layers.1.*": 2.0}}, "alpha_pattern: 'layers.1.*' matches none"),
        ({"rank_pattern": {"wq": 0}}, "rank_pattern"),
        ({"rank_pattern": {"wq": 2.5}}, "rank_pattern"),
        ({"alpha_pattern": {"wq": -1.0}}, "alpha_pattern"),
        ({"rank_pattern": {"(a+)+": 1}}, "too many ways"),
        ({"rank_pattern": {"*": 1}}, "is not a regular expression"),
        ({"also_train": ["norm"]}, "'norm' is none of norms, biases, target_biases, nor the end of a tensor's name"),
        ({"also_train": ["nothing.weight"]}, "'nothing.weight' chooses no tensor of this model"),
        ({"also_train": ["wq.weight"]}, "also_train chooses model.layers.0.attention.wq.weight, which LoRA changes"),
    ],
)
def test_settings_that_choose_nothing_or_twice_are_refused(given: dict[str, Any], what: str) -> None:
    with pytest.raises(InputError) as refused:
        parameters("lora_qv", **given)
    assert what in str(refused.value)


def test_settings_that_are_not_given_stand_nowhere(tmp_path: Path) -> None:
    assert set(load_method("lora_qv").model_dump()) == {"name", "type", "rank", "alpha", "dropout", "target_modules"}
    plain = AdapterInfo(load_method("lora_qv"), "0" * 64, 1, "m").content()
    assert (plain["schema"], set(plain)) == (
        1,
        {"method", "rank", "alpha", "targets", "base_sha256", "step", "model", "schema"},
    )
    assert AdapterInfo(load_method("lora_qv", {"layers": "1"}), "0" * 64, 1, "m").content()["schema"] == 2


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_what_is_trained_in_full_replaces_the_base_s_to_the_bit_and_is_counted(tmp_path: Path, dtype: str) -> None:
    random = np.random.default_rng(0)
    weights = {name: random.standard_normal(size).astype(dtype) for name, size in parameter_shapes(SHAPE).items()}
    base = tmp_path / "base.ckpt"
    write_tensors(base, weights)
    settings = load_method("lora_qv", {"layers": "1", "also_train": ["norms", "biases", "lm_head.weight"]})
    made = method_of(settings)
    held = {name: random.standard_normal(size).astype("f4") for name, size in made.all_tensors(settings, SHAPE).items()}
    adapter = tmp_path / "adapter"
    write_adapter(adapter, held, AdapterInfo(settings, sha256_file(base), 3, "tiny"))
    trained, frozen = count_adapter(adapter)
    assert (trained.value, frozen.value) == (made.parameters(settings, SHAPE), 0)
    (manifest,) = merge(base, [adapter], tmp_path / "out")
    assert manifest["error_share"] <= 1
    with open_tensors(tmp_path / "out" / "step_3.ckpt") as merged:
        for name, values in weights.items():
            if name in held:
                assert merged.read(name).tobytes() == held[name].astype(dtype).tobytes()
            elif not name.startswith(("model.layers.1.attention.wq", "model.layers.1.attention.wv")):
                assert merged.read(name).tobytes() == values.tobytes()
    del held["lm_head.weight"]
    write_adapter(tmp_path / "less", held, AdapterInfo(settings, sha256_file(base), 4, "tiny"))
    with pytest.raises(InputError, match=r"name lm_head.weight, but its pair is missing"):
        merge(base, [tmp_path / "less"], tmp_path / "out")
    assert read_json(adapter / DESCRIPTION)["settings"]["also_train"] == ["norms", "biases", "lm_head.weight"]


def test_lora_plus_has_two_learning_rates(tmp_path: Path) -> None:
    from backend.versions import version

    config = load_contest("practice_math", ["method=lora_plus_qv", "method.lr_ratio=4", "train.learning_rate=0.001"])
    yaml = version("v1_9").finetune_yaml(config, tmp_path, tmp_path, None, [1])
    schedule = yaml["grouped_lr_schedule"]
    assert schedule["default"] == yaml["lr_schedule"]
    (group,) = schedule["grouped"]
    assert group["params"] == ["*mindpet_delta_lora_b"]
    assert (group["learning_rate"], schedule["default"]["learning_rate"]) == (0.004, 0.001)
    assert group["lr_end"] == 4 * schedule["default"]["lr_end"]
    assert method_of(config.method).rates(config.method, 0.001) == {"lora_b": 0.004}
    assert [made.title for made in all_methods() if made.since] == ["LoRA+"]


@pytest.mark.parametrize("name", names("methods"))
def test_what_a_method_costs_is_told_for_each(name: str) -> None:
    from eval_accuracy.contest_score.what_if import what_if

    config = load_contest("practice_math", [f"method={name}"])
    first = what_if(config.model, config.method, config.rules, 0.5)[0]
    assert first["trainable"] == method_of(config.method).parameters(config.method, config.model)
    assert 0 < first["ratio"] < 1
    assert first["score"] > 0
