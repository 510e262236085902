"""What a run folder says: one typed look at `logs/<run>/`, complete and without contradictions, or an error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from core.errors import InputError
from core.files import read_json, read_jsonl, read_text

Json = dict[str, Any]

RESULTS = ("squad", "accuracy", "ratio", "score")
CHECKPOINT_SUFFIXES = (".ckpt", ".safetensors")
DEFAULT_CHECKPOINTS = 5
_SECTIONS = ("model", "method", "machine", "prompt", "data", "train", "rules", "submission")
_STEP = re.compile(r"step_(\d+)")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Checkpoint:
    """One merged checkpoint of the run.

    Attributes:
        step: the optimizer step after which the adapter was saved.
        path: the merged weights.
        bytes: size of that file.
        sha256: its hash as the merge ledger states it (the packer compares it with the file).
        base_sha256: hash of the base weights that were merged into; empty where the ledger does not state it.
        ledger_path: the merge ledger, `checkpoints/step_N.json`.
    """

    step: int
    path: Path
    bytes: int
    sha256: str
    base_sha256: str
    ledger_path: Path

    @property
    def name(self) -> str:
        """The name under which the results list it: `step_N`."""
        return f"step_{self.step}"


@dataclass(frozen=True)
class LossPoint:
    """One line of `train/loss.jsonl`; `learning_rate` is None where the line has none."""

    step: int
    loss: float
    learning_rate: float | None


@dataclass(frozen=True)
class RunFacts:
    """Everything the report and the zip are made from.

    Attributes:
        folder: the run folder.
        config: `run.yaml`, the composed configuration.
        environment: `environment.json`.
        squad, accuracy, ratio, score: the files of `results/`.
        audit: `data/audit.json`; empty where the run has none.
        checkpoints: in the order of their steps.
        losses: in the order of the file.
        logs: `*.log` and `events.jsonl` of the run, sorted; worker 0 before the others.
        predictions: `predictions/*.jsonl`, sorted.
    """

    folder: Path
    config: Json
    environment: Json
    squad: Json
    accuracy: Json
    ratio: Json
    score: Json
    audit: Json
    checkpoints: tuple[Checkpoint, ...]
    losses: tuple[LossPoint, ...]
    logs: tuple[Path, ...]
    predictions: tuple[Path, ...]

    def relative(self, path: Path) -> str:
        """Return `path` as written in the report: relative to the run folder, with forward slashes."""
        return path.relative_to(self.folder).as_posix()


def read_yaml(path: Path) -> Any:
    """Read one YAML document; InputError with line and column where it is malformed."""
    return parse_yaml(read_text(path), str(path))


def parse_yaml(text: str, where: str) -> Any:
    """Parse one YAML document; `where` names it in the InputError that a malformed one raises."""
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f":{mark.line + 1}" if mark is not None else ""
        raise InputError(f"{where}{place}: malformed YAML ({getattr(error, 'problem', None) or error})") from error


def read_run(folder: Path) -> RunFacts:
    """Read a run folder.

    Args:
        folder: `logs/<run>` (a symbolic link such as `logs/latest` is followed).

    Raises:
        InputError: it is no run folder, something is missing or malformed, or two files contradict each other.
            All that is wrong is said in one error.
    """
    folder = folder.resolve()
    if not (folder / "run.yaml").is_file():
        raise InputError(f"{folder}: no run folder (it has no run.yaml): give one with --run")
    reader = _Reader(folder)
    config = reader.object(folder / "run.yaml")
    environment = reader.object(folder / "environment.json")
    results = {name: reader.object(folder / "results" / f"{name}.json", schema=1) for name in RESULTS}
    audit_path = folder / "data" / "audit.json"
    audit = reader.object(audit_path) if audit_path.exists() else {}
    checkpoints = reader.checkpoints()
    losses = reader.losses()
    logs = _logs(folder)
    if not (folder / "train" / "finetune.yaml").is_file():
        reader.problems.append("train/finetune.yaml is missing")
    if not any(path.is_relative_to(folder / "train") for path in logs):
        reader.problems.append("train/ holds no training log (*.log)")
    if not reader.problems:
        reader.problems += _contradictions(config, results, checkpoints)
    if reader.problems:
        raise InputError(f"{folder}: the run cannot be submitted: " + "; ".join(reader.problems))
    return RunFacts(
        folder=folder,
        config=config,
        environment=environment,
        **results,
        audit=audit,
        checkpoints=checkpoints,
        losses=losses,
        logs=logs,
        predictions=tuple(sorted((folder / "predictions").glob("*.jsonl"))),
    )


def checkpoints_required(config: Json) -> int:
    """Return how many checkpoints the contest's rules ask for (`rules.checkpoints`; five where absent)."""
    rules = config.get("rules")
    count = rules.get("checkpoints", DEFAULT_CHECKPOINTS) if isinstance(rules, dict) else DEFAULT_CHECKPOINTS
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else DEFAULT_CHECKPOINTS


def step_of(name: str) -> int | None:
    """Return N of `step_N`, None for any other name."""
    match = _STEP.fullmatch(name)
    return int(match[1]) if match else None


class _Reader:
    """Reads the files of one run and gathers what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[str] = []

    def object(self, path: Path, schema: int | None = None) -> Json:
        """Read a JSON or YAML object; an empty one where it cannot be read."""
        name = path.relative_to(self.folder).as_posix()
        if not path.is_file():
            self.problems.append(f"{name} is missing")
            return {}
        try:
            value = read_yaml(path) if path.suffix == ".yaml" else read_json(path)
        except InputError as error:
            self.problems.append(str(error).replace(f"{self.folder}/", "", 1))
            return {}
        if not isinstance(value, dict):
            self.problems.append(f"{name} is not an object of named values")
            return {}
        if schema is not None and value.get("schema") != schema:
            self.problems.append(f"{name} has schema {value.get('schema')!r}, this version reads {schema}")
        return value

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """Read the merge ledgers and find the weights of each."""
        folder = self.folder / "checkpoints"
        found = [(step, path) for path in folder.glob("step_*.json") if (step := step_of(path.stem)) is not None]
        if not found:
            self.problems.append("checkpoints/ holds no merged checkpoint (step_N.json beside its weights)")
        checkpoints = [self._checkpoint(step, ledger) for step, ledger in sorted(found)]
        return tuple(checkpoint for checkpoint in checkpoints if checkpoint is not None)

    def _checkpoint(self, step: int, ledger_path: Path) -> Checkpoint | None:
        name = ledger_path.relative_to(self.folder).as_posix()
        ledger = self.object(ledger_path)
        weights = [path for suffix in CHECKPOINT_SUFFIXES if (path := ledger_path.with_suffix(suffix)).is_file()]
        if not weights and (folder := ledger_path.with_suffix("")).is_dir():
            self.problems.append(
                f"{folder.relative_to(self.folder).as_posix()}/: is a checkpoint in several files, the contest takes "
                "one file each: merge again without --shard-size"
            )
            return None
        if len(weights) != 1:
            kinds = " or ".join(CHECKPOINT_SUFFIXES)
            self.problems.append(f"{name}: {len(weights)} weight files beside it, one is needed ({kinds})")
            return None
        sha256 = ledger.get("sha256")
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            self.problems.append(f"{name}: no sha256 of the merged weights")
            return None
        base = ledger.get("base_sha256")
        return Checkpoint(
            step=step,
            path=weights[0],
            bytes=weights[0].stat().st_size,
            sha256=sha256,
            base_sha256=base if isinstance(base, str) else "",
            ledger_path=ledger_path,
        )

    def losses(self) -> tuple[LossPoint, ...]:
        """Read `train/loss.jsonl`."""
        path = self.folder / "train" / "loss.jsonl"
        points = []
        try:
            for number, row in read_jsonl(path):
                step, loss, rate = (row.get(key) if isinstance(row, dict) else None for key in _LOSS_KEYS)
                if not is_number(step) or not is_number(loss):
                    raise InputError(f"{path}:{number}: a line needs the numbers 'step' and 'loss'")
                points.append(LossPoint(int(step), float(loss), float(rate) if is_number(rate) else None))
        except InputError as error:
            self.problems.append(str(error).replace(f"{self.folder}/", "", 1))
        else:
            if not points:
                self.problems.append("train/loss.jsonl is empty")
        return tuple(points)


_LOSS_KEYS = ("step", "loss", "learning_rate")


def is_number(value: Any) -> TypeGuard[int | float]:
    """Say whether a JSON value is a number (true and false are none)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _logs(folder: Path) -> tuple[Path, ...]:
    own = folder / "submission"
    logs = [path for path in folder.rglob("*.log") if path.is_file() and not path.is_relative_to(own)]
    logs.sort(key=lambda path: (path.name != "worker_0.log", path.relative_to(folder).as_posix()))
    events = folder / "events.jsonl"
    return (*logs, events) if events.is_file() else tuple(logs)


def _contradictions(config: Json, results: dict[str, Json], checkpoints: tuple[Checkpoint, ...]) -> list[str]:
    """Compare the files of a run with each other."""
    problems = [f"run.yaml has no section '{name}'" for name in _SECTIONS if not isinstance(config.get(name), dict)]
    needed = checkpoints_required(config)
    if len(checkpoints) != needed:
        problems.append(f"checkpoints/ holds {len(checkpoints)} merged checkpoints, the contest asks for {needed}")
    steps = {checkpoint.name for checkpoint in checkpoints}
    for name in ("squad", "accuracy", "score"):
        rows = results[name].get("checkpoints")
        if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
            problems.append(f"results/{name}.json has no 'checkpoints'")
            continue
        if missing := sorted((steps if name == "score" else steps | {"base"}) - set(rows)):
            problems.append(f"results/{name}.json has no figures of {', '.join(missing)}")
        if unknown := sorted(set(rows) - steps - {"base"}):
            problems.append(
                f"results/{name}.json has figures of {', '.join(unknown)}, which checkpoints/ does not hold"
            )
    best = results["score"].get("best")
    if best is not None and best not in steps:
        problems.append(f"results/score.json calls {best!r} the best, which is no checkpoint of the run")
    problems += [
        f"results/ratio.json: '{key}' is missing or no number"
        for key in ("trainable", "total", "ratio")
        if not is_number(results["ratio"].get(key))
    ]
    if len({checkpoint.base_sha256 for checkpoint in checkpoints}) > 1:
        problems.append("the checkpoints were merged into different base weights (base_sha256 of their ledgers)")
    return problems
