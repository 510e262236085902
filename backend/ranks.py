"""Which of a training's workers this is. Imports MindSpore: only workers do, and what builds a network."""

from __future__ import annotations

import mindspore as ms


def several_workers() -> bool:
    """Tell whether there are other workers that this one talks with."""
    return bool(ms.communication.GlobalComm.INITED)


def worker_rank() -> int:
    """Return this worker's number; 0 for one that is alone."""
    return int(ms.communication.get_rank()) if several_workers() else 0
