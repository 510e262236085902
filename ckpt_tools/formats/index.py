"""How a checkpoint in several files is named: a folder of safetensors files, opened by the index in it."""

from __future__ import annotations

from pathlib import Path

INDEX = "model.safetensors.index.json"


def opened_by(path: Path) -> Path:
    """Return what a checkpoint is opened by: the index in a folder that has one, else the path itself."""
    index = path / INDEX
    return index if index.is_file() else path


def whole(path: Path) -> Path:
    """Return all of what is opened by a path: the folder of an index, else the file itself."""
    return path.parent if path.name == INDEX else path
