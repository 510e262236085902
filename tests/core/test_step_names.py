"""Names of checkpoints: there and back, and in the order of training."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.step_names import step_name, step_of, step_order


@given(st.integers(0, 10**12))
def test_a_step_is_found_again_in_its_name(step: int) -> None:
    assert step_of(step_name(step)) == step


@given(st.text() | st.from_regex(r"step_\d+", fullmatch=True))
def test_a_name_that_states_a_step_is_the_name_of_that_step(name: str) -> None:
    step = step_of(name)
    assert step is None or step_name(step) == name


@pytest.mark.parametrize("name", ["base", "step_", "step_-1", "step_1.5", "step_٣", "step_07", "xstep_1", "step_1\n"])
def test_other_names_have_no_step(name: str) -> None:
    assert step_of(name) is None


@given(st.lists(st.integers(0, 10**6), unique=True))
def test_the_base_comes_first_then_the_steps_then_others(steps: list[int]) -> None:
    names = ["base", *map(step_name, sorted(steps)), "mine"]
    shuffled = random.Random(1).sample(names, len(names))
    assert sorted(shuffled, key=step_order) == names
