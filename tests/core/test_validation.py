"""When the loss on validation records is computed, and at which steps training may stop early and does."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import load_contest
from core.errors import InputError
from core.schedule import even_steps
from core.schema import RunConfig
from core.validation import ValidationPlan, lowest, planned_validation


def config(*settings: str) -> RunConfig:
    return load_contest("practice_math", ["data.validation_records=20", *settings])


def planned(steps: int, *settings: str, count: int = 5) -> ValidationPlan:
    plan = planned_validation(config(*settings), steps, even_steps(steps, count))
    assert plan is not None
    return plan


def rows(losses: list[float], every: int = 10) -> list[dict[str, float]]:
    return [{"step": every * number, "loss": loss} for number, loss in enumerate(losses, 1)]


def test_the_example_at_the_top_of_the_module() -> None:
    plan = ValidationPlan(10, (20, 40, 60, 80, 100), 2, 0.0, tuple(range(10, 101, 10)), (50, 100))
    losses = [0.9, 0.7, 0.6, 0.62, 0.59, 0.61, 0.6, 0.6, 0.6, 0.6]
    assert [plan.stopped(rows(losses[:seen])) for seen in range(11)] == [None] * 10 + [100]


def test_off_by_default_and_where_no_loss_is_wanted() -> None:
    off = load_contest("practice_math")
    assert not off.validates
    assert planned_validation(off, 250, even_steps(250)) is None
    assert not config("train.validation_steps=0").validates


def test_every_n_steps_and_at_the_checkpoints() -> None:
    plan = planned(236, "train.validation_steps=50")
    due = [step for step in range(1, 237) if plan.is_due(step)]
    assert due == [47, 50, 94, 100, 142, 150, 189, 200, 236]
    assert plan.evaluations == len(due)
    assert plan.kept == plan.stops == ()


def test_without_a_number_about_five_times_from_checkpoint_to_checkpoint() -> None:
    assert planned(250).every == 10
    assert planned(17_220).every == 688
    assert planned(6).every == 1


def test_training_may_stop_where_five_even_adapters_were_kept() -> None:
    plan = planned(250, "train.patience=3")
    assert plan.kept == tuple(range(10, 251, 10))
    assert plan.stops == (50, 100, 150, 200)
    often = planned(250, "train.patience=3", "train.validation_steps=1")
    assert often.kept == tuple(range(5, 251, 5))  # an adapter of every step would fill the disk
    assert often.stops == tuple(range(25, 250, 25))


@given(steps=st.integers(10, 40_000), every=st.none() | st.integers(1, 3000), count=st.integers(1, 8))
def test_up_to_each_stop_there_are_even_checkpoints_among_those_kept(steps: int, every: int | None, count: int) -> None:
    words = ["train.patience=1", f"train.validation_steps={'null' if every is None else every}"]
    if steps < count:
        return
    try:
        plan = planned(steps, *words, count=count)
    except InputError as error:
        assert every is None or count * every >= steps  # noqa: PT017
        assert f"below {steps / count:g}" in str(error)  # noqa: PT017
        return
    assert plan.stops
    assert len(plan.kept) <= 20 * count + 1
    for stop in plan.stops:
        assert stop < steps
        assert plan.is_due(stop)
        assert set(even_steps(stop, count)) <= set(plan.kept)
        assert all(plan.is_due(step) for step in even_steps(stop, count))


@given(losses=st.lists(st.floats(0, 3) | st.just(math.nan), max_size=40), patience=st.integers(1, 6))
def test_what_was_decided_stays_decided(losses: list[float], patience: int) -> None:
    """Rows that come later change nothing: a training that goes on from a state stops where it stopped."""
    plan = ValidationPlan(10, (400,), patience, 0.1, (), tuple(range(50, 400, 50)))
    seen = [plan.stopped(rows(losses[:number])) for number in range(len(losses) + 1)]
    first = next((step for step in seen if step is not None), None)
    assert all(step == first for step in seen[seen.index(first) :])
    if first is not None:
        assert first % 50 == 0
        before = [math.inf if math.isnan(loss) else loss for loss in losses[: first // 10]]
        # Of the last ones, as many as were waited for, none is by 0.1 lower than all before it.
        assert all(before[at] >= min(before[:at], default=math.inf) - 0.1 for at in range(len(before))[-patience:])


def test_the_lowest_is_the_first_of_equal_ones_and_a_number() -> None:
    assert lowest(rows([math.nan, 0.5, 0.4, 0.4, math.inf])) == {"step": 30, "loss": 0.4}
    assert lowest(rows([math.nan])) is None
    assert lowest([]) is None


def test_min_delta_is_what_counts_as_lower() -> None:
    falling = rows([1.0 - 0.01 * number for number in range(10)])
    plan = {delta: ValidationPlan(10, (100,), 3, delta, (), (50, 100)) for delta in (0.0, 0.05)}
    assert plan[0.0].stopped(falling) is None
    assert plan[0.05].stopped(falling) == 50


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        (["train.patience=3"], "train.patience needs records that are not trained on: set data.validation_records"),
        (["train.validation_steps=10"], "train.validation_steps needs records"),
        (["data.validation_records=9", "train.patience=3", "train.validation_steps=0"], "validation_steps 0 computes"),
        (["data.validation_records=9", "train.min_delta=0.1"], "patience, which is not set"),
        (["data.validation_records=9", "train.patience=0"], "patience"),
        (["data.validation_records=9", "train.patience=1", "train.evaluate=[retention]"], "do not go together"),
        (["data.validation_records=3200"], "there are 3200 records, and at least one has to be left to train on"),
        (["data.validation_records=-1"], "validation_records"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: list[str], what: str) -> None:
    with pytest.raises(InputError, match=what):
        load_contest("practice_math", settings)


def test_a_patience_that_could_never_stop_anything_is_refused() -> None:
    with pytest.raises(InputError, match=r"a loss every 50 of 250 steps .* set train.validation_steps below 50"):
        planned(250, "train.patience=3", "train.validation_steps=50")
