"""Steps, sinks and checkpoints: what is trained how often, what is saved when, and what of it is kept."""

from __future__ import annotations

from collections.abc import Iterator

from core.errors import InputError
from core.schedule import evenly_spaced, sink_length, steps_per_epoch
from finetune.lint import Check, Found
from finetune.lint.facts import Facts
from finetune.lint.settings import Settings

_WANTED = 5
_MONITORS = ("CheckpointMointor", "CheckpointMonitor", "StepMonitor")
_LOST_SHARE = 0.05
_MANY = 10_000
_MONITOR = {"type": "CheckpointMonitor", "prefix": "llama3_8b", "save_checkpoint_steps": 2812}


def _monitor(facts: Facts) -> Settings | None:
    """Return the callback that saves checkpoints as MindFormers does."""
    return next((one for one in facts.training.callbacks() if one.text("type") in _MONITORS[:2]), None)


def _rows_fill_no_step(facts: Facts) -> Iterator[Found]:
    if facts.rows and facts.rows.count is not None and facts.batch:
        try:
            steps_per_epoch(facts.rows.count, facts.batch, _dp(facts))
        except InputError as error:
            yield facts.training.where("runner_config.batch_size"), str(error)


def _dp(facts: Facts) -> int:
    return facts.spread("data_parallel") if facts.is_parallel else 1


def _rows_lost(facts: Facts) -> Iterator[Found]:
    if facts.epoch_steps and facts.rows and facts.rows.count and facts.batch:
        taken = facts.epoch_steps * facts.batch * _dp(facts)
        lost = facts.rows.count - taken
        if lost > _LOST_SHARE * facts.rows.count:
            said = f"{lost:,} of {facts.rows.count:,} rows are left out of each epoch"
            where = facts.training.where("runner_config.batch_size")
            yield where, f"{said}: a step takes {facts.batch} x {_dp(facts)}"


def _sink_too_long(facts: Facts) -> Iterator[Found]:
    if facts.epoch_steps and facts.sink and facts.sink > facts.epoch_steps:
        said = f"is {facts.sink}, and an epoch has {facts.epoch_steps} steps"
        yield facts.training.where("runner_config.sink_size"), said


def _sink_drops_steps(facts: Facts) -> Iterator[Found]:
    epochs = facts.training.whole("runner_config.epochs") or 0
    if facts.epoch_steps and facts.steps and epochs * facts.epoch_steps > facts.steps:
        said = (
            f"{epochs} epochs of {facts.epoch_steps:,} steps are no whole number of sinks of {facts.sink}: "
            f"{epochs * facts.epoch_steps - facts.steps} steps are left out"
        )
        yield facts.training.where("runner_config.sink_size"), said


def _no_checkpoints(facts: Facts) -> Iterator[Found]:
    if not any(one.text("type") in _MONITORS for one in facts.training.callbacks()):
        yield facts.training.where("callbacks"), "none of them saves checkpoints: nothing is left of the training"


def _saved(facts: Facts) -> tuple[Settings, int] | None:
    monitor = _monitor(facts)
    every = monitor.whole("save_checkpoint_steps") if monitor else None
    return (monitor, every) if monitor and every and every > 0 else None


def _save_between_sinks(facts: Facts) -> Iterator[Found]:
    found = _saved(facts)
    if found and facts.sink and facts.sink > 1 and found[1] % facts.sink:
        said = f"is {found[1]}, no multiple of sink_size {facts.sink}: it is saved at the ends of sinks only"
        yield found[0].where("save_checkpoint_steps"), said


def _too_few_kept(facts: Facts) -> Iterator[Found]:
    monitor = _monitor(facts)
    if monitor:
        kept = monitor.whole("keep_checkpoint_max", 5)
        if kept is not None and 0 < kept < _WANTED:
            said = f"is {kept}: earlier checkpoints are deleted, and {_WANTED} are handed in"
            yield monitor.where("keep_checkpoint_max"), said


def _kept_steps(facts: Facts) -> tuple[Settings, list[int], int] | None:
    """Return the callback, the steps of the checkpoints that are left at the end, and the steps of a sink."""
    found, total = _saved(facts), facts.steps
    if not found or not total or total // found[1] > _MANY or not facts.epoch_steps:
        return None
    monitor, every = found
    # MindSpore saves once more as training ends.
    steps = [*range(every, total + 1, every), *([total] if total % every else [])]
    kept = monitor.whole("keep_checkpoint_max", 5) or _MANY
    return monitor, steps[-kept:], sink_length(facts.epoch_steps, facts.sink)


def _too_few_saved(facts: Facts) -> Iterator[Found]:
    found = _kept_steps(facts)
    if found and facts.steps and (facts.steps // _every(found[0])) + bool(facts.steps % _every(found[0])) < _WANTED:
        said = (
            f"is {_every(found[0])} in a training of {facts.steps:,} steps: fewer than {_WANTED} checkpoints are saved"
        )
        yield found[0].where("save_checkpoint_steps"), f"{said}; {_better(facts)}"


def _every(monitor: Settings) -> int:
    return monitor.whole("save_checkpoint_steps") or 1


def _uneven(facts: Facts) -> Iterator[Found]:
    found = _kept_steps(facts)
    if not found or len(found[1]) < _WANTED:
        return
    monitor, steps, sink = found
    chosen = steps[-_WANTED:]
    if len(steps) == _WANTED and not evenly_spaced(chosen, sink, from_start=True):
        said = f"the {_WANTED} that are kept are at {', '.join(map(str, chosen))}, not evenly spaced; {_better(facts)}"
        yield monitor.where("save_checkpoint_steps"), said


def _better(facts: Facts) -> str:
    """Return the interval that gives five even checkpoints."""
    sink = sink_length(facts.epoch_steps or 1, facts.sink)
    return f"set {max(1, (facts.steps or 1) // sink // _WANTED) * sink}"


def _spread_fits_cards(facts: Facts) -> Iterator[Found]:
    if facts.cards and facts.is_parallel and facts.workers != facts.cards:
        parts = " x ".join(str(facts.spread(name)) for name in ("data_parallel", "model_parallel", "pipeline_stage"))
        said = f"data x model x pipeline is {parts} = {facts.workers}, on {facts.cards} cards"
        yield facts.training.where("parallel_config"), said


def _one_card(facts: Facts) -> Iterator[Found]:
    yaml = facts.training
    model = facts.spread("model_parallel") * facts.spread("pipeline_stage")
    if not facts.is_parallel and model > 1:
        yield (
            yaml.where("use_parallel"),
            f"is false, and the model is spread over {model}: one card would hold all of it",
        )
    if not facts.is_parallel and (facts.cards or 0) > 1:
        yield yaml.where("use_parallel"), f"is false: of {facts.cards} cards each would train by itself"


def _parallel_of_one(facts: Facts) -> Iterator[Found]:
    automatic = facts.training.get("parallel.parallel_mode") == 2
    if facts.is_parallel and facts.workers == 1 and (facts.cards or 1) == 1 and not automatic:
        yield facts.training.where("use_parallel"), "is true with one worker: it waits for others, or fails to begin"


def _float16_scale(facts: Facts) -> Iterator[Found]:
    yaml = facts.training
    scale = yaml.number("runner_wrapper.scale_sense")
    if yaml.text(yaml.model("compute_dtype")) == "float16" and scale is not None and scale <= 1:
        yield yaml.where("runner_wrapper.scale_sense"), f"is {scale:g} with float16: small gradients become 0"


CHECKS = (
    Check(
        "rows_fill_no_step",
        "error",
        _rows_fill_no_step,
        evidence="training ends without a step, or the reader says that the data set is empty",
        remedy="a smaller batch_size: a step takes batch_size x data_parallel rows",
        source="MindSpore, MindDataset with drop_remainder",
        trap={"rows": {"count": 20}},
        clean={"rows": {"count": 200}, "training": {"callbacks": [{"type": "StepMonitor"}],
                                                    "runner_config": {"sink_mode": False}}},
    ),
    Check(
        "rows_lost",
        "warning",
        _rows_lost,
        evidence="'training seems to want a number of rows that eight divides' (a report): the rest of each epoch is "
        "dropped",
        remedy="a batch that divides the rows better, or more rows",
        source="published hand-ins of the 2024 contest; MindDataset with drop_remainder",
        trap={"rows": {"count": 60}, "training": {"callbacks": [{"type": "StepMonitor"}],
                                                  "runner_config": {"sink_mode": False}}},
        clean={"rows": {"count": 64}, "training": {"callbacks": [{"type": "StepMonitor"}],
                                                   "runner_config": {"sink_mode": False}}},
    ),
    Check(
        "sink_too_long",
        "error",
        _sink_too_long,
        evidence="MindFormers counts sinks of steps that are not there",
        remedy="a smaller sink_size, or -1 for an epoch",
        source="MindFormers, trainer/utils.py: check_runner_config",
        trap={"training": {"runner_config": {"sink_size": 3000}, "callbacks": [{"type": "StepMonitor"}]}},
        clean={"training": {"runner_config": {"sink_size": -1}, "callbacks": [{"type": "StepMonitor"}]}},
    ),
    Check(
        "sink_drops_steps",
        "warning",
        _sink_drops_steps,
        evidence="the last checkpoint is not at the end of the data",
        remedy="a sink_size that divides the steps of the training",
        source="MindFormers, trainer/utils.py: int(steps / sink_size * epochs)",
        trap={"training": {"runner_config": {"sink_size": 9}, "callbacks": [{"type": "StepMonitor"}]}},
        clean={"training": {"runner_config": {"sink_size": 4}, "callbacks": [{"type": "StepMonitor"}]}},
    ),
    Check(
        "no_checkpoints",
        "error",
        _no_checkpoints,
        evidence="the training ends, and no file holds what it learned",
        remedy="callbacks: - {type: CheckpointMonitor, save_checkpoint_steps: N, keep_checkpoint_max: 5} "
        "(1.1.0: CheckpointMointor)",
        source="MindFormers, core/callback",
        trap={"training": {"callbacks": [{"type": "MFLossMonitor"}]}},
        clean={"training": {"callbacks": [{"type": "StepMonitor"}]}},
    ),
    Check(
        "save_between_sinks",
        "warning",
        _save_between_sinks,
        evidence="the host sees the device between sinks only; 'epoch' 375 of 375_2.ckpt is step 750",
        remedy="a save_checkpoint_steps that sink_size divides",
        source="published hand-ins of the 2024 contest: save_checkpoint_steps 750, sink_size 2",
        trap={"rows": None, "training": {"callbacks": [{**_MONITOR, "save_checkpoint_steps": 2811}]}},
        clean={"rows": None, "training": {"callbacks": [{**_MONITOR, "save_checkpoint_steps": 2810}]}},
    ),
    Check(
        "too_few_kept",
        "error",
        _too_few_kept,
        evidence="stage 2's official YAML keeps 3; five checkpoints are handed in",
        remedy="keep_checkpoint_max: 5 or more",
        source="the contest's finetune_internlm_7b_lora_mmlu_64G.yaml; rules of stage 2, 6 (3)",
        trap={"training": {"callbacks": [{**_MONITOR, "keep_checkpoint_max": 3}]}},
        clean={"training": {"callbacks": [_MONITOR]}},
    ),
    Check(
        "too_few_saved",
        "error",
        _too_few_saved,
        evidence="save_checkpoint_steps was worked out for other rows or another batch",
        remedy="rows x epochs / batch / 5, in whole sinks",
        source="published hand-ins of the 2024 contest (a comment: 'to be recomputed by hand')",
        trap={"training": {"callbacks": [{**_MONITOR, "save_checkpoint_steps": 5000}]}},
        clean={"rows": None, "training": {"callbacks": [{**_MONITOR, "save_checkpoint_steps": 5000}]}},
    ),
    Check(
        "uneven_checkpoints",
        "warning",
        _uneven,
        evidence="the official 1,400 with 7,030 steps keeps 2800, 4200, 5600, 7000 and 7030: the one at the end pushes "
        "out the first",
        remedy="rows x epochs / batch / 5, in whole sinks",
        source="rules of stage 2, 6 (3): five checkpoints at even intervals",
        trap={"training": {"callbacks": [{**_MONITOR, "save_checkpoint_steps": 2800}]}},
        clean={"training": {"callbacks": [{**_MONITOR, "save_checkpoint_steps": 1406, "keep_checkpoint_max": 10}]}},
    ),
    Check(
        "spread_fits_cards",
        "error",
        _spread_fits_cards,
        evidence="MindSpore ends with: the product of the strategies is not the number of devices",
        remedy="data_parallel x model_parallel x pipeline_stage = cards",
        source="MindFormers, ParallelConfig; stage 2's YAML says 8 and teams had 4 cards",
        trap={"cards": 8},
        clean={"cards": 4},
    ),
    Check(
        "one_card",
        "error",
        _one_card,
        evidence="the YAML for four cards was copied for one",
        remedy="one card: use_parallel False, model_parallel 1, enable_parallel_optimizer False; several: use_parallel "
        "True",
        source="published hand-ins of the 2024 contest",
        trap={"training": {"use_parallel": False}, "rows": None},
        clean={"training": {"use_parallel": False, "parallel_config": {"data_parallel": 1}}, "cards": 1, "rows": None},
    ),
    Check(
        "parallel_of_one",
        "error",
        _parallel_of_one,
        evidence="a README says one card, its YAML use_parallel True",
        remedy="use_parallel: False",
        source="published hand-ins of the 2024 contest",
        trap={"training": {"parallel_config": {"data_parallel": 1}}, "cards": 1, "rows": None},
        clean={"training": {"parallel_config": {"data_parallel": 1}, "use_parallel": False}, "cards": 1, "rows": None},
    ),
    Check(
        "float16_scale",
        "warning",
        _float16_scale,
        evidence="gradients below 6e-8 are 0 in float16",
        remedy="scale_sense: {type: DynamicLossScaleUpdateCell, loss_scale_value: 16384, scale_factor: 2, "
        "scale_window: 1000}",
        source="the contest's YAML of stage 2, which trains in float16 so",
        trap={"training": {"model": {"model_config": {"compute_dtype": "float16"}}}},
        clean={"training": {"model": {"model_config": {"compute_dtype": "float16"}},
                            "runner_wrapper": {"scale_sense": 16384.0}}},
    ),
)  # fmt: skip
