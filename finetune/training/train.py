"""Training one run: compose, launch, and file what the workers left behind."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import closing
from pathlib import Path

import yaml

from backend.changes import network_changes, write_changes
from backend.host import reserved_port, room
from backend.launch import launch
from backend.versions import need_bundle, version
from ckpt_tools.counting.counts import Count, agreed, count_log
from ckpt_tools.formats.index import INDEX
from ckpt_tools.formats.tensors import open_tensors
from ckpt_tools.merging.adapter import DESCRIPTION, TENSORS, AdapterInfo
from core.audit import converted_columns
from core.config import kit_path
from core.errors import InputError, KitError
from core.files import remove_file, remove_folder, sha256_file, write_json, write_text
from core.models import family_of
from core.places import ROOT
from core.result_parts import SCHEMA
from core.result_types import RatioResult
from core.results import file_name
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.step_names import step_name, step_of
from core.validation import ValidationPlan
from finetune.training.plan import Plan, converted_plan, memory_needed, msrun_commands, step_tokens, stopped_plan
from finetune.training.resume import Begun, keep_logs, keep_losses, step_to_go_on_from, what_decides
from finetune.training.validated import ADAPTERS, put_in_place, validation_losses, write_result
from finetune.training.watch import Validated, Watch

WORKER = ROOT / "backend" / "worker.py"


def train(config: RunConfig, run: RunFolder, begun: Begun = "go on") -> RatioResult:
    """Train a converted run on this host and write train/adapters/step_N and results/ratio.json.

    Args:
        config: the run's configuration.
        run: the run.
        begun: what becomes of a training of the run that was interrupted.

    Returns:
        The content of results/ratio.json.

    Raises:
        InputError: the run is not converted, a file is missing, this host cannot run it alone, or the training that
            was interrupted was one with other settings, data or base.
        KitError: a worker died, or the workers did not end with the same tensors.
    """
    plan = _planned(config, run)
    file = run.trainer_yaml
    log_dir = run.train / "msrun"
    base, columns = kit_path(config.model.checkpoint), converted_columns(run.audit)
    trainer_yaml = version().finetune_yaml(config, _mindrecord(run), run.train, base, plan.checkpoint_steps, columns)
    if plan.validation:
        trainer_yaml = version().validated(trainer_yaml, config, plan.validation, run.validation, columns)
    changes = network_changes(config, columns)
    decided = what_decides(
        run, trainer_yaml, changes, _mindrecord(run), base, run.validation if plan.validation else None
    )
    writers = config.machine.state_writers
    if done := step_to_go_on_from(run, decided, plan.checkpoint_steps, writers, begun, plan.validation):
        trainer_yaml = version().resumed(trainer_yaml, done)
        keep_losses(run, done, validated=plan.validation is not None)
        keep_logs(log_dir, done)
    else:
        remove_file(run.validation_losses)
    write_text(file, yaml.safe_dump(trainer_yaml, sort_keys=False, allow_unicode=True))
    write_changes(file, changes)
    commands = msrun_commands(config.machine, WORKER, file, log_dir)
    if len(commands) > 1:
        listed = "\n".join(f"  host {host}: {shlex.join(command)}" for host, command in enumerate(commands))
        raise InputError(
            f"machine {config.machine.name} has {len(commands)} hosts; {file} is written. With the run folder on a "
            f"disk that all of them see, start\n{listed}\nand, when they have ended, "
            f"python finetune/run.py --run {run.path} --collect (where they were interrupted: this command again)"
        )
    threads = max(1, (os.cpu_count() or 1) // config.machine.workers)
    with reserved_port(config.machine) as port, room(memory_needed(config), "train") as started:
        commands = msrun_commands(config.machine, WORKER, file, log_dir, port)
        command = commands[0] if commands else [sys.executable, str(WORKER), str(file)]
        descriptions = Descriptions(config, run)
        board = run.train / "tensorboard" if config.train.tensorboard else None
        validation = Validated(plan.validation, run.validation_losses, plan.validation_batches)
        watch = Watch(log_dir, board, step_tokens(config, plan.filling), lambda: descriptions.write(plan), validation)
        with closing(watch):
            launch(command, log_dir, run.losses, plan.steps, threads, started, watch, done)
    return collect(config, run)


def collect(config: RunConfig, run: RunFolder) -> RatioResult:
    """File what the workers of a run left behind: adapter.json of each step, results/ratio.json; check both.

    Where the loss on validation records was computed, results/validation.json too; where training stopped early by it,
    the checkpoints are those up to there.

    Returns:
        The content of results/ratio.json.

    Raises:
        KitError: an adapter is missing, or the workers did not end with the same tensors.
        GateError: the trained parameters in the log are not those of the configuration.
    """
    plan = _planned(config, run)
    if plan.validation:
        plan = _validated(run, plan, plan.validation)
    for step in Descriptions(config, run).write(plan):
        raise KitError(f"training ended without the adapter of step {step}; the logs are in {run.train / 'msrun'}")
    _workers_agree(run, config.machine.world_size)
    if plan.validation:
        result = write_result(run, plan.validation, plan.validation_rows, plan.checkpoint_steps)
        run.event("validated", best=result.best, lowest_step=result.lowest_step, stopped_at=result.stopped_at)
    log = run.train / "msrun" / ("worker_0.log" if config.machine.world_size > 1 else "launch.log")
    return _ratio(run, plan, log)


def _validated(run: RunFolder, plan: Plan, validation: ValidationPlan) -> Plan:
    """Put the adapters of the checkpoints into their place; return the plan, to where training stopped."""
    stopped = validation.stopped(validation_losses(run))
    if stopped is not None:
        plan = stopped_plan(plan, stopped)
    put_in_place(run, plan.checkpoint_steps)
    return plan


def _planned(config: RunConfig, run: RunFolder) -> Plan:
    machine = config.machine
    need_bundle(machine)
    if machine.model_parallel * machine.pipeline_stage > 1:
        raise InputError(
            f"machine {machine.name}: the kit trains data-parallel (set machine.model_parallel=1 "
            "machine.pipeline_stage=1); slices that MindFormers trained by itself are joined by ckpt_tools/join.py"
        )
    if not run.audit.is_file() or not _mindrecord(run).is_dir():
        raise InputError(f"{_mindrecord(run)} is missing: convert first (python data_convert/run.py --run {run.path})")
    check_base(config)
    return converted_plan(config, run.audit)


def _mindrecord(run: RunFolder) -> Path:
    return run.data / "mindrecord"


def check_base(config: RunConfig) -> Path:
    """Return the base weights' file, after comparing it with the configured model name by name and shape by shape.

    Raises:
        InputError: it is missing or in several files, or its tensors are not the model's.
    """
    base = kit_path(config.model.checkpoint)
    if not base.is_file():
        raise InputError(f"{base}: base weights not found; set model.checkpoint=PATH")
    if base.name == INDEX:
        raise InputError(f"{base}: training takes its base as one file; convert it without --shard-size")
    expected = family_of(config.model).parameter_shapes(config.model)
    with open_tensors(base) as tensors:
        found = {info.name: tuple(info.shape) for info in tensors.infos()}
    faults = [f"{name} is missing" for name in expected if name not in found]
    faults += [f"{name} is unexpected" for name in found if name not in expected]
    faults += [
        f"{name} is {list(found[name])}, expected {list(shape)}"
        for name, shape in expected.items()
        if name in found and found[name] != shape
    ]
    if faults:
        more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
        raise InputError(f"{base} does not fit model {config.model.name}: {'; '.join(faults[:3])}{more}")
    return base


class Descriptions:
    """Writes adapter.json beside the tensors of each saved step: with it an adapter is whole."""

    def __init__(self, config: RunConfig, run: RunFolder) -> None:
        self._config, self._run = config, run
        self._base = ""

    def write(self, plan: Plan) -> list[int]:
        """Describe the adapters that are there; return the steps of the plan of which there is none yet."""
        checkpoints, between = (self._run.train / name for name in ADAPTERS)
        for folder in between.glob("step_*") if plan.validation else ():
            step = step_of(folder.name)
            if step is not None and self._describe(folder, step) and not (folder / TENSORS).is_file():
                remove_folder(folder)  # it is the best one no more, and was removed meanwhile
        return [step for step in plan.checkpoint_steps if not self._describe(checkpoints / step_name(step), step)]

    def _describe(self, folder: Path, step: int) -> bool:
        """Describe an adapter, if it is there; tell whether it is."""
        if not (folder / TENSORS).is_file():
            return False
        if not (folder / DESCRIPTION).is_file():
            self._base = self._base or self._run.hashes.of_file(kit_path(self._config.model.checkpoint))
            info = AdapterInfo(self._config.method, self._base, step, self._config.model.name)
            write_json(folder / DESCRIPTION, info.content())
        return True


def _workers_agree(run: RunFolder, world_size: int) -> None:
    """Make sure that data-parallel workers ended with the same tensors, to the last bit."""
    digests = {
        rank: sha256_file(run.train / "workers" / f"rank_{rank}" / "adapter.safetensors") for rank in range(world_size)
    }
    if len(set(digests.values())) > 1:
        raise KitError(
            f"the workers' adapters differ at the end of training ({run.train / 'workers'}): gradients were lost"
        )


def _ratio(run: RunFolder, plan: Plan, log: Path) -> RatioResult:
    """Write results/ratio.json; the planned count and the one in the training log must agree."""
    agreed([Count(plan.trainable, "the configuration"), count_log(log)], "trainable parameters")
    result = RatioResult(
        schema=SCHEMA,
        trainable=plan.trainable,
        total=plan.total,
        ratio=plan.ratio,
        published_total=plan.published_total,
        published_ratio=plan.published_ratio,
        log_sha256=sha256_file(log),
    )
    write_json(run.path / file_name("ratio"), result.as_json())
    return result
