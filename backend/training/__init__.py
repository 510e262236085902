"""What the kit adds to MindFormers' trainer: a train step for every device, and a callback that watches and saves.

They are registered with MindFormers, so that the YAML of a run names them like any other of its parts. Only a worker
calls `register`, for that imports MindSpore.
"""

from __future__ import annotations

import importlib

# Each of them registers its classes as it is imported.
_PARTS = ("train_step", "step_monitor")


def register() -> None:
    """Make MindFormers know the kit's parts of a trainer."""
    for name in _PARTS:
        importlib.import_module(f"{__name__}.{name}")
