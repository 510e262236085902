"""Memory, time and price of a plan, against what the 2024 contest's teams published, and by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as bounded
from hypothesis import strategies as st

from core.config import load_contest, names
from core.errors import InputError
from finetune.run import main
from finetune.training.cost import GUIDE, OTHERS, cost_of, in_time
from finetune.training.fitting import check_fits, fitting, limit_of
from finetune.training.memory import GB, Load, activations, device_memory, load_of, memory_limit
from pipeline.validate import main as validate

SHARED = ("machine.model_parallel=4", "machine.data_parallel=1")
ONE = ("machine=ascend_1x32g",)


@pytest.mark.parametrize(
    ("settings", "fits"),
    [
        # Four 32 GB cards that share each tensor, 26 GB of each: the guide's batch works, twice as much ran out.
        ((*SHARED, "train.batch_size=64"), True),
        ((*SHARED, "train.batch_size=128"), False),
        ((*SHARED, "train.batch_size=32", "data.seq_length=512"), True),
        ((*SHARED, "train.batch_size=16", "data.seq_length=768", "method=lora_qkvo", "method.rank=64"), True),
        # One card of 32 GB.
        ((*ONE, "train.batch_size=4", "data.seq_length=512", "method=lora_qkvo", "method.rank=16"), True),
        ((*ONE, "train.batch_size=4", "machine.recompute=false"), True),
        ((*ONE, "train.batch_size=64"), False),
    ],
)
def test_published_trainings_of_stage_1(settings: tuple[str, ...], fits: bool) -> None:
    config = load_contest("math_llama3", settings)
    limit = limit_of(config)
    assert limit == 26 * GB
    assert (sum(device_memory(load_of(config)).values()) <= limit) is fits
    if fits:
        check_fits(config)
    else:
        with pytest.raises(InputError, match=r"needs about [\d.]+ GB on each NPU \(logits .* what would fit: "):
            check_fits(config)


@pytest.mark.parametrize("settings", [("train.batch_size=4", "train.accumulate=1"), ("train.batch_size=2",)])
def test_published_trainings_of_stage_2_fit_their_64_gb_cards(settings: tuple[str, ...]) -> None:
    config = load_contest("choice_internlm", ["machine=ascend_8x64g", "machine.flash_attention=false", *settings])
    assert sum(device_memory(load_of(config)).values()) < 58 * GB


@pytest.mark.parametrize("contest", names("contests"))
def test_the_shipped_contests_fit_their_machines(contest: str) -> None:
    config = load_contest(contest)
    check_fits(config)
    limit = limit_of(config)
    assert limit is None or sum(device_memory(load_of(config)).values()) <= limit


def test_every_setting_that_is_named_fits_and_trains_the_same_step() -> None:
    for settings in (["train.batch_size=64", *ONE], ["train.batch_size=48", "machine.recompute=false"]):
        config = load_contest("math_llama3", settings)
        found = fitting(config)
        assert found
        for words in found:
            changed = load_contest("math_llama3", [*settings, *words.partition(" (")[0].split()])
            limit = limit_of(changed)
            assert limit
            assert sum(device_memory(load_of(changed)).values()) <= limit
            if "parallel" not in words:
                assert changed.train.step_rows == config.train.step_rows
    # The nearest first: what costs time only, then the largest part of a batch.
    assert fitting(load_contest("math_llama3", ["machine.recompute=false"]))[0] == "machine.recompute=true"
    big = fitting(load_contest("math_llama3", ["train.batch_size=64", *ONE]))
    assert big[0] == "train.batch_size=8 train.accumulate=8"


def test_what_fits_nowhere_is_said() -> None:
    config = load_contest("math_llama3", [*ONE, "machine.max_device_memory=8GB"])
    assert fitting(config) == []
    with pytest.raises(InputError, match="no setting of this machine would fit"):
        check_fits(config)


def test_parts_by_hand() -> None:
    """Stage 1 on one worker: 8 rows of 256 tokens."""
    parts = device_memory(load_of(load_contest("math_llama3")))
    tokens = 8 * 256
    assert parts["weights"] == 2 * 8_030_261_248
    assert parts["adapter"] == parts["gradients"] == 4 * 3_407_872
    assert parts["optimizer"] == 8 * 3_407_872
    # Its bfloat16 and their gradient, and four float32 arrays.
    assert parts["logits"] == tokens * 128_256 * (2 * 2 + 4 * 4)
    layer = tokens * 2 * (6 * 4096 + 2 * 1024 + 3 * 14_336)
    assert parts["activations"] == 32 * tokens * 4096 * 2 + layer


def test_parallelism_divides_what_it_divides() -> None:
    alone = load_of(load_contest("math_llama3"))
    parts = device_memory(alone)

    def changed(**values: Any) -> dict[str, int]:
        return device_memory(Load(**{**vars(alone), **values}))

    ends = 2 * 128_256 * 4096 * 2  # embedding and output layer, which every worker holds
    assert changed(tensor=4)["weights"] - ends == pytest.approx((parts["weights"] - ends) / 4, abs=100)
    assert changed(pipeline=2)["weights"] - ends / 2 == pytest.approx((parts["weights"] - ends) / 2, abs=100)
    assert changed(data=8)["optimizer"] == parts["optimizer"]
    assert changed(data=8, divided_optimizer=True)["optimizer"] == parts["optimizer"] // 8
    assert activations(alone, recompute=False) > 8 * activations(alone, recompute=True)
    # Scores of 32 heads: as float32 from the softmax and as bfloat16 for the product (one layer at a time).
    scores = 8 * 256 * 32 * 256
    assert changed(flash=False)["activations"] - parts["activations"] == scores * (4 + 2)
    assert changed(flash=False, softmax_bytes=2)["activations"] - parts["activations"] == scores * 2


@bounded(max_examples=50, deadline=None)
@given(
    rows=st.integers(1, 256),
    seq_length=st.integers(8, 8192),
    tensor=st.sampled_from([1, 2, 4, 8]),
    pipeline=st.sampled_from([1, 2, 4]),
    recompute=st.booleans(),
    flash=st.booleans(),
)
def test_more_rows_need_more_and_more_workers_need_less(
    rows: int, seq_length: int, tensor: int, pipeline: int, recompute: bool, flash: bool
) -> None:
    def needed(**changes: Any) -> int:
        values = {"rows": rows, "seq_length": seq_length, "tensor": tensor, "pipeline": pipeline}
        load = Load(**{**vars(STAGE_1), **values, "recompute": recompute, "flash": flash, **changes})
        return sum(device_memory(load).values())

    assert needed() < needed(rows=rows + 1)
    assert needed() < needed(seq_length=seq_length + 1)
    assert needed(tensor=2 * tensor) < needed()
    assert needed(recompute=True) <= needed(recompute=False) or pipeline > 8


STAGE_1 = load_of(load_contest("math_llama3"))


@pytest.mark.parametrize(
    ("text", "size"), [("26GB", 26 * GB), ("26.5GB", 26.5 * GB), ("58 GB", 58 * GB), ("", None), ("lots", None)]
)
def test_limits(text: str, size: float | None) -> None:
    assert memory_limit(text) == size


def test_the_guides_own_training_takes_the_six_hours_that_it_says() -> None:
    rows = 90_000 * 5
    config = load_contest("math_llama3", [*SHARED, "train.batch_size=64"])
    cost = cost_of(config, rows // 64)
    assert cost.seconds == pytest.approx(6 * 3600, rel=1e-4)
    assert cost.worker_hours == pytest.approx(24, rel=1e-4)
    assert cost.least is not None
    assert cost.most is not None
    # 40,000 rows of 512 on one card took two hours: the fastest; 17,145 x 5 of 256 on four, 1.4 h: the slowest.
    assert cost.least == pytest.approx(21_600 * GUIDE.speed / OTHERS[2].speed, rel=1e-3)
    assert cost.most == pytest.approx(21_600 * GUIDE.speed / OTHERS[1].speed, rel=1e-3)


@pytest.mark.parametrize("published", OTHERS)
def test_other_published_trainings_lie_within_what_is_said(published: Any) -> None:
    machine = "ascend_1x32g" if published.cards == 1 else "ascend_4x32g"
    settings = [f"machine={machine}", "train.batch_size=1", f"data.seq_length={published.seq_length}"]
    config = load_contest("math_llama3", settings)
    cost = cost_of(config, published.rows * published.epochs // published.cards)
    assert cost.least is not None
    assert cost.most is not None
    assert cost.least * 0.999 <= published.hours * 3600 <= cost.most * 1.001


def test_a_measured_speed_and_a_price_are_taken() -> None:
    settings = ["machine.tokens_per_second=1000", "machine.price_per_hour=2.5"]
    cost = cost_of(load_contest("math_llama3", settings), 1000)
    assert cost.tokens == 1000 * 8 * 4 * 256
    assert cost.seconds == cost.least == cost.most == cost.tokens / 1000
    assert cost.price == pytest.approx(cost.tokens / 1000 / 3600 * 4 * 2.5)
    assert cost_of(load_contest("practice_math"), 250).seconds is None


def test_times_in_words() -> None:
    assert [in_time(seconds) for seconds in (45, 89.9, 600, 5400, 7200, 172_800)] == [
        "45 s", "90 s", "10 min", "1.5 h", "2.0 h", "2.0 days",
    ]  # fmt: skip


def test_the_dry_run_shows_it_in_eighty_columns(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--contest", "math_llama3", "--dry-run", "machine.price_per_hour=2"]
    assert main([*words, "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["memory_bytes"]["total"] == sum(size for name, size in plan["memory_bytes"].items() if name != "total")
    assert plan["cost"]["price"] == pytest.approx(2 * plan["cost"]["worker_hours"])
    assert plan["points_lost"] == pytest.approx(0.3 * plan["published_ratio"])
    assert plan["accuracy_to_win_back"] == pytest.approx(plan["points_lost"] / 0.7)
    for contest in names("contests"):
        assert main(["--contest", contest, "--dry-run", "machine.price_per_hour=2"]) == 0
        text = capsys.readouterr().out
        own = text.partition("# MindFormers YAML")[0].splitlines()
        assert max(map(len, own)) <= 80
        parts = ("weights", "activations", "logits", "total")
        for title in ("time", *(f"memory: {part}" for part in parts), "disk: total", "ratio costs", "checkpoints at"):
            assert title in text


def test_the_cpu_holds_every_array_as_often_as_it_was_found_there() -> None:
    """The practice contest's own: what benchmarks/memory.py measured on other sizes."""
    config = load_contest("practice_math", ["model.hidden_size=160", "train.batch_size=16", "data.seq_length=128"])
    parts = device_memory(load_of(config))
    tokens, model = 16 * 128, config.model
    assert parts["logits"] == 16 * 4 * tokens * model.vocab_size
    assert parts["activations"] == model.num_layers * tokens * 4 * (
        93 * 160 + 5 * model.intermediate_size + 10 * 5 * 128
    )
    assert parts["process"] == 750_000_000


def test_the_main_job_is_told_before_it_starts(capsys: pytest.CaptureFixture[str]) -> None:
    assert validate(["math_llama3", "train.batch_size=128", "--json"]) == 2
    faults = json.loads(capsys.readouterr().out)["faults"]
    assert any("what would fit: train.batch_size=8 train.accumulate=16" in fault for fault in faults)


def test_the_dry_run_refuses_what_cannot_fit() -> None:
    with pytest.raises(InputError, match=r"what would fit: train.batch_size=8 train.accumulate=16"):
        main(["--contest", "math_llama3", "--dry-run", "train.batch_size=128"])
