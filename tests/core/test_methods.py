"""What holds of every tuning method: counts, names, report line, adapter.json, the update, MindFormers' own network."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools.formats.tensor_file import TensorInfo
from ckpt_tools.merging.adapter import AdapterInfo, read_info
from ckpt_tools.merging.arithmetic import RowSum, base_rows, random_vector
from core.config import load_contest, load_method, load_model, names
from core.errors import InputError
from core.files import write_json
from core.methods import MethodConfig, all_methods, method, method_of
from core.models.llama import Shape
from core.registry import METHODS

SHAPE = Shape(64, 2, 4, 2, 100, 96)
Array = np.ndarray[Any, np.dtype[np.float64]]
# Formulas as their papers have them: settings, parts, W [out, in] -> W'. A method that is not here is held to its own
# update, worked out in float64 and not block by block.
BY_DEFINITION: dict[str, Callable[[Any, dict[str, Array], Array], Array]] = {
    "lora": lambda settings, parts, w: w + settings.alpha / settings.rank * parts["b"] @ parts["a"],
    "lora_plus": lambda settings, parts, w: w + settings.alpha / settings.rank * parts["b"] @ parts["a"],
    "lora_fa": lambda settings, parts, w: w + settings.alpha / settings.rank * parts["b"] @ parts["a"],
    "rslora": lambda settings, parts, w: w + settings.alpha / math.sqrt(settings.rank) * parts["b"] @ parts["a"],
    "ia3": lambda settings, parts, w: np.diag(parts["l"]) @ w,
}


def test_every_method_has_a_yaml() -> None:
    assert {load_method(name).type for name in names("methods")} == set(METHODS.names())


@pytest.mark.parametrize("name", names("methods"))
def test_trained_parameters_are_those_of_the_trained_tensors_and_frozen_ones_stand_apart(name: str) -> None:
    settings, model = load_method(name), load_model("practice")
    made = method_of(settings)
    trained, frozen = made.trained(settings, model), made.frozen(settings, model)
    assert made.parameters(settings, model) == sum(math.prod(shape) for shape in trained.values()) > 0
    assert not set(trained) & set(frozen)
    assert trained | frozen == made.all_tensors(settings, model)
    own = made.tensors(settings, model)
    assert all(made.owns(tensor) == (tensor in own) for tensor in trained | frozen)
    assert not any(made.owns(tensor) for tensor in ("model.layers.0.attention.wq.weight", "lm_head.weight"))


@pytest.mark.parametrize("name", names("methods"))
def test_the_report_line_names_method_and_size(name: str) -> None:
    settings = load_method(name)
    made = method_of(settings)
    line = made.line(settings, 20_480)
    for part in (made.title, made.size(settings), "20,480"):
        assert part in line
    assert "\n" not in line
    assert set(made.idea) == {"en", "zh"}
    assert made.formula.startswith("W' = ")


@pytest.mark.parametrize("name", names("methods"))
def test_changes_name_exactly_the_weights_that_the_settings_choose(name: str) -> None:
    from core.models import family_of

    settings = load_method(name)
    made, family = method_of(settings), family_of(SHAPE)
    base = family.parameter_shapes(SHAPE)
    changes = made.changes(settings, made.tensors(settings, SHAPE))
    assert list(changes) == [one for one in base if one in changes]
    assert sorted(changes) == sorted(made.targets(settings, family, base))
    changes = made.all_changes(settings, made.all_tensors(settings, SHAPE))
    assert sorted(changes) == sorted(made.all_targets(settings, family, base))
    used = {part for change in changes.values() for part in change.parts.values()}
    assert used == set(made.all_tensors(settings, SHAPE))


@pytest.mark.parametrize("name", names("methods"))
def test_adapter_json_survives_a_round_trip(name: str, tmp_path: Path) -> None:
    info = AdapterInfo(load_method(name), "0" * 64, 7, "practice")
    write_json(tmp_path / "adapter.json", info.content())
    read = read_info(tmp_path)
    assert read.content() == info.content()
    assert read.method is info.method
    assert (read.base_sha256, read.step, read.model) == ("0" * 64, 7, "practice")


def test_both_schemas_of_adapter_json_are_read(tmp_path: Path) -> None:
    settings = {"rank": 4, "alpha": 8, "targets": ".*wq"}
    facts = {"base_sha256": "0" * 64, "step": 1, "model": "m"}
    (tmp_path / "adapter.json").write_text(json.dumps({"method": "lora", **settings, **facts, "schema": 1}))
    first = read_info(tmp_path)
    apart = {"rank": 4, "alpha": 8, "target_modules": ".*wq"}
    second = {"method": "lora", "settings": apart, **facts, "schema": 2}
    (tmp_path / "adapter.json").write_text(json.dumps(second))
    assert read_info(tmp_path) == first
    for wrong, what in (
        ({"settings": apart | {"rank": 0}}, "rank is 0"),
        ({"settings": apart | {"rnk": 1}}, "rnk is 1"),
        ({"settings": [1]}, "must be a JSON object"),
        ({"schema": 3}, "schema 3; this version of the kit reads schema 1 and 2"),
    ):
        (tmp_path / "adapter.json").write_text(json.dumps(second | wrong))
        with pytest.raises(InputError, match=what):
            read_info(tmp_path)


def by_its_own_update(settings: Any, parts: dict[str, Array], w: Array) -> Array:
    """Return W' as the method's own update makes it of the whole weight at once, in float64."""
    delta = np.full_like(w, np.nan)
    method_of(settings).update(settings, parts).delta(0, w, delta)
    return w + delta


def check_update(settings: Any, seed: int, out: int, into: int, step: int, size: float) -> None:
    """Sum a random update block by block; compare it with its definition, and see what the numeric check says."""
    made = method_of(settings)
    random = np.random.default_rng(seed)
    w = random.standard_normal((out, into)).astype(np.float32)
    parts = {
        role: (random.standard_normal(shape) * size).astype(np.float32)
        for role, shape in made.part_shapes(settings, out, into).items()  # type: ignore[attr-defined]
    }
    summed = RowSum(
        TensorInfo("w", "float32", w.shape), made.update(settings, parts), "float32", random_vector("w", into)
    )
    blocks = [base_rows(w[at : at + step], at, "float32", "float32") for at in range(0, out, step)]
    merged = np.concatenate([summed.add(rows).copy() for rows in blocks])
    wide = {role: values.astype(np.float64) for role, values in parts.items()}
    wanted = BY_DEFINITION.get(settings.type, by_its_own_update)(settings, wide, w.astype(np.float64))
    # float32 sums of that many terms, of the sizes that stand in them.
    scale = np.abs(w).max() + np.abs(wanted).max() + into * size**2
    assert np.abs(merged - wanted).max() <= 1e-5 * scale
    assert summed.worst <= 1
    assert summed.finite
    assert summed.changed == np.count_nonzero(merged != w) or summed.absorbed > 0 or size == 0
    again = made.update(settings, parts).product(0, w, summed.x)
    np.testing.assert_allclose(again.values, (wanted - w) @ summed.x, rtol=1e-6, atol=1e-6 * scale * 2.0**-20)
    assert (again.norms >= np.linalg.norm(wanted - w, axis=1) * (1 - 1e-6) - 1e-12).all()


@given(
    st.sampled_from([load_method(name) for name in names("methods")]),
    st.integers(0, 1000),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([0.0, 1e-6, 1e-3, 0.1, 1.0]),
)
def test_the_update_is_the_method_by_definition(
    settings: Any, seed: int, out: int, into: int, step: int, size: float
) -> None:
    check_update(settings, seed, out, into, step, size)


@pytest.mark.mindspore
@pytest.mark.slow
@pytest.mark.parametrize("name", names("methods"))
def test_mindformers_network_trains_and_holds_these_tensors(name: str) -> None:
    check_network(load_method(name))


def check_network(settings: Any) -> None:
    from backend.network import Network
    from core.models import family_of

    made = method_of(settings)
    network = Network({**vars(SHAPE), "seq_length": 32}, family_of(SHAPE))
    network.adapt(settings)
    held = network.parameters()
    trained = {name: shape for name, (shape, is_trained) in held.items() if is_trained}
    assert trained == made.trained(settings, SHAPE)
    frozen = {name: shape for name, (shape, is_trained) in held.items() if not is_trained}
    assert made.frozen(settings, SHAPE).items() <= frozen.items()
    base = family_of(SHAPE).parameter_shapes(SHAPE)
    assert {name: shape for name, shape in base.items() if name not in trained}.items() <= frozen.items()
    assert base.items() <= {name: shape for name, (shape, _) in held.items()}.items()


def test_settings_are_of_the_method_that_type_names() -> None:
    for made in all_methods():
        assert issubclass(made.settings, MethodConfig)
    with pytest.raises(InputError, match=r"unknown tuning method 'lorra'.*did you mean 'lora'"):
        load_contest("practice_math", ["method.type=lorra"])
    with pytest.raises(InputError, match="unknown tuning method 'pca'"):
        method("pca")


def test_a_setting_of_the_method_is_asked_for_by_its_nearest_name() -> None:
    with pytest.raises(InputError, match="unknown setting 'method.rnk'; did you mean 'method.rank'"):
        load_contest("practice_math", ["method.rnk=4"])
    with pytest.raises(InputError, match="method lora_qv: unknown setting 'rnk'; did you mean 'rank'"):
        load_method("lora_qv", {"rnk": 4})
    assert load_method("lora_qv", {"rank": 3}).model_dump()["rank"] == 3
