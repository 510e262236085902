"""DoRA, IA3, PiSSA and VeRA hold what their papers say of them, and a wrong update does not pass for a right one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools.formats.tensor_file import TensorInfo
from ckpt_tools.merging.arithmetic import RowSum, base_rows, random_vector
from core.config import load_method, names
from core.errors import InputError
from core.methods import Update, method_of
from core.methods.ia3 import Ia3Update
from core.methods.pissa import principal_factors
from core.methods.vera import projections
from core.models.llama import Shape

Array = np.ndarray[Any, Any]
SHAPE = Shape(64, 2, 4, 2, 100, 96)
# The first numbers of Philox's stream for seed 0, between -sqrt(6 / 96) and sqrt(6 / 96).
GOLDEN_A = [-0.18218854069709778, -0.24296650290489197, 0.21886619925498962]
SIZES = (st.integers(0, 1000), st.integers(1, 30), st.integers(1, 30))


def drawn(settings: Any, seed: int, out: int, into: int) -> tuple[Array, dict[str, Array]]:
    """Return a random weight and random parts for it, float32."""
    random = np.random.default_rng(seed)
    shapes = method_of(settings).part_shapes(settings, out, into)  # type: ignore[attr-defined]
    parts = {role: random.standard_normal(shape).astype("f4") for role, shape in shapes.items()}
    return random.standard_normal((out, into)).astype("f4"), parts


def changed(update: Update, w: Array) -> Array:
    delta = np.full_like(w, np.nan)
    update.delta(0, w, delta)
    return w + delta


def summed(update: Update, w: Array) -> RowSum:
    done = RowSum(TensorInfo("w", "float32", w.shape), update, "float32", random_vector("w", w.shape[1]))
    done.add(base_rows(w, 0, "float32", "float32"))
    return done


@pytest.mark.parametrize("name", names("methods"))
def test_an_update_that_is_off_by_a_thousandth_is_found(name: str) -> None:
    settings = load_method(name)
    w, parts = drawn(settings, 5, 48, 64)
    update = method_of(settings).update(settings, parts)
    if type(update).product is Update.product:
        pytest.skip("its numeric check works the update out in the same way, only wider")

    class Off(type(update)):  # type: ignore[misc]
        def delta(self, start: int, rows: Array, out: Array) -> None:
            super().delta(start, rows, out)
            out *= np.float32(1.001)

    assert summed(update, w).worst <= 1
    assert summed(Off(settings, parts), w).worst > 1


@given(*SIZES)
def test_dora_gives_each_row_the_length_that_was_trained(seed: int, out: int, into: int) -> None:
    settings = load_method("dora_qv")
    w, parts = drawn(settings, seed, out, into)
    merged = changed(method_of(settings).update(settings, parts), w)
    np.testing.assert_allclose(np.linalg.norm(merged, axis=1), np.abs(parts["m"]), rtol=1e-4, atol=1e-5)


def test_dora_leaves_a_row_of_zeros_as_it_is() -> None:
    settings = load_method("dora_qv")
    w, parts = drawn(settings, 0, 6, 10)
    w[2], parts["b"][2], parts["m"][2] = 0, 0, 0
    done = summed(method_of(settings).update(settings, parts), w)
    assert done.finite
    assert done.worst <= 1
    assert not changed(method_of(settings).update(settings, parts), w)[2].any()


@given(*SIZES)
def test_ia3_scales_columns_for_inputs_and_biases_with_their_outputs(seed: int, out: int, into: int) -> None:
    settings = load_method("ia3_kv2")
    random = np.random.default_rng(seed)
    w, bias = random.standard_normal((out, into)).astype("f4"), random.standard_normal((out, 1)).astype("f4")
    columns, rows = random.standard_normal(into).astype("f4"), random.standard_normal(out).astype("f4")
    for update, values, wanted in (
        (Ia3Update(settings, {"l_in": columns}), w, w * columns),
        (Ia3Update(settings, {"l_biased": rows}), w, w * rows[:, None]),
        (Ia3Update(settings, {"l_biased": rows}), bias, bias * rows[:, None]),
    ):
        np.testing.assert_allclose(changed(update, values), wanted, rtol=1e-5, atol=1e-5)
        assert summed(update, values).worst <= 1


def test_ia3_has_a_vector_for_each_side_and_tells_biased_layers_apart() -> None:
    settings = load_method("ia3_kv2")
    made = method_of(settings)
    biased = Shape(64, 1, 4, 2, 100, 96, qkv_has_bias=True)
    assert made.tensors(settings, biased) == {
        "model.layers.0.attention.wk.ia3_l_biased": (32,),
        "model.layers.0.attention.wv.ia3_l_biased": (32,),
        "model.layers.0.feed_forward.w2.ia3_l_in": (96,),
    }
    assert list(made.changes(settings, made.tensors(settings, biased))) == [
        "model.layers.0.attention.wk.weight",
        "model.layers.0.attention.wk.bias",
        "model.layers.0.attention.wv.weight",
        "model.layers.0.attention.wv.bias",
        "model.layers.0.feed_forward.w2.weight",
    ]
    outputs = load_method("ia3_kv2", {"feedforward_modules": None})
    assert method_of(outputs).parameters(outputs, biased) == 32 + 32 + 64


@given(st.integers(0, 1000), st.integers(2, 40), st.integers(2, 40), st.integers(1, 12), st.sampled_from([1.0, 16.0]))
def test_pissa_begins_with_the_best_approximation_of_its_rank(
    seed: int, out: int, into: int, rank: int, alpha: float
) -> None:
    settings: Any = load_method("pissa_qv", {"rank": rank, "alpha": alpha, "niter": 0})
    w = np.random.default_rng(seed).standard_normal((out, into)).astype("f4")
    a, b = principal_factors(w, settings, np.random.default_rng(0))
    assert (a.shape, b.shape) == ((rank, into), (out, rank))
    values = np.linalg.svd(w, compute_uv=False)
    left = np.linalg.norm(w - settings.scaling * b @ a)
    assert left == pytest.approx(np.sqrt(np.square(values[rank:]).sum()), abs=1e-4 * values[0])
    # Each triplet is shared evenly between A and B.
    np.testing.assert_allclose(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=0), atol=1e-4)


def test_pissa_by_random_directions_is_as_good_and_the_same_again() -> None:
    exact: Any = load_method("pissa_qv", {"niter": 0})
    by_chance: Any = load_method("pissa_qv", {"niter": 16})
    random = np.random.default_rng(3)
    # Singular values that fall as those of trained weights do.
    u, v = (np.linalg.qr(random.standard_normal((size, 60)))[0] for size in (90, 70))
    w = ((u * 2.0 ** (-np.arange(60) / 4)) @ v.T).astype("f4")
    products = [
        np.matmul(*reversed(principal_factors(w, settings, np.random.default_rng(7))))
        for settings in (exact, by_chance, by_chance)
    ]
    assert np.abs(products[1] - products[0]).max() < 1e-4 * np.abs(products[0]).max()
    assert products[1].tobytes() == products[2].tobytes()


def test_pissa_at_its_start_changes_nothing_to_the_bit() -> None:
    settings = load_method("pissa_qv")
    w, parts = drawn(settings, 1, 30, 20)
    start = {**parts, "a": parts["a0"], "b": parts["b0"]}
    delta = np.full_like(w, np.nan)
    method_of(settings).update(settings, start).delta(0, w, delta)
    assert not delta.any()


def test_pissa_keeps_a_step_that_is_far_smaller_than_what_it_began_with() -> None:
    settings: Any = load_method("pissa_qv")
    w, parts = drawn(settings, 1, 30, 20)
    moved = {**parts, "a": parts["a0"] * np.float32(1 + 2**-20), "b": parts["b0"]}
    delta = np.full_like(w, np.nan)
    method_of(settings).update(settings, moved).delta(0, w, delta)
    step = moved["a"].astype("f8") - moved["a0"]
    np.testing.assert_allclose(delta, settings.scaling * moved["b0"].astype("f8") @ step, rtol=1e-3, atol=1e-9)


def test_vera_draws_the_same_matrices_everywhere() -> None:
    settings: Any = load_method("vera_qv", {"rank": 16})
    a, b = projections(settings, [(64, 64), (32, 96)])
    assert (a.shape, b.shape) == ((16, 96), (64, 16))
    np.testing.assert_array_equal(a[0, :3], np.array(GOLDEN_A, "f4"))
    assert 0.99 * np.sqrt(6 / 96) < np.abs(a).max() <= np.sqrt(6 / 96)
    assert 0.99 * np.sqrt(6 / 16) < np.abs(b).max() <= np.sqrt(6 / 16)
    other: Any = load_method("vera_qv", {"rank": 16, "seed": 1})
    assert not np.array_equal(projections(other, [(64, 96)])[0], a)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"model.vera_a": None}, "'model.vera_a' is missing; all layers of a VeRA use it"),
        ({"model.vera_a": (8, 64)}, r"has shape \(8, 64\); rank 256 needs \[256, in\]"),
        ({"model.vera_b": (64, 256, 1)}, r"needs \[out, 256\]"),
        ({"model.vera_b": (40, 256)}, "has 40 rows, too few for the 64 of model.layers.0.attention.wq.weight"),
        ({"model.layers.0.attention.wq.vera_lambda_d": None}, "has no other vector; the adapter is incomplete"),
    ],
)
def test_an_adapter_of_vera_that_does_not_fit_is_refused(
    change: Mapping[str, tuple[int, ...] | None], what: str
) -> None:
    settings = load_method("vera_qv")
    made = method_of(settings)
    shapes = {**made.tensors(settings, SHAPE), **change}
    with pytest.raises(InputError, match=what):
        made.changes(settings, {name: shape for name, shape in shapes.items() if shape is not None})


def test_a_vector_of_ia3_on_the_wrong_side_is_refused() -> None:
    settings = load_method("ia3_kv2")
    with pytest.raises(
        InputError, match=r"'model.layers.0.attention.wk.ia3_l_in' is not the vector that IA3 has there"
    ):
        method_of(settings).changes(settings, {"model.layers.0.attention.wk.ia3_l_in": (32,)})
