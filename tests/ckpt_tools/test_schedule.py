"""Steps: five even ones, epochs, sinks, file names."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools import schedule
from ckpt_tools.schedule import name_of_step, saved_steps, step_of_name, surviving
from core.errors import InputError, run_command
from core.schedule import even_checkpoints, even_steps, evenly_spaced, steps_per_epoch, total_steps


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
    assert total_steps(15, 41, 5) == 610  # int(41 / 5 * 15) = int(122.99999999999999), as MindFormers reckons


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
    assert surviving([10, 20], 0) == surviving([10, 20], None) == [20]
    with pytest.raises(InputError):
        surviving([10], -1)


def test_the_steps_that_the_callback_saves_at() -> None:
    assert saved_steps(17220, 3444) == [3444, 6888, 10332, 13776, 17220]
    assert saved_steps(10, 4) == [4, 8, 10]
    assert saved_steps(10, 3, sink=2) == [4, 8, 10]
    assert saved_steps(3, 10) == [3]
    with pytest.raises(InputError):
        saved_steps(10, 0)


@pytest.mark.mindspore
@pytest.mark.slow
@pytest.mark.parametrize("keep", [1, 3, 5, 0, None])
@pytest.mark.parametrize(("epoch_steps", "epochs", "sink", "every"), [(10, 3, None, 7), (10, 3, 2, 5), (9, 4, -1, 9)])
def test_files_are_those_that_the_callback_leaves(
    tmp_path: Path, epoch_steps: int, epochs: int, sink: int | None, every: int, keep: int | None
) -> None:
    import os

    from mindspore import nn
    from mindspore.train.callback import CheckpointConfig, ModelCheckpoint, RunContext, _InternalCallbackParam

    config = CheckpointConfig(save_checkpoint_steps=every, keep_checkpoint_max=keep)
    callback = ModelCheckpoint(prefix="net", directory=str(tmp_path), config=config)
    callback._graph_saved = True
    parameters = _InternalCallbackParam()
    parameters.train_network = nn.Dense(2, 2)
    # What Model.train tells its callbacks: under sink mode it counts sinks as epochs.
    cycle = epoch_steps if sink in (None, -1) else sink
    parameters.batch_num = cycle
    total = total_steps(epochs, epoch_steps, sink)
    looks = 1 if sink is None else cycle
    context = RunContext(parameters)
    for step in range(looks, total + 1, looks):
        parameters.cur_step_num, parameters.cur_epoch_num = step, (step - 1) // cycle + 1
        callback.step_end(context)
        for path in tmp_path.glob("*.ckpt"):  # which is the oldest is told by the time of the file
            os.utime(path, ns=(1, step_of_name(path.name, epoch_steps, sink)))
    callback.end(context)
    left = sorted(step_of_name(path.name, epoch_steps, sink) for path in tmp_path.glob("*.ckpt"))
    assert left == surviving(saved_steps(total, every, looks), keep)


def test_five_even_checkpoints_of_a_training() -> None:
    # A team of the contest: 27,562 records, batch 4 on 4 workers, 10 epochs, sinks of 2.
    steps = even_checkpoints(27562, 4, 10, world_size=4, sink_size=2)
    assert steps == [3444, 6888, 10332, 13776, 17220]
    names = [f"internlm_7b_lora_rank_0-{name_of_step(step, 1722, 2)}.ckpt" for step in steps]
    assert names[-1] == "internlm_7b_lora_rank_0-8610_2.ckpt"
    assert even_checkpoints(100, 10, 5, sink_size=-1) == [10, 20, 30, 40, 50]
    assert even_checkpoints(100, 10, 5, sink_size=4) == [8, 20, 28, 40, 48]
    assert even_checkpoints(13, 2, 2, drop_remainder=False) == [3, 6, 8, 11, 14]
    with pytest.raises(InputError, match="in sinks of 10 cannot give 5"):
        even_checkpoints(100, 10, 4, sink_size=-1)


@given(st.data())
def test_even_checkpoints_end_sinks_and_are_even(data: st.DataObject) -> None:
    epoch, epochs = data.draw(st.integers(1, 300)), data.draw(st.integers(1, 20))
    sink_size = data.draw(st.none() | st.just(-1) | st.integers(1, epoch))
    sink = 1 if sink_size is None else epoch if sink_size == -1 else sink_size
    total = total_steps(epochs, epoch, sink_size)
    if total // sink < 5:
        return
    steps = even_checkpoints(epoch * 3, 3, epochs, sink_size=sink_size)
    assert len(steps) == 5
    assert steps[-1] == total
    assert not any(step % sink for step in steps)
    gaps = [after - before for before, after in pairwise([0, *steps])]
    assert max(gaps) - min(gaps) in (0, sink)
    assert evenly_spaced(steps, sink, from_start=True)


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    words = "--records 27562 --batch 4 --workers 4 --epochs 10 --sink 2".split()
    assert run_command(schedule.main, [*words, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["epoch_steps"], shown["steps"], shown["even"]) == (1722, 17220, True)
    assert shown["checkpoints"][0] == {"step": 3444, "name": "1722_2"}
    assert shown["save_checkpoint_steps"] == 3444
    assert run_command(schedule.main, words) == 0
    assert "save_checkpoint_steps: 3444, keep_checkpoint_max: 5 or more" in capsys.readouterr().out
    assert (
        run_command(schedule.main, [*words, *(f"a-{number}_2.ckpt" for number in (6888, 1722, 5166, 8610, 3444))]) == 0
    )
    assert "note" not in capsys.readouterr().err
    assert run_command(schedule.main, [*words, *(f"a-{number}_2.ckpt" for number in (8600, 8605, 8610))]) == 0
    assert "not from the start of training" in capsys.readouterr().err
    assert run_command(schedule.main, [*words, "a-8611_2.ckpt"]) == 2
    assert "a-8611_2.ckpt: is of step 17222, the training has 17220" in capsys.readouterr().err
    assert run_command(schedule.main, [*words, "a-1_2.ckpt", "a-2_2.ckpt", "a-9_2.ckpt"]) == 3
    assert "not evenly spaced: steps 2, 4, 18" in capsys.readouterr().err
    assert run_command(schedule.main, [*words, "a-1_3.ckpt"]) == 2


def test_the_command_says_what_the_callback_leaves(capsys: pytest.CaptureFixture[str]) -> None:
    words = "--records 27562 --batch 4 --workers 4 --epochs 10 --sink 2 --json".split()

    def left(*more: str) -> list[int]:
        assert run_command(schedule.main, [*words, *more]) in (0, 3)
        return [row["step"] for row in json.loads(capsys.readouterr().out)["checkpoints"]]

    assert left("--save", "3444") == [3444, 6888, 10332, 13776, 17220]
    assert left("--save", "1722") == [10332, 12054, 13776, 15498, 17220]  # the first five are deleted
    assert left("--save", "1722", "--keep", "2") == [15498, 17220]
    assert run_command(schedule.main, [*words, "--save", "4000"]) == 3
    assert "not evenly spaced: steps 4000, 8000, 12000, 16000, 17220" in capsys.readouterr().err
    assert run_command(schedule.main, [*words, "--keep", "2"]) == 2
    assert run_command(schedule.main, [*words, "--save", "3", "a-1_2.ckpt"]) == 2
