"""Which checkpoints a command line names, and which run they lie in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_tools.formats.index import INDEX, opened_by, whole
from core.config import kit_path
from core.errors import InputError
from core.run_folder import RunFolder, find_run
from core.schema import RunConfig
from core.step_names import BASE, step_of, step_order


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint to evaluate.

    Attributes:
        name: the name it has in results: "base", "step_N", or its file's.
        path: the file, or the index of one in several files.
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


def find_checkpoints(words: Sequence[str], run: RunFolder, config: RunConfig) -> list[Checkpoint]:
    """Turn what a user typed after --ckpt into checkpoints, the base first.

    Args:
        words: files, indexes or their folders, names of the run's checkpoints ("step_120"), "base", or "all" for the
            base and every checkpoint.
        run: the run folder.
        config: its configuration.

    Raises:
        InputError: a checkpoint is not there, or two of them have one name.
    """
    found: list[Checkpoint] = []
    for word in words:
        if word == "all":
            found += [_base(config), *_of_run(run, config)]
        elif word == BASE:
            found.append(_base(config))
        elif step_of(word) is not None:
            missing = Checkpoint(word, run.checkpoints / f"{word}.{config.submission.format}")
            found += [checkpoint for checkpoint in _merged(run, config) if checkpoint.name == word] or [missing]
        else:
            found.append(_file(Path(word), run, config))
    for checkpoint in found:
        if not checkpoint.path.is_file():
            what = "a file, the folder of one in several files, step_N of the run, base, or all"
            raise InputError(f"{checkpoint.path}: no such checkpoint; give {what}")
    names = [checkpoint.name for checkpoint in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(f"two checkpoints are called {twice!r}: evaluate them one at a time")
    return sorted(found, key=lambda checkpoint: checkpoint.name != BASE)


def _base(config: RunConfig) -> Checkpoint:
    return Checkpoint(BASE, kit_path(config.model.checkpoint))


def _of_run(run: RunFolder, config: RunConfig) -> list[Checkpoint]:
    merged = _merged(run, config)
    if not merged:
        raise InputError(f"{run.checkpoints} holds no merged checkpoint yet: merge first (python ckpt_tools/merge.py)")
    return merged


def _merged(run: RunFolder, config: RunConfig) -> list[Checkpoint]:
    """Return the run's merged checkpoints, single files and sharded ones, in the order of their steps."""
    files = [*run.checkpoints.glob(f"step_*.{config.submission.format}"), *run.checkpoints.glob(f"step_*/{INDEX}")]
    found = [Checkpoint(_name(file), file) for file in files if step_of(_name(file)) is not None]
    return sorted(found, key=lambda checkpoint: step_order(checkpoint.name))


def _name(path: Path) -> str:
    return whole(path).name if path.name == INDEX else path.stem


def _file(path: Path, run: RunFolder, config: RunConfig) -> Checkpoint:
    path = opened_by(path)
    if path.resolve() == kit_path(config.model.checkpoint).resolve():
        return Checkpoint(BASE, path)
    return Checkpoint(_name(path), path, of_run=whole(path.resolve()).parent == run.checkpoints.resolve())


def run_of_checkpoint(checkpoint: Path) -> RunFolder | None:
    """Return the run folder that a checkpoint (a file, an index or its folder) lies in, if it lies in one."""
    folder = whole(checkpoint.resolve()).parent.parent
    return RunFolder(folder) if (folder / "run.yaml").is_file() else None
