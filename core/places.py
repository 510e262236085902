"""Where the kit and its runs lie, and the folders of plug-ins that are laid out like it."""

from __future__ import annotations

import os
from pathlib import Path

from core.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
# KIT_LOGS puts the runs elsewhere, on a larger disk for one.
LOGS = Path(os.environ.get("KIT_LOGS") or ROOT / "logs")


def plugin_folders() -> list[Path]:
    """Return the folders that KIT_PLUGINS names; InputError for one that is not there."""
    words = os.environ.get("KIT_PLUGINS", "").split(os.pathsep)
    folders = list(dict.fromkeys(Path(word).expanduser().resolve() for word in words if word))
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"KIT_PLUGINS names {folder}, which is not a folder")
    return folders
