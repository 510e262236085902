"""The sum of a weight and a pair, and the check that would notice a wrong one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools.formats.floats import all_finite, summing_type
from ckpt_tools.formats.tensor_file import DTYPES, TensorInfo
from ckpt_tools.merging.arithmetic import RowSum, base_rows, random_vector
from core.methods.lora import METHOD, LoraConfig

Array = np.ndarray[Any, np.dtype[Any]]
OUT, IN, RANK = 60, 200, 4


def pair_sum(dtype: str, size: float, base: str = "float32") -> tuple[Array, RowSum]:
    """Return a base weight of entries around 0.02 and a pair whose product has entries around `size`."""
    random = np.random.default_rng(0)
    wide = DTYPES[summing_type(base)]
    w = (random.standard_normal((OUT, IN)) * 0.02).astype(DTYPES[base])
    a = random.standard_normal((RANK, IN)).astype(wide)
    b = (random.standard_normal((OUT, RANK)) * size / RANK**0.5).astype(wide)
    update = METHOD.update(LoraConfig(name="lora", rank=RANK, alpha=RANK, target_modules="w"), {"a": a, "b": b})
    return w, RowSum(TensorInfo("w", dtype, (OUT, IN)), update, summing_type(base), random_vector("w", IN))


def product(pair: RowSum) -> Array:
    return pair.update.parts["b"] @ pair.update.parts["a"]


def add_all(w: Array, pair: RowSum, step: int = OUT) -> Array:
    wide = pair.wide
    blocks = [base_rows(w[at : at + step], at, wide, pair.info.dtype) for at in range(0, OUT, step)]
    return np.concatenate([pair.add(rows).copy() for rows in blocks])


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("base", ["float32", "float16", "bfloat16", "float64"])
@pytest.mark.parametrize("size", [1e-2, 1e-4, 1e-6])
def test_a_wrong_scaling_is_found_however_small_the_delta(dtype: str, base: str, size: float) -> None:
    w, pair = pair_sum(dtype, size, base)
    rows = base_rows(w, 0, summing_type(base), dtype)
    add_all(w, pair)
    assert pair.worst < 1
    for factor in (0.0, 0.5, 2.0):  # 0.5: a merge that forgets alpha / rank where that is 2
        total = rows.wide + DTYPES[pair.wide].type(factor) * product(pair)
        pair.worst = 0.0
        pair._check(rows, total, total.astype(DTYPES[dtype]))
        assert pair.worst > 2


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_one_wrong_row_is_found(dtype: str) -> None:
    w, pair = pair_sum(dtype, 1e-2)
    rows = base_rows(w, 0, "float32", dtype)
    total = rows.wide + product(pair)
    result = total.astype(DTYPES[dtype])
    pair._check(rows, total, result)
    assert pair.worst < 1
    result[7] = result[8]
    pair._check(rows, result.astype(np.float32) if dtype == "float32" else total, result)
    assert pair.worst > 10


def test_figures_do_not_depend_on_the_blocks() -> None:
    seen = []
    for step in (1, 7, OUT):
        w, pair = pair_sum("bfloat16", 1e-5, "bfloat16")
        result = add_all(w, pair, step)
        delta = product(pair)
        assert pair.changed == np.count_nonzero(delta)
        assert pair.absorbed == np.count_nonzero((delta != 0) & (result == w))
        assert pair.max_delta == pytest.approx(np.abs(delta).max(), rel=1e-6)
        seen.append((result.tobytes(), pair.changed, pair.absorbed))
    assert seen[0] == seen[1] == seen[2]
    assert 0.5 < seen[0][2] / seen[0][1] < 1


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_result_that_is_not_finite_is_seen(dtype: str, bad: float) -> None:
    w, pair = pair_sum(dtype, 1e-2)
    add_all(w, pair)
    assert pair.finite
    w[11, 13] = bad
    add_all(w, pair)
    assert not pair.finite


def test_overflow_of_the_chosen_type_is_seen() -> None:
    w, pair = pair_sum("float16", 1e-2)
    w[:] = 70000
    add_all(w, pair)
    assert not pair.finite


@given(st.integers(1, 3000), st.text(min_size=1, max_size=20))
def test_the_vector_is_the_same_in_every_run_and_nowhere_zero(length: int, name: str) -> None:
    x = random_vector(name, length)
    assert np.array_equal(x, random_vector(name, length))
    assert np.count_nonzero(x.astype(np.float32)) == length


def test_finiteness_is_seen_in_every_type() -> None:
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        for bad in (np.nan, np.inf, -np.inf):
            values = np.ones(9).astype(DTYPES[dtype])
            assert all_finite(values, dtype)
            values[4] = bad
            assert not all_finite(values, dtype)
    assert all_finite(np.array([np.finfo(np.float32).max, -0.0, 1e-45], np.float32), "float32")
