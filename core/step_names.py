"""What a run's checkpoints are called: "base" is the base model, "step_N" what training gave after optimizer step N.

step_name(50) == "step_50"        step_of("step_50") == 50        step_of("base") is None
sorted(["step_100", "base", "step_20"], key=step_order) == ["base", "step_20", "step_100"]
"""

from __future__ import annotations

import re

BASE = "base"
# Not more digits than any training has steps: names may come from elsewhere.
_STEP = re.compile(r"step_(0|[1-9][0-9]{0,12})")


def step_name(step: int) -> str:
    """Return the name of the checkpoint of a step."""
    return f"step_{step}"


def step_of(name: str) -> int | None:
    """Return the step of a checkpoint's name; None for the base and any other name."""
    match = _STEP.fullmatch(name)
    return int(match[1]) if match else None


def step_order(name: str) -> tuple[int, int, str]:
    """Return a sort key: the base first, then the steps by number, then any other name."""
    step = step_of(name)
    if step is not None:
        return 1, step, name
    return (0 if name == BASE else 2), 0, name
