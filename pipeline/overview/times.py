"""Where the time of a run went: its steps in the order they ran, as a waterfall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_BAR = 40
_ENDS = {"step done": "", "step failed": "failed"}


@dataclass(frozen=True)
class Span:
    """A stretch of time.

    Attributes:
        name: of the step; empty where nothing ran.
        begin, seconds: when it began, in seconds after the run was made, and how long it took.
        outcome: "failed", "killed" (it never said how it ended), "going on", or nothing where it was done.
    """

    name: str
    begin: float
    seconds: float
    outcome: str = ""


def spans(events: Iterable[Mapping[str, Any]], main_job: str) -> list[Span]:
    """Return what ran when, by a run's events in their order.

    Times of events are whole seconds; where an event says how long a step took, that is more exact and counts. A step
    whose end is not noted took until the next event, or is going on. An example: started at 0, done at 12 after
    11.6 seconds, and the next one started at 70: ("convert", 0, 11.6), ("", 11.6, 58.4), …
    """
    found: list[Span] = []
    zero: datetime | None = None
    begun: tuple[str, float] | None = None
    for event in events:
        time = datetime.fromisoformat(str(event["time"]))
        zero = zero or time
        now, name, kind = (time - zero).total_seconds(), str(event.get("step", "")), event["event"]
        if name == main_job:
            continue
        if begun and (kind == "step started" or (kind in _ENDS and name == begun[0])):
            took = float(event.get("seconds", now - begun[1])) if kind in _ENDS else now - begun[1]
            found.append(Span(begun[0], begun[1], max(0.0, took), _ENDS.get(kind, "killed")))
            begun = None
        if kind == "step started":
            begun = (name, now)
    if begun:
        found.append(Span(begun[0], begun[1], 0.0, "going on"))
    return list(_with_gaps(found))


def _with_gaps(found: Iterable[Span]) -> Iterator[Span]:
    end = 0.0
    for span in found:
        if span.begin - end >= 2:  # times are whole seconds
            yield Span("", end, span.begin - end)
        yield span
        end = span.begin + span.seconds


def waterfall(found: list[Span]) -> Iterator[str]:
    """Yield one line for each span: name, beginning, seconds, share of the time in which something ran, and a bar."""
    total = sum(span.seconds for span in found if span.name) or 1.0
    before = 0.0
    yield f"{'step':<14} {'begins':>8} {'takes':>8} {'share':>6}"
    for span in found:
        if not span.name:
            yield f"{'(nothing ran)':<14} {span.begin:>6.0f} s {span.seconds:>6.0f} s"
            continue
        left, right = round(_BAR * before / total), round(_BAR * (before + span.seconds) / total)
        bar = " " * min(left, _BAR - 1) + "█" * max(1, right - left)
        said = f" {span.outcome}" if span.outcome else ""
        yield f"{span.name:<14} {span.begin:>6.0f} s {span.seconds:>6.1f} s {span.seconds / total:>6.1%} {bar}{said}"
        before += span.seconds
    yield f"{'in all':<14} {'':>8} {sum(span.seconds for span in found if span.name):>6.1f} s"


def training_in_words(losses: Iterable[Mapping[str, Any]], seconds: float) -> str:
    """Say how much of a training's `seconds` its optimizer steps took, by the rows of loss.jsonl; empty without."""
    times = [float(row["seconds"]) for row in losses]
    if len(times) < 2 or times[-1] <= times[0]:
        return ""
    steps = times[-1] - times[0]
    return (
        f"train: {len(times) - 1} steps after the first took {steps:.1f} s ({steps / (len(times) - 1):.3f} s each); "
        f"starting the workers, compiling and saving took {max(0.0, seconds - steps):.1f} s"
    )
