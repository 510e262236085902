"""Steps: five even ones, epochs, sinks, file names."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools.schedule import (
    even_steps,
    evenly_spaced,
    name_of_step,
    step_of_name,
    steps_per_epoch,
    surviving,
    total_steps,
)
from core.errors import InputError


def test_five_even_steps() -> None:
    assert even_steps(10) == [2, 4, 6, 8, 10]
    assert even_steps(20) == [4, 8, 12, 16, 20]
    assert even_steps(5) == [1, 2, 3, 4, 5]
    assert even_steps(9) == [2, 4, 5, 7, 9]
    assert even_steps(17220) == [3444, 6888, 10332, 13776, 17220]
    with pytest.raises(InputError, match="4 training steps cannot give 5"):
        even_steps(4)
    with pytest.raises(InputError):
        even_steps(4, 0)


@given(st.integers(1, 40), st.integers(0, 10**12))
def test_even_steps_are_evenly_spaced_and_end_at_the_last(count: int, more: int) -> None:
    total = count + more
    steps = even_steps(total, count)
    assert len(steps) == count
    assert steps[-1] == total
    assert evenly_spaced(steps)
    gaps = [after - before for before, after in pairwise([0, *steps])]
    assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize(
    ("steps", "even"),
    [
        ([2, 4, 6, 8, 10], True),
        ([100], True),
        ([100, 200, 300, 400, 501], True),
        ([100, 200, 300, 400, 502], False),
        ([42075, 42500, 42755, 62900, 63325], False),
        ([1, 2, 3, 3, 4], False),
        ([10, 8, 6], False),
        ([0, 2, 4], False),
        ([], False),
    ],
)
def test_evenly_spaced(steps: list[int], even: bool) -> None:
    assert evenly_spaced(steps) is even


@pytest.mark.parametrize(
    ("records", "batch", "world", "drop", "steps"),
    [
        (10, 2, 4, True, 1),
        (10, 2, 4, False, 2),
        (13, 2, 4, True, 2),
        (13, 2, 1, True, 6),
        (13, 2, 1, False, 7),
        (13, 2, 2, True, 3),
        (13, 2, 2, False, 4),
        (27562, 4, 4, True, 1722),  # a team of the contest: 17,220 steps in 10 epochs
    ],
)
def test_steps_per_epoch(records: int, batch: int, world: int, drop: bool, steps: int) -> None:
    assert steps_per_epoch(records, batch, world, drop) == steps


@pytest.mark.mindspore
@pytest.mark.slow
def test_steps_per_epoch_is_mindsporess_own(tmp_path: Path) -> None:
    import numpy as np
    from mindspore.dataset import MindDataset
    from mindspore.mindrecord import FileWriter

    for records in (10, 11, 13):
        path = str(tmp_path / f"{records}.mindrecord")
        writer = FileWriter(path, 1)
        writer.add_schema({"x": {"type": "int32", "shape": [-1]}}, "numbers")
        writer.write_raw_data([{"x": np.array([number], np.int32)} for number in range(records)])
        writer.commit()
        for world in (1, 2, 4):
            for drop in (True, False):
                data = MindDataset(path, num_shards=world, shard_id=world - 1).batch(2, drop_remainder=drop)
                assert data.get_dataset_size() == steps_per_epoch(records, 2, world, drop)


def test_steps_that_cannot_be() -> None:
    for arguments in ((0, 2), (10, 0), (10, 2, 0), (3, 4), (10, 4, 4)):
        with pytest.raises(InputError):
            steps_per_epoch(*arguments)
    for wrong in ((0, 5), (5, 0), (5, 5, 0), (5, 5, 6), (5, 5, -2)):
        with pytest.raises(InputError):
            total_steps(*wrong)


def test_total_steps_under_sink_mode() -> None:
    assert total_steps(10, 1722) == 17220
    assert total_steps(10, 1722, 2) == 17220
    assert total_steps(10, 1722, -1) == 17220
    assert total_steps(3, 5, 2) == 14  # int(5 / 2 · 3) = 7 sinks of 2
    assert total_steps(3, 5, 4) == 12


def test_names_of_the_contests_files() -> None:
    assert step_of_name("llama3_8b_rank_0-375_2.ckpt", 9375, 2) == 750
    assert step_of_name("llama3_8b_rank_0-4687_2.ckpt", 9375, 2) == 9374
    assert step_of_name("internlm_7b_lora_rank_0-8610_2.ckpt", 1722, 2) == 17220
    assert step_of_name("rank_0-3_7.ckpt", 10) == 27
    assert step_of_name("3_10", 10, -1) == 30
    assert name_of_step(17220, 1722, 2) == "8610_2"
    for name, sink in (
        ("llama3_8b_rank_0-network.ckpt", None),
        ("a-3_11.ckpt", None),
        ("a-3_3.ckpt", 2),
        ("a-0_1", None),
    ):
        with pytest.raises(InputError):
            step_of_name(name, 10, sink)
    with pytest.raises(InputError):
        name_of_step(0, 10)


@given(st.integers(1, 10**9), st.integers(1, 10**5), st.data())
def test_names_and_steps_are_inverse(step: int, epoch: int, data: st.DataObject) -> None:
    sink = data.draw(st.none() | st.just(-1) | st.integers(1, epoch))
    assert step_of_name(f"model_rank_0-{name_of_step(step, epoch, sink)}.ckpt", epoch, sink) == step


def test_deleting_of_earlier_checkpoints() -> None:
    assert surviving([10, 20, 30, 40, 50, 60], 5) == [20, 30, 40, 50, 60]
    assert surviving([10, 20], 5) == [10, 20]
    with pytest.raises(InputError):
        surviving([10], 0)
