"""What a run folder says: one typed look at `logs/<run>/`, complete and without contradictions, or an error."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from core.errors import InputError
from core.files import read_json, read_jsonl
from core.inside import check_links
from core.result_parts import ByCheckpoint, EvaluationResult
from core.result_types import ScoreResult
from core.results import Made, file_name, gather, results_of
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.step_names import BASE, step_name, step_of
from core.steps import usual_steps

Json = dict[str, Any]

CHECKPOINT_SUFFIXES = (".ckpt", ".safetensors")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Checkpoint:
    """One merged checkpoint of the run.

    Attributes:
        step: the optimizer step after which the adapter was saved.
        path: the merged weights.
        bytes: size of that file.
        sha256: its hash as the merge manifest states it (the packer compares it with the file).
        base_sha256: hash of the base weights that were merged into; empty where the manifest does not state it.
        manifest_path: the merge manifest, `checkpoints/step_N.json`.
    """

    step: int
    path: Path
    bytes: int
    sha256: str
    base_sha256: str
    manifest_path: Path

    @property
    def name(self) -> str:
        """The name under which the results list it: `step_N`."""
        return step_name(self.step)


@dataclass(frozen=True)
class LossPoint:
    """One line of `train/loss.jsonl` or `validation.jsonl`; what it does not say is None."""

    step: int
    loss: float
    learning_rate: float | None
    gradient_norm: float | None = None
    overflow: bool = False


@dataclass(frozen=True)
class RunFacts:
    """Everything the report and the zip are made from.

    Attributes:
        run: the run folder.
        config: its configuration; settings: the same as it stands in `run.yaml`.
        environment: `environment.json`.
        results: the files of `results/` that its steps made.
        audit: `data/audit.json`; empty where the run has none.
        checkpoints: in the order of their steps; empty for a contest that merges none.
        losses: in the order of the file; empty for a contest that does not train.
        validation_losses: the same of the losses on validation records; empty where they are not computed.
        logs: `*.log` and `events.jsonl` of the run, sorted; worker 0 before the others.
        predictions: `predictions/*.jsonl`, sorted.
        adapters: `train/adapters/step_N/adapter.json` of the checkpoints, as far as they are there.
    """

    run: RunFolder
    config: RunConfig
    settings: Json
    environment: Json
    results: Made
    audit: Json
    checkpoints: tuple[Checkpoint, ...]
    losses: tuple[LossPoint, ...]
    validation_losses: tuple[LossPoint, ...]
    logs: tuple[Path, ...]
    predictions: tuple[Path, ...]
    adapters: tuple[Path, ...] = ()

    def relative(self, path: Path) -> str:
        """Return `path` as written in the report: relative to the run folder, with forward slashes."""
        return path.relative_to(self.run.path).as_posix()


def read_run(folder: Path) -> RunFacts:
    """Read a run folder.

    Args:
        folder: `logs/<run>` (a symbolic link such as `logs/latest` is followed).

    Raises:
        InputError: it is no run folder, a link in it leads out of it, something is missing or malformed, or two files
            contradict each other. All that is wrong with its files is said in one error.
    """
    run = RunFolder(folder.resolve())
    if run.path.is_dir():
        check_links(run.path, sorted(entry.name for entry in run.path.iterdir()), proven=CHECKPOINT_SUFFIXES)
    run.need()
    reader = _Reader(run)
    config = reader.config()
    steps = config.steps if config is not None else usual_steps()
    environment = reader.object(run.environment)
    results = gather(
        results_of(steps, config is not None and config.validates), lambda file: reader.existing(run.path / file)
    )
    reader.problems += [reader.short(problem) for problem in results.problems]
    audit = reader.object(run.audit) if run.audit.exists() else {}
    checkpoints = reader.checkpoints() if "merge" in steps else ()
    losses = reader.losses(run.losses) if "train" in steps else ()
    validates = config is not None and config.validates and "train" in steps
    validation_losses = reader.losses(run.validation_losses) if validates else ()
    logs = _logs(run)
    if "train" in steps:
        reader.training(logs)
    if config is not None and not reader.problems:
        reader.problems += _contradictions(config, results, checkpoints)
    if config is None or reader.problems:
        raise InputError(f"{run.path}: the run cannot be submitted: " + "; ".join(reader.problems))
    return RunFacts(
        run=run,
        config=config,
        settings=run.settings(),
        environment=environment,
        results=results,
        audit=audit,
        checkpoints=checkpoints,
        losses=losses,
        validation_losses=validation_losses,
        logs=logs,
        predictions=tuple(sorted(run.predictions.glob("*.jsonl"))),
        adapters=tuple(
            path for item in checkpoints if (path := run.train / "adapters" / item.name / "adapter.json").is_file()
        ),
    )


class _Reader:
    """Reads the files of one run and gathers what is wrong with them."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self.problems: list[str] = []

    def short(self, text: object) -> str:
        """Return a sentence about a file of the run without the folder's path."""
        return str(text).replace(f"{self.run.path}/", "", 1)

    def config(self) -> RunConfig | None:
        """Read `run.yaml`; None where it is damaged."""
        try:
            return self.run.config()
        except InputError as error:
            self.problems.append(self.short(error))
            return None

    def existing(self, path: Path) -> Any:
        """Read a JSON file; InputError where it is missing or malformed."""
        if not path.is_file():
            raise InputError(f"{self.short(path)} is missing")
        return read_json(path)

    def object(self, path: Path) -> Json:
        """Read a JSON object; an empty one where it cannot be read."""
        try:
            value = self.existing(path)
        except InputError as error:
            self.problems.append(self.short(error))
            return {}
        if not isinstance(value, dict):
            self.problems.append(f"{self.short(path)} is not an object of named values")
            return {}
        return value

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Read the merge manifests and find the weights of each."""
        manifests = self.run.checkpoints.glob("step_*.json")
        found = [(step, path) for path in manifests if (step := step_of(path.stem)) is not None]
        if not found:
            self.problems.append("checkpoints/ holds no merged checkpoint (step_N.json beside its weights)")
        checkpoints = [self._checkpoint(step, manifest) for step, manifest in sorted(found)]
        return tuple(checkpoint for checkpoint in checkpoints if checkpoint is not None)

    def _checkpoint(self, step: int, manifest_path: Path) -> Checkpoint | None:
        name = self.short(manifest_path)
        manifest = self.object(manifest_path)
        weights = [path for suffix in CHECKPOINT_SUFFIXES if (path := manifest_path.with_suffix(suffix)).is_file()]
        if not weights and (folder := manifest_path.with_suffix("")).is_dir():
            self.problems.append(
                f"{self.short(folder)}/: is a checkpoint in several files, the contest takes one file each: "
                "merge again without --shard-size"
            )
            return None
        if len(weights) != 1:
            kinds = " or ".join(CHECKPOINT_SUFFIXES)
            self.problems.append(f"{name}: {len(weights)} weight files beside it, one is needed ({kinds})")
            return None
        sha256 = manifest.get("sha256")
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            self.problems.append(f"{name}: no sha256 of the merged weights")
            return None
        base = manifest.get("base_sha256")
        return Checkpoint(
            step=step,
            path=weights[0],
            bytes=weights[0].stat().st_size,
            sha256=sha256,
            base_sha256=base if isinstance(base, str) and _SHA256.fullmatch(base) else "",
            manifest_path=manifest_path,
        )

    def losses(self, path: Path) -> tuple[LossPoint, ...]:
        """Read `train/loss.jsonl`, or a file like it."""
        points = []
        try:
            for number, row in read_jsonl(path, any_number=True):
                values = [row.get(key) if isinstance(row, dict) else None for key in _LOSS_KEYS]
                step, loss, rate, norm, overflow = values
                if not is_number(step) or not is_number(loss):
                    raise InputError(f"{path}:{number}: a line needs the numbers 'step' and 'loss'")
                try:
                    rate, norm = (float(value) if is_number(value) else None for value in (rate, norm))
                    points.append(LossPoint(int(step), float(loss), rate, norm, overflow is True))
                except (OverflowError, ValueError) as error:  # a step that is infinite or none
                    raise InputError(f"{path}:{number}: numbers that no training has") from error
        except InputError as error:
            self.problems.append(self.short(error))
        else:
            if not points:
                self.problems.append(f"{self.short(path)} is empty")
        return tuple(points)

    def training(self, logs: tuple[Path, ...]) -> None:
        """Look for what the training left behind besides its losses."""
        if not self.run.trainer_yaml.is_file():
            self.problems.append(f"{self.short(self.run.trainer_yaml)} is missing")
        if not any(path.is_relative_to(self.run.train) for path in logs):
            self.problems.append("train/ holds no training log (*.log)")


_LOSS_KEYS = ("step", "loss", "learning_rate", "gradient_norm", "overflow")


def is_number(value: Any) -> TypeGuard[int | float]:
    """Say whether a JSON value is a number (true and false are none)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _logs(run: RunFolder) -> tuple[Path, ...]:
    logs = [path for path in run.path.rglob("*.log") if path.is_file() and not path.is_relative_to(run.submission)]
    logs.sort(key=lambda path: (path.name != "worker_0.log", path.relative_to(run.path).as_posix()))
    return (*logs, run.events) if run.events.is_file() else tuple(logs)


def _contradictions(config: RunConfig, results: Made, checkpoints: tuple[Checkpoint, ...]) -> Iterator[str]:
    """Compare the files of a run with each other."""
    if "merge" not in config.steps:
        return
    needed = config.rules.checkpoints
    if len(checkpoints) != needed:
        yield f"checkpoints/ holds {len(checkpoints)} merged checkpoints, the contest asks for {needed}"
    steps = {checkpoint.name for checkpoint in checkpoints}
    for name, result in results.typed.items():
        if not isinstance(result, ByCheckpoint):
            continue
        rows = set(result.checkpoints)
        if missing := sorted((steps | {BASE} if isinstance(result, EvaluationResult) else steps) - rows):
            yield f"{file_name(name)} has no figures of {', '.join(missing)}"
        if unknown := sorted(rows - steps - {BASE}):
            yield f"{file_name(name)} has figures of {', '.join(unknown)}, which checkpoints/ does not hold"
    score = results.of(ScoreResult)
    if score and score.best is not None and score.best not in steps:
        yield f"{file_name('score')} calls {score.best!r} the best, which is no checkpoint of the run"
    if len({checkpoint.base_sha256 for checkpoint in checkpoints}) > 1:
        yield "the checkpoints were merged into different base weights (base_sha256 of their merge manifests)"
