"""Room on the disk for all that a run has still to write, asked for before it trains."""

from __future__ import annotations

import shutil
from collections.abc import Sequence

from core.errors import InputError
from core.files import existing_folder
from core.run_folder import LOGS, RunFolder
from core.schema import RunConfig
from core.steps import Step, step_named

# Logs, predictions, the report and its pictures, and what a file system needs for itself.
_RESERVE = 24 << 20


def check_room(config: RunConfig, run: RunFolder | None = None) -> None:
    """Make sure that what is left to be done fits on the disk of the runs.

    Once nothing costly is left, each step looks for itself: it knows what it has written already.

    Args:
        config: the configuration.
        run: the run that goes on; None for a new one.

    Raises:
        InputError: it does not fit; says what is needed for what, and what is free.
    """
    left = [step_named(name) for name in config.steps if run is None or not run.finished(name)]
    if not any(step.costly for step in left):
        return
    needed = {"logs and predictions": _RESERVE}
    for step in left:
        needed |= step.room(config)
    total = sum(needed.values()) - (_replaced(run, left) if run else 0)
    folder = run.path if run else LOGS
    free = shutil.disk_usage(existing_folder(folder)).free
    if total > free:
        parts = ", ".join(f"{name} {shown(size)}" for name, size in needed.items() if size)
        cheaper = " or submission.checkpoints=manifest" if needed.get("zip") else ""
        raise InputError(
            f"{folder}: the run needs {shown(total)} of disk ({parts}), {shown(free)} are free; make room, or set "
            f"KIT_LOGS to a folder on a larger disk{cheaper}"
        )


def _replaced(run: RunFolder, left: Sequence[Step]) -> int:
    """Return the bytes of what these steps made before, which makes way for what they make anew."""
    files = {file for step in left for pattern in step.makes for file in run.path.glob(pattern) if file.is_file()}
    return sum(file.stat().st_size for file in files)


def shown(size: int) -> str:
    """Return bytes as MB, or as GB from one on."""
    return f"{size / 1e9:,.2f} GB" if size >= 1e9 else f"{size / 1e6:,.1f} MB"
