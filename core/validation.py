"""The loss on validation records while training goes on: when it is computed, which was lowest, when training stops.

Pure; the workers and the command that starts them decide by the same functions, from the same rows. An example with
patience 2, where training may stop at step 50 or 100 (the loss is computed every 10 steps):

    step   10    20    30    40    50    60    70   80   90   100
    loss   0.9   0.7   0.6   0.62  0.59  0.61  0.6  0.6  0.6  0.6
    waited 0     0     0     1     0     1     2    3    4    5    evaluations without a lower one -> stops at step 100

A contest asks for five evenly spaced checkpoints. So adapters are kept at even steps, and training stops early only at
such a one that it has five even ones up to there: at step 50 those of 10, 20, 30, 40, 50.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import InputError

if TYPE_CHECKING:
    from core.schema import RunConfig

# Without train.validation_steps: so many evaluations between two checkpoints, itself included.
_BETWEEN = 5
# Places where training may stop early, at the most; adapters are kept at five times as many steps.
_STOPS = 10

Row = Mapping[str, Any]


@dataclass(frozen=True)
class ValidationPlan:
    """When the loss on validation records is computed, and what follows from it.

    Attributes:
        every: it is computed after each so many steps, and at the checkpoints.
        checkpoints: the steps of the planned checkpoints, the last step of the run among them.
        patience: training stops after so many evaluations without a lower loss; None: it never does.
        min_delta: a loss counts as lower where it is by more than this.
        kept: steps whose adapters are kept, so that checkpoints can be chosen among them.
        stops: steps at which training may stop early.
    """

    every: int
    checkpoints: tuple[int, ...]
    patience: int | None = None
    min_delta: float = 0.0
    kept: tuple[int, ...] = ()
    stops: tuple[int, ...] = ()

    def is_due(self, step: int) -> bool:
        """Tell whether the loss is computed after a step."""
        return step % self.every == 0 or step in self.checkpoints

    @property
    def evaluations(self) -> int:
        """How often it is computed in a training that does not stop early."""
        last = max(self.checkpoints)
        return last // self.every + sum(step % self.every != 0 for step in self.checkpoints)

    def stopped(self, rows: Sequence[Row]) -> int | None:
        """Return the step at which training stopped early, or has to stop now; None where it goes on.

        Args:
            rows: "step" and "loss" of each evaluation, in order.
        """
        if self.patience is None:
            return None
        lowest, waited = math.inf, 0
        for row in rows:
            if row["loss"] < lowest - self.min_delta:
                lowest, waited = row["loss"], 0
            else:
                waited += 1
            if waited >= self.patience and row["step"] in self.stops:
                return int(row["step"])
        return None


def lowest(rows: Sequence[Row]) -> Row | None:
    """Return the row with the lowest loss, of equal ones the first; None where no loss is a number."""
    numbers = [row for row in rows if math.isfinite(row["loss"])]
    return min(numbers, key=lambda row: float(row["loss"]), default=None)


def planned_validation(config: RunConfig, steps: int, checkpoints: Sequence[int]) -> ValidationPlan | None:
    """Return when the loss on validation records is computed; None where it is not.

    Args:
        config: the run's configuration.
        steps: of the whole training.
        checkpoints: the steps of its checkpoints.

    Raises:
        InputError: training could never stop early, though there is a patience.
    """
    if not config.validates:
        return None
    train, count = config.train, len(checkpoints)
    every = train.validation_steps or max(1, steps // (_BETWEEN * count))
    if train.patience is None:
        return ValidationPlan(every, tuple(checkpoints))
    # Adapters are kept at even steps where the loss is computed, at about fifty of them at the most.
    kept = every * -(-(steps // every) // (_STOPS * count)) if steps >= every else steps
    stops = tuple(range(count * kept, steps, count * kept))
    if not stops:
        raise InputError(
            f"train.patience is {train.patience}, but with a loss every {every} of {steps} steps training can stop "
            f"nowhere with {count} even checkpoints before its end: set train.validation_steps below {steps / count:g}"
        )
    return ValidationPlan(
        every, tuple(checkpoints), train.patience, train.min_delta, tuple(range(kept, steps + 1, kept)), stops
    )
