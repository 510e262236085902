"""How long a training takes and what it costs: from a measured speed, else from what the 2024 contest published. Pure.

A published training of Llama3-8B says rows, epochs, tokens a row, cards and hours; so many tokens a second and card it
went through, padding counted. Another model takes as much longer as it has more parameters, for the products with the
weights are nearly all the work. What was published is far apart (one card without neighbours to wait for is twice as
fast as four that share each tensor), so the time is given with the slowest and the fastest of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.models import total_parameters
from core.schema import RunConfig

_PARAMETERS = 8_030_261_248
_HOUR = 3600.0


@dataclass(frozen=True)
class Published:
    """A training of Llama3-8B by LoRA that its team or the organiser told the time of."""

    rows: int
    epochs: int
    seq_length: int
    cards: int
    hours: float

    @property
    def speed(self) -> float:
        """Tokens a second and card, padding counted."""
        return self.rows * self.epochs * self.seq_length / (self.hours * _HOUR) / self.cards


# The organiser's guide: batch 64, four 32 GB cards that share each tensor. It is what time is estimated by.
GUIDE = Published(90_000, 5, 256, 4, 6.0)
# Hand-ins of the contest: batch 16 x 768 and 32 x 256 on four cards likewise; 4 x 512 on one card.
OTHERS = (
    Published(40_960, 5, 768, 4, 9.5),
    Published(17_145, 5, 256, 4, 1.4),
    Published(40_000, 1, 512, 1, 2.0),
)
_SPEEDS = tuple(one.speed for one in (GUIDE, *OTHERS))


@dataclass(frozen=True)
class Cost:
    """What a training takes.

    Attributes:
        tokens: places of all rows that are read, padding counted.
        speed: tokens a second of all workers; None: not known.
        source: where the speed is from.
        seconds: of training; least and most: where it is uncertain.
        worker_hours: hours of all workers together, paid for one by one; price: of them.
    """

    tokens: int
    speed: float | None
    source: str
    seconds: float | None = None
    least: float | None = None
    most: float | None = None
    worker_hours: float | None = None
    price: float | None = None


def cost_of(config: RunConfig, steps: int) -> Cost:
    """Return what a training of so many steps takes."""
    machine = config.machine
    rows = steps * config.train.step_rows * machine.data_parallel
    tokens = rows * config.data.seq_length
    if machine.tokens_per_second is not None:
        return _priced(config, tokens, (machine.tokens_per_second,) * 3, "machine.tokens_per_second")
    if machine.device == "CPU":
        return Cost(tokens, None, "set machine.tokens_per_second: the bar of a training and loss.jsonl show it")
    scale = machine.world_size * _PARAMETERS / total_parameters(config.model)
    speeds = (GUIDE.speed * scale, max(_SPEEDS) * scale, min(_SPEEDS) * scale)
    source = "as published for 90,000 rows x 5 epochs of 256 in 6 h on four 32 GB cards, nothing run by the kit"
    return _priced(config, tokens, speeds, source)


def _priced(config: RunConfig, tokens: int, speeds: tuple[float, float, float], source: str) -> Cost:
    seconds, least, most = (tokens / speed for speed in speeds)
    hours, price = seconds / _HOUR * config.machine.world_size, config.machine.price_per_hour
    return Cost(tokens, speeds[0], source, seconds, least, most, hours, None if price is None else hours * price)


def in_time(seconds: float) -> str:
    """Return seconds in words: 45 s, 12 min, 5.4 h, 3.2 days."""
    for unit, size, most in (("s", 1, 90), ("min", 60, 90 * 60), ("h", 3600, 48 * 3600)):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}" if size < 3600 else f"{seconds / size:.1f} {unit}"
    return f"{seconds / 86_400:,.1f} days"
