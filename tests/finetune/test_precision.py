"""The type of adapters: what a learning rate moves in it, by NumPy's own rounding; what is planned and refused."""

from __future__ import annotations

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.versions import version
from core.config import load_contest, names
from core.errors import InputError
from finetune.run import main
from finetune.training.plan import make_plan
from finetune.training.precision import largest_moved, moves, spacing

TYPES = {"float32": np.dtype(np.float32), "float16": np.dtype(np.float16), "bfloat16": np.dtype(ml_dtypes.bfloat16)}


@given(
    st.sampled_from(sorted(TYPES)), st.floats(1e-3, 1.0), st.floats(1e-7, 1e-2).filter(lambda step: np.isfinite(step))
)
def test_a_number_moves_as_numpy_rounds_it(dtype: str, value: float, step: float) -> None:
    kind = TYPES[dtype]
    stored = float(np.array(value).astype(kind))
    if abs(step / spacing(stored, dtype) - 0.5) > 1e-6:  # a tie goes to the even neighbour
        assert moves(step, stored, dtype) == (float(np.array(stored + step).astype(kind)) != stored)


@pytest.mark.parametrize(("dtype", "rate", "end"), [("bfloat16", 1e-5, 0.0039), ("float16", 1e-5, 0.031)])
def test_an_entry_of_b_stops_where_a_simulation_stops(dtype: str, rate: float, end: float) -> None:
    kind = TYPES[dtype]
    value = np.zeros((), kind)
    for _ in range(5000):
        value = (value.astype(np.float32) + np.float32(rate)).astype(kind)
    assert float(value) == pytest.approx(largest_moved(rate, dtype), rel=1e-6) == pytest.approx(end, rel=0.02)


@pytest.mark.parametrize("contest", names("contests"))
def test_adapters_are_float32_and_products_keep_the_models_type(contest: str) -> None:
    config = load_contest(contest)
    plan = make_plan(config, config.data.records, "stated")
    assert plan.adapter_dtype == "float32"
    assert plan.adapter_memory == plan.trainable * 16
    composed = version().finetune_yaml(config, Path("data"), Path("train"), Path("base.ckpt"), [1, 2])
    pet = composed["model"]["model_config"]["pet_config"]
    assert (pet["param_init_type"], pet["compute_dtype"]) == ("float32", config.model.compute_dtype)


def test_a_type_in_which_the_learning_rate_is_lost_is_refused_with_figures() -> None:
    config = load_contest("math_llama3", ["train.adapter_dtype=bfloat16", "train.learning_rate=1e-5"])
    with pytest.raises(InputError, match=r"learning rate of 1e-05 is lost in rounding .* 0\.004\); set it to float32"):
        make_plan(config, 100_000, "stated")
    for words in (["train.learning_rate=1e-4"], ["train.adapter_dtype=float16"], ["train.adapter_dtype=float32"]):
        config = load_contest("math_llama3", ["train.adapter_dtype=bfloat16", "train.learning_rate=1e-5", *words])
        assert make_plan(config, 100_000, "stated").adapter_dtype == config.train.adapter_dtype


def test_the_plan_shows_the_type_and_what_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--contest", "math_llama3", "--machine", "ascend_4x32g", "--dry-run"]
    assert main(words) == 0
    assert "adapter             float32, 54.5 MB a worker" in capsys.readouterr().out
    assert main([*words, "--json", "train.adapter_dtype=float16"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["adapter_dtype"], shown["adapter_memory_bytes"]) == ("float16", 3_407_872 * 12)
    assert shown["disk_bytes"]["adapters"] == 5 * 3_407_872 * 2
