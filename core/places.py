"""Where the kit and its runs lie, and the folders of plug-ins that are laid out like it."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import InputError
from core.streams import printable

ROOT = Path(__file__).resolve().parents[1]
# KIT_LOGS puts the runs elsewhere, on a larger disk for one.
LOGS = Path(os.environ.get("KIT_LOGS") or ROOT / "logs")


def expanded(path: str | Path) -> Path:
    """Return a path with its `~` or `~NAME` made the home folder; InputError where there is no such folder."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise InputError(f"{path}: no home folder is known for {Path(path).parts[0]}; write the path out") from error


def need_utf8(path: Path) -> None:
    """Raise InputError where a path is not UTF-8: neither YAML nor MindSpore could name what lies there."""
    if (shown := printable(path)) != str(path):
        raise InputError(f"{shown}: this path is not UTF-8; rename the folder (`mv`) and run the same command again")


def plugin_folders() -> list[Path]:
    """Return the folders that KIT_PLUGINS names; InputError for one that is not there."""
    words = os.environ.get("KIT_PLUGINS", "").split(os.pathsep)
    folders = list(dict.fromkeys(expanded(word).resolve() for word in words if word))
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"KIT_PLUGINS names {folder}, which is not a folder")
    return folders
