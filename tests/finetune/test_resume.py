"""Where a training goes on after an interruption, what is refused, and what is never removed; and that it is exact."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.training.state_files import State, decided_hash, read_state, state_file, states_in, write_state
from core.config import load_contest
from core.errors import InputError, KitError
from core.run_folder import RunFolder, new_run
from finetune.training.resume import Begun, Decided, keep_logs, keep_losses, step_to_go_on_from, what_decides
from tests.finetune import kills

STEPS = [10, 20, 30, 40, 50]
VERSIONS = {"mindspore": "2.9.0", "mindformers": "1.9.0"}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run of which nothing is trained."""
    return new_run(load_contest("practice_math"), tmp_path)


def decided(**values: str) -> Decided:
    return Decided({"seed": "1", "lr_schedule.learning_rate": "0.003", **values}, VERSIONS)


def begin(run: RunFolder, what: Decided | None = None, begun: Begun = "go on", writers: int = 1) -> int:
    return step_to_go_on_from(run, what or decided(), STEPS, writers, begun)


def saved(run: RunFolder, step: int, what: Decided | None = None, ranks: int = 1) -> None:
    """Let a run have trained up to a step: adapters, and the state of that step."""
    for each in STEPS:
        if each <= step:
            file = run.train / "adapters" / f"step_{each}" / "adapter.safetensors"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"adapter")
    state = State(step, 1.5 * step, decided_hash((what or decided()).values), tensors(step))
    for rank in range(ranks):
        write_state(run.train / "state", rank, state)


def tensors(seed: int) -> dict[str, np.ndarray[Any, Any]]:
    numbers = np.random.default_rng(seed)
    return {
        "a": numbers.random((3, 4), np.float32),
        "global_step": np.array([seed], np.int32),
        "scale_sense": np.array(2.0**14, np.float32),
    }


def adapters(run: RunFolder) -> list[str]:
    return sorted(file.parent.name for file in run.train.glob("adapters/*/adapter.safetensors"))


def test_a_state_is_read_as_it_was_written_and_the_last_two_are_kept(tmp_path: Path) -> None:
    for step in (5, 20, 100):
        write_state(tmp_path, 0, State(step, 0.1 * step, "hash", tensors(step)))
    assert list(states_in(tmp_path)) == [100, 20]
    state = read_state(state_file(tmp_path, 100, 0))
    assert (state.step, state.seconds, state.decided) == (100, 10.0, "hash")
    assert state.tensors.keys() == tensors(100).keys()
    for name, values in tensors(100).items():
        assert state.tensors[name].dtype == values.dtype
        assert state.tensors[name].tobytes() == values.tobytes()
        assert state.tensors[name].shape == values.shape


def test_each_worker_keeps_its_own_last_two(tmp_path: Path) -> None:
    for step in (1, 2, 3):
        for rank in (0, 1, 10):
            write_state(tmp_path, rank, State(step, 0.0, "hash", tensors(rank)))
    assert {step: len(files) for step, files in states_in(tmp_path).items()} == {3: 3, 2: 3}


def test_no_byte_of_a_state_can_change_unseen(tmp_path: Path) -> None:
    file, state = state_file(tmp_path, 7, 0), State(7, 1.0, "hash", tensors(7))
    write_state(tmp_path, 0, state)
    whole = file.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    for place in random.Random(1).sample(range(len(whole)), 60):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        # A blank of the header's padding may change; nothing that is read may.
        seen = _told_torn(file) or (place < header and _same(read_state(file), state))
        assert seen, place
    for length in (0, 1, 8, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        assert _told_torn(file)


def _told_torn(file: Path) -> bool:
    try:
        read_state(file)
    except KitError as error:
        return str(file) in str(error)
    return False


def _same(one: State, other: State) -> bool:
    arrays = all(one.tensors[name].tobytes() == values.tobytes() for name, values in other.tensors.items())
    return arrays and (one.step, one.seconds, one.decided) == (other.step, other.seconds, other.decided)


def test_a_training_begins_at_its_start_and_goes_on_from_its_newest_state(run: RunFolder) -> None:
    assert begin(run) == 0
    saved(run, 10)
    saved(run, 25)
    assert begin(run) == 25
    assert adapters(run) == ["step_10", "step_20"]


def test_after_the_last_step_the_state_before_serves(run: RunFolder) -> None:
    begin(run)
    saved(run, 40)
    saved(run, 50)
    (run.train / "workers" / "rank_0").mkdir(parents=True)
    assert begin(run) == 40
    assert list(states_in(run.train / "state")) == [40]
    assert not (run.train / "workers").exists()


def test_a_torn_state_is_passed_over_with_a_word(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    begin(run)
    saved(run, 22)
    saved(run, 27)
    torn = state_file(run.train / "state", 27, 0)
    torn.write_bytes(torn.read_bytes()[:-5])
    assert begin(run) == 22
    assert f"{torn}: the state in it" in capsys.readouterr().err
    assert list(states_in(run.train / "state")) == [22]
    torn = state_file(run.train / "state", 22, 0)
    torn.write_bytes(b"")
    assert begin(run) == 0
    assert adapters(run) == ["step_10", "step_20"]
    # Killed again before the first new state: it is the same training still, and nothing has to be forced.
    assert begin(run) == 0


def test_states_that_belong_together_are_taken_together(run: RunFolder) -> None:
    begin(run, writers=2)
    saved(run, 22, ranks=2)
    saved(run, 27, ranks=1)
    assert begin(run, writers=2) == 22


def test_a_state_whose_earlier_adapters_are_gone_is_not_gone_on_from(run: RunFolder) -> None:
    begin(run)
    saved(run, 15)
    saved(run, 32)
    shutil.rmtree(run.train / "adapters" / "step_20")
    assert begin(run) == 15


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"lr_schedule.learning_rate": "0.001"}, "lr_schedule.learning_rate was 0.003 and is 0.001"),
        ({"backend.changes.dropout.rate": "0.1"}, "backend.changes.dropout.rate was not set and is 0.1"),
        ({"the rows in data/mindrecord/a": "2"}, "the rows in data/mindrecord/a have changed"),
    ],
)
def test_another_training_is_refused_by_name_and_nothing_is_removed(
    run: RunFolder, now: dict[str, str], said: str
) -> None:
    before = decided(**{"the rows in data/mindrecord/a": "1"})
    begin(run, before)
    saved(run, 25, before)
    files = {file: file.read_bytes() for file in run.train.rglob("*") if file.is_file()}
    other = decided(**{"the rows in data/mindrecord/a": "1", **now})
    with pytest.raises(InputError, match=said) as refusal:
        begin(run, other)
    assert "--force" in str(refusal.value)
    assert {file: file.read_bytes() for file in run.train.rglob("*") if file.is_file()} == files
    assert begin(run, before) == 25
    assert begin(run, other, "anew if changed") == 0
    assert adapters(run) == []
    assert begin(run, other) == 0


def test_anew_if_changed_goes_on_where_nothing_has_changed_and_anew_never_does(run: RunFolder) -> None:
    begin(run)
    saved(run, 25)
    assert begin(run, begun="anew if changed") == 25
    assert begin(run, begun="anew") == 0
    assert adapters(run) == []
    assert not states_in(run.train / "state")


def test_a_training_that_left_nothing_is_not_asked_for(run: RunFolder) -> None:
    begin(run)
    assert begin(run, decided(seed="2")) == 0
    saved(run, 25, decided(seed="2"))
    assert begin(run, decided(seed="2")) == 25


def test_adapters_without_a_state_are_not_overwritten(run: RunFolder) -> None:
    saved(run, 25)
    shutil.rmtree(run.train / "state")
    with pytest.raises(InputError, match="adapters without the state"):
        begin(run)
    assert adapters(run) == ["step_10", "step_20"]
    assert begin(run, begun="anew if changed") == 0


def test_another_version_goes_on_with_a_word(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    begin(run)
    saved(run, 25)
    assert begin(run, Decided(decided().values, {**VERSIONS, "mindspore": "2.10.0"})) == 25
    assert "begun with mindspore 2.9.0, goes on with 2.10.0" in capsys.readouterr().err


def test_what_decides_a_training_is_settings_changes_rows_and_base_and_no_place(run: RunFolder, tmp_path: Path) -> None:
    rows, base = run.data / "mindrecord", tmp_path / "base.ckpt"
    rows.mkdir(parents=True)
    (rows / "a.mindrecord").write_bytes(b"rows")
    (rows / "a.mindrecord.db").write_bytes(b"index")
    base.write_bytes(b"base")
    trainer: dict[str, Any] = {
        "seed": 1,
        "output_dir": "/somewhere",
        "train_dataset": {"data_loader": {"dataset_dir": "/somewhere", "shuffle": True}},
        "optimizer": {"betas": [0.9, 0.95]},
        "callbacks": [{"type": "StepMonitor", "directory": "/somewhere", "steps": [1, 2]}],
    }
    changes = [{"module": "backend.changes.dropout", "settings": {"rate": 0.1, "seed": 1}}]

    def values(**settings: Any) -> Mapping[str, str]:
        return what_decides(run, {**trainer, **settings}, changes, rows, base).values

    first = values()
    assert "/somewhere" not in str(first)
    assert first["optimizer.betas"] == "[0.9, 0.95]"
    assert first["backend.changes.dropout.rate"] == "0.1"
    assert values(output_dir="/elsewhere", callbacks=[{"type": "Other"}, {"steps": [1, 2], "state_steps": 7}]) == first
    assert values(callbacks=[{"steps": [1, 3]}]) != first
    (rows / "a.mindrecord.db").write_bytes(b"another index")
    assert values() == first
    assert values(seed=2) != first
    base.write_bytes(b"other")
    assert {name for name, value in values().items() if value != first[name]} == {
        "the base's weights (model.checkpoint)"
    }
    (rows / "b.mindrecord").write_bytes(b"more")
    assert "the rows in data/mindrecord/b.mindrecord" in values()


def test_losses_are_cut_behind_the_state_and_whole_lines_stay_as_they_are(run: RunFolder) -> None:
    lines = [json.dumps({"step": step, "loss": float("nan") if step == 2 else 0.5}) + "\n" for step in range(1, 6)]
    run.train.mkdir()
    run.losses.write_text("".join(lines) + '{"step": 6, "lo')
    keep_losses(run, 3)
    assert run.losses.read_text() == "".join(lines[:3])
    run.losses.unlink()
    keep_losses(run, 3)
    assert run.losses.read_text() == ""


def test_logs_of_an_interrupted_part_are_kept(tmp_path: Path) -> None:
    (tmp_path / "worker_0.log").write_text("first part")
    keep_logs(tmp_path, 30)
    assert (tmp_path / "until_step_30" / "worker_0.log").read_text() == "first part"
    assert not (tmp_path / "worker_0.log").exists()


@pytest.mark.slow
@pytest.mark.mindspore
@pytest.mark.timeout(1800)
def test_three_kills_change_no_bit(tmp_path: Path) -> None:
    whole = kills.converted(tmp_path, kills.SETTINGS)
    killed = RunFolder(shutil.copytree(whole.path, tmp_path / "killed"))
    kills.train(whole)
    kills.killed(killed, 3, random.Random(3))
    assert kills.differences(whole, killed) == []
