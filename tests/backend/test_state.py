"""The state of a train step: what belongs to it, that it is put back as it was, when it is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backend.training.state_files import DECIDED, states_in
from core.errors import KitError
from core.files import write_json

pytestmark = [pytest.mark.slow, pytest.mark.mindspore]


def train_step(out: int = 2) -> Any:
    """Make a train step of a base that is frozen and a layer that is trained, with Adam and a loss scale that grows."""
    import mindspore as ms
    from mindspore import nn

    class Network(nn.Cell):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.base, self.added = nn.Dense(3, 4), nn.Dense(4, out)
            for parameter in self.base.get_parameters():
                parameter.requires_grad = False

        def construct(self, x: Any) -> Any:
            return self.added(self.base(x)).mean()

    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    network = Network()
    scale = nn.DynamicLossScaleUpdateCell(2.0**10, 2, 3)
    return nn.TrainOneStepWithLossScaleCell(network, nn.Adam(network.trainable_params()), scale)


def keeper(folder: Path, **settings: Any) -> Any:
    from backend.training.state import StateKeeper

    write_json(folder / DECIDED, {"decided": {"seed": "1"}, "versions": {}})
    made = StateKeeper(folder, **{"rank": 0, "frozen": (), "every": None, "all_ranks": False, **settings})
    made.begin()
    return made


def test_all_that_steps_change_is_put_back_and_nothing_else_is_kept(tmp_path: Path) -> None:
    import mindspore as ms

    from backend.training.state import changing

    step = train_step()
    kept = changing(step)
    assert {"added.weight", "added.bias", "global_step", "scale_sense", "current_iterator_step"} <= set(kept)
    assert {"moment1.added.weight", "moment2.added.bias", "last_overflow_iterator_step"} <= set(kept)
    assert not any(name.startswith("base.") for name in kept)
    assert "base.bias" in changing(step, frozen=["base.bias"])
    for number, parameter in enumerate(kept.values(), start=1):
        parameter.set_data(ms.Tensor(np.full(parameter.shape, number), parameter.dtype))
    before = {name: parameter.asnumpy().copy() for name, parameter in kept.items()}
    keeper(tmp_path).write(step, 12, 3.5)
    other = train_step()
    state = keeper(tmp_path / "again", every=1)
    state.folder = tmp_path
    assert state.put_back(other, 12).seconds == 3.5
    for name, parameter in changing(other).items():
        assert parameter.asnumpy().tobytes() == before[name].tobytes(), name
    with pytest.raises(KitError, match="step_12.*another training"):
        state.put_back(train_step(out=5), 12)


def test_it_is_written_so_that_five_minutes_are_lost_at_the_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import backend.training.state as module

    now = 1000.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)
    step, state = train_step(), keeper(tmp_path)
    times = {}
    for number in range(1, 201):
        now += 7.0
        if state.is_due(number) or number == 60:
            state.write(step, number, now)
        for written in states_in(tmp_path):
            times.setdefault(written, now)
    assert 60 in times
    moments = sorted(times.values())
    assert len(moments) >= 3
    for earlier, later in zip([1000.0, *moments], moments, strict=False):
        assert later - earlier <= 300
        assert later - earlier > 280 or later == times[60]


def test_steps_decide_where_they_are_set_and_only_worker_0_writes_unless_all_must(tmp_path: Path) -> None:
    step = train_step()
    for rank, all_ranks, files in ((0, False, 1), (1, False, 0), (1, True, 1)):
        folder = tmp_path / f"{rank}{all_ranks}"
        state = keeper(folder, rank=rank, all_ranks=all_ranks, every=4)
        for number in range(1, 11):
            if state.is_due(number):
                state.write(step, number, 1.0)
        assert list(states_in(folder)) == [8, 4][: 2 * files]
