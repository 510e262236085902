"""What a run will do, worked out before it starts: steps, parameters, commands, disk. Pure, without MindSpore."""

from __future__ import annotations

import math
import shlex
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from backend.host import PORT_OF_SEVERAL_HOSTS
from core.audit import Filling, filling, validation_rows
from core.methods import method_of
from core.models import total_parameters
from core.packed import planned_columns
from core.schedule import even_steps, steps_per_epoch, total_steps
from core.schema import MachineConfig, RunConfig
from core.score import parameter_ratio, points_lost
from core.validation import ValidationPlan, planned_validation
from finetune.training.cost import cost_of
from finetune.training.fitting import limit_of
from finetune.training.memory import activations, device_memory, load_of
from finetune.training.precision import ADAM_BYTES, BYTES, adapter_dtype, adapter_memory, check_adapter_dtype

_INT32 = 4
# A forward pass takes about this share of a step's time: gradients go through frozen weights, but not to them.
_PASS = 0.4
# Bytes that MindSpore and MindFormers take besides the model, measured with the practice model.
_WORKER, _SCHEDULER = 1_500_000_000, 900_000_000
# What the graph of the loss on validation records takes besides that of a step, measured likewise.
_VALIDATION = 400_000_000


@dataclass(frozen=True)
class Plan:
    """The figures of a run.

    Attributes:
        records: training records, or rows of them; records_from says where that number comes from.
        filling: what the rows are filled with; None: they are not converted yet.
        epoch_steps, steps: optimizer steps of one epoch and of the run.
        checkpoint_steps: the evenly spaced steps that are saved, the last one included.
        trainable, total: parameters.
        method: the tuning method in one line.
        adapter_dtype: type of the trained tensors.
        adapter_memory: bytes that they take on each worker, with gradients and the optimizer's moments.
        disk: bytes by what they are for.
        rates: learning rates that differ from the run's, by what they are for.
        validation: when the loss on validation records is computed; None: never.
        validation_rows: their rows; validation_batches: forward passes of a worker for them each time.
        validation_share: about what share of the time of the steps all these passes take.
    """

    records: int
    records_from: str
    epoch_steps: int
    steps: int
    checkpoint_steps: list[int]
    trainable: int
    total: int
    method: str
    adapter_dtype: str
    adapter_memory: int
    published_total: int | None
    disk: dict[str, int]
    rates: dict[str, float]
    filling: Filling | None = None
    validation: ValidationPlan | None = None
    validation_rows: int = 0
    validation_batches: int = 0
    validation_share: float = 0.0

    @property
    def ratio(self) -> float:
        """Trained over total parameters, exact."""
        return parameter_ratio(self.trainable, self.total)

    @property
    def published_ratio(self) -> float | None:
        """The ratio with the rounded denominator that teams and organisers use."""
        return None if self.published_total is None else parameter_ratio(self.trainable, self.published_total)


def make_plan(
    config: RunConfig, records: int, records_from: str, filling: Filling | None = None, held_out: int | None = None
) -> Plan:
    """Work out the plan of a run.

    Args:
        config: its configuration.
        records: training records, or rows of them.
        records_from: where that number comes from.
        filling: what the rows are filled with; None: they are not converted yet.
        held_out: rows of the validation records; None: as many as there are of these.

    Raises:
        InputError: too few records for one step or for the checkpoints, targets that match no layer, a type of the
            adapter in which nothing can be learned, or a training that could never stop early though it should.
    """
    train, model = config.train, config.model
    epoch_steps = steps_per_epoch(records, train.step_rows, config.machine.data_parallel)
    steps = total_steps(train.epochs, epoch_steps)
    total = total_parameters(model)
    method = method_of(config.method)
    trainable = method.parameters(config.method, model)
    frozen = sum(math.prod(shape) for shape in method.frozen(config.method, model).values())
    checkpoints = even_steps(steps, config.rules.checkpoints)
    validation = planned_validation(config, steps, checkpoints)
    validated = (config.data.validation_records if held_out is None else held_out) if validation else 0
    batches = -(-validated // (train.batch_size * config.machine.data_parallel))
    passes = batches * validation.evaluations if validation else 0
    return Plan(
        records=records,
        records_from=records_from,
        epoch_steps=epoch_steps,
        steps=steps,
        checkpoint_steps=checkpoints,
        trainable=trainable,
        total=total,
        method=method.line(config.method, trainable),
        adapter_dtype=check_adapter_dtype(config),
        adapter_memory=adapter_memory(config),
        published_total=model.published_total,
        rates=method.rates(config.method, train.learning_rate),
        disk=_disk(config, records, trainable, frozen, total, validation),
        filling=filling,
        validation=validation,
        validation_rows=validated,
        validation_batches=batches,
        validation_share=passes * _PASS / (train.accumulate * steps),
    )


def converted_plan(config: RunConfig, audit: Path) -> Plan:
    """Work out the plan of a converted run from its audit; InputError as `make_plan`, and for a damaged audit."""
    found = filling(audit)
    held_out = validation_rows(audit) if config.validates else None
    return make_plan(config, found.rows, "of the converted corpus", found, held_out)


def stopped_plan(plan: Plan, step: int) -> Plan:
    """Return the plan of a training that stopped early after a step."""
    return replace(plan, steps=step, checkpoint_steps=even_steps(step, len(plan.checkpoint_steps)))


def step_tokens(config: RunConfig, filling: Filling | None) -> float:
    """Return the tokens of a step of all workers, padding not counted; 0 where it is not known what rows hold."""
    rows = config.train.step_rows * config.machine.data_parallel
    return filling.tokens / filling.rows * rows if filling else 0.0


def _disk(
    config: RunConfig, records: int, trainable: int, frozen: int, total: int, validation: ValidationPlan | None
) -> dict[str, int]:
    """Return the bytes that a run needs, by purpose; headers and indexes are not counted."""
    base = total * BYTES[config.model.param_dtype]
    dtype = config.submission.dtype
    merged = total * BYTES[config.model.param_dtype if dtype == "keep" else dtype]
    count = config.rules.checkpoints
    adapter = (trainable + frozen) * BYTES[adapter_dtype(config)]
    row = len(planned_columns(config)) * (config.data.seq_length + 1) * _INT32
    # The best one so far, and the one that is being written.
    between = 2 + len(set(validation.kept) - set(validation.checkpoints)) if validation else 0
    disk = {
        "base": base,
        "mindrecord": records * row,
        **({"validation": config.data.validation_records * row} if config.data.validation_records else {}),
        "adapters": count * adapter,
        **({"between": between * adapter} if validation else {}),
        # The last two, and the one that is being written.
        "state": 3 * config.machine.state_writers * (adapter + trainable * ADAM_BYTES),
        "merged": count * merged,
        "zip": count * merged if config.submission.checkpoints == "full" else 0,
    }
    return {**disk, "total": sum(disk.values())}


def memory_needed(config: RunConfig) -> int:
    """Return about how many bytes of the host's memory training takes; 0 on NPUs, whose own memory decides."""
    machine = config.machine
    if machine.device != "CPU":
        return 0
    weights = total_parameters(config.model) * BYTES["float32"]
    loading = _WORKER + 4 * weights + adapter_memory(config)
    taken = max(loading, sum(device_memory(load_of(config)).values()))
    return _SCHEDULER + machine.workers * (taken + (_VALIDATION if config.validates else 0))


def msrun_commands(
    machine: MachineConfig, worker: Path, yaml_file: Path, log_dir: Path, port: int | None = None
) -> list[list[str]]:
    """Return the msrun command of each host; empty where one process without msrun does.

    The i-th command is given on the i-th host; host 0's address is machine.master_addr. `port` is where
    the workers find each other: the machine's own where it is None, and what MindSpore takes by itself where none is
    set.
    """
    port = port or machine.master_port or PORT_OF_SEVERAL_HOSTS
    if machine.world_size == 1:
        return []
    commands = []
    for host in range(machine.hosts):
        words = [
            "msrun",
            f"--worker_num={machine.world_size}",
            f"--local_worker_num={machine.workers}",
            f"--master_port={port}",
            f"--log_dir={log_dir}",
            "--join=True",
            f"--cluster_time_out={machine.cluster_time_out}",
        ]
        if machine.hosts > 1:
            words += [f"--master_addr={machine.master_addr}", f"--node_rank={host}"]
        commands.append([*words, str(worker), str(yaml_file)])
    return commands


def _rows(filling: Filling | None) -> dict[str, Any] | None:
    """Return what an epoch's rows are filled with, as plain data; None: they are not converted yet."""
    if filling is None:
        return None
    return {
        "rows": filling.rows,
        "tokens": filling.tokens,
        "learned": filling.learned,
        "padding_share": 1 - filling.share,
    }


def _validation(plan: Plan) -> dict[str, Any] | None:
    """Return when the loss on validation records is computed, as plain data; None: never."""
    validation = plan.validation
    if validation is None:
        return None
    return {
        "rows": plan.validation_rows,
        "every": validation.every,
        "evaluations": validation.evaluations,
        "batches": plan.validation_batches,
        "share_of_time": round(plan.validation_share, 4),
        "memory_bytes": _VALIDATION,
        "patience": validation.patience,
        "min_delta": validation.min_delta,
        "stops": list(validation.stops),
    }


def as_json(
    config: RunConfig,
    plan: Plan,
    commands: list[list[str]],
    trainer_yaml: dict[str, Any],
    changes: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return the plan as the JSON of the dry run."""
    load = load_of(config)
    memory = device_memory(load)
    ratio = plan.ratio if plan.published_ratio is None else plan.published_ratio
    lost = points_lost(config.rules, ratio)
    return {
        "records": plan.filling.records if plan.filling else plan.records,
        "records_from": plan.records_from,
        "rows": _rows(plan.filling),
        "steps_per_epoch": plan.epoch_steps,
        "total_steps": plan.steps,
        "checkpoint_steps": plan.checkpoint_steps,
        **({"validation": found} if (found := _validation(plan)) else {}),
        "method": plan.method,
        "adapter_dtype": plan.adapter_dtype,
        "adapter_memory_bytes": plan.adapter_memory,
        "trainable": plan.trainable,
        "total": plan.total,
        "ratio": plan.ratio,
        "published_total": plan.published_total,
        "published_ratio": plan.published_ratio,
        "learning_rates": plan.rates,
        "points_lost": lost,
        "accuracy_to_win_back": lost / config.rules.accuracy_weight if config.rules.accuracy_weight else None,
        "cost": asdict(cost_of(config, plan.steps)),
        "memory_bytes": {**memory, "total": sum(memory.values())},
        "memory_limit_bytes": limit_of(config),
        "activation_bytes": {"kept": activations(load, False), "recomputed": activations(load, True)},
        "disk_bytes": plan.disk,
        "msrun": [shlex.join(command) for command in commands],
        "mindformers_yaml": trainer_yaml,
        "network_changes": changes,
    }
