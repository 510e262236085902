"""What the two evaluators' commands share: finding checkpoints and their run, describing data and predictions."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.config import kit_path
from core.errors import InputError
from core.files import sha256_file
from core.records import Record
from core.run_folder import RunFolder, find_run, run_of_checkpoint
from core.schema import RunConfig

BASE = "base"
_STEP = re.compile(r"step_(\d+)")


@dataclass(frozen=True)
class Target:
    """A checkpoint to evaluate.

    Attributes:
        name: the name it has in results: "base", "step_N", or its file's.
        path: the file.
        of_run: whether it is the run's base or one of its merged checkpoints.
    """

    name: str
    path: Path
    of_run: bool = True


def run_for(words: Sequence[str], run: str | None) -> RunFolder:
    """Return the run that checkpoints are evaluated in: the one given, the one they lie in, or the newest.

    Raises:
        InputError: there is none.
    """
    if run is None:
        for word in words:
            found = run_of_checkpoint(Path(word))
            if found is not None:
                return found
    return find_run(run)


def targets(words: Sequence[str], run: RunFolder, config: RunConfig) -> list[Target]:
    """Turn what a user typed after --ckpt into checkpoints, the base first.

    Args:
        words: files, names of the run's checkpoints ("step_120"), "base", or "all" for the base and every checkpoint.
        run: the run folder.
        config: its configuration.

    Raises:
        InputError: a checkpoint is not there, or two of them have one name.
    """
    found: list[Target] = []
    for word in words:
        if word == "all":
            found += [_base(config), *_of_run(run, config)]
        elif word == BASE:
            found.append(_base(config))
        elif _STEP.fullmatch(word):
            found.append(Target(word, run.checkpoint(word, config)))
        else:
            found.append(_file(Path(word), run, config))
    for target in found:
        if not target.path.is_file():
            raise InputError(f"{target.path}: no such checkpoint; give a file, step_N of the run, base, or all")
    names = [target.name for target in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(f"two checkpoints are called {twice!r}: evaluate them one at a time")
    return sorted(found, key=lambda target: target.name != BASE)


def _base(config: RunConfig) -> Target:
    return Target(BASE, kit_path(config.model.checkpoint))


def _of_run(run: RunFolder, config: RunConfig) -> list[Target]:
    files = [file for file in run.checkpoints.glob(f"*.{config.submission.format}") if _STEP.fullmatch(file.stem)]
    if not files:
        raise InputError(f"{run.checkpoints} holds no merged checkpoint yet: merge first (python ckpt_tools/merge.py)")
    return [Target(file.stem, file) for file in sorted(files, key=lambda file: int(file.stem[len("step_") :]))]


def _file(path: Path, run: RunFolder, config: RunConfig) -> Target:
    if path.resolve() == kit_path(config.model.checkpoint).resolve():
        return Target(BASE, path)
    return Target(path.stem, path, of_run=path.resolve().parent == run.checkpoints.resolve())


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what both evaluators are told of where answers come from: --predictions or --ckpt, --run, --limit, output."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--predictions", type=Path, help="{question id: text} JSON, or JSON Lines with id and text")
    what.add_argument(
        "--ckpt",
        nargs="+",
        default=[],
        help="checkpoints to evaluate: files, step_N of the run, base, or all; needs MindSpore",
    )
    parser.add_argument("--run", help="run folder; default: the one the checkpoint lies in, else the newest")
    parser.add_argument(
        "--limit", type=int, help="ask only the first so many questions (default: data.limit of the run)"
    )
    parser.add_argument("--output", type=Path, help="write the result to this JSON file too")
    parser.add_argument("--json", action="store_true", help="print the result as JSON and nothing else")


def limited(records: list[Record], limit: int | None, config: RunConfig | None) -> list[Record]:
    """Return the first `limit` records, or as many as the run's data.limit says; InputError for a limit below 1."""
    if limit is not None and limit < 1:
        raise InputError(f"--limit {limit}: at least 1 question is needed")
    return records[: limit or (config.data.limit if config else None)]


def is_standard(options: argparse.Namespace) -> bool:
    """Tell whether the run's own questions are asked, as the main job asks them: only then a result is the run's."""
    changed = (options.data, options.limit, getattr(options, "selection", None))
    return bool(options.ckpt) and all(value is None for value in changed)


def as_json(results: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    """Return what --json prints: one result flat, with its name; several under "checkpoints"."""
    if len(results) == 1:
        ((name, result),) = results.items()
        return {"name": name, "data": described, **result}
    return {"data": described, "checkpoints": results}


def describe_data(path: Path, selection: str, total: int, count: int) -> dict[str, Any]:
    """Return what a result says about its questions: file, sha256, selection, how many there are and were asked."""
    return {
        "file": path.name,
        "sha256": sha256_file(path),
        "selection": selection,
        "total": total,
        "count": count,
    }


def describe_predictions(path: Path, run: Path | None) -> dict[str, str]:
    """Return what a result says about the predictions it was computed from; the path is relative to the run."""
    resolved = path.resolve()
    inside = run is not None and resolved.is_relative_to(run.resolve())
    shown = resolved.relative_to(run.resolve()).as_posix() if run is not None and inside else str(path)
    return {"predictions": shown, "predictions_sha256": sha256_file(path)}
