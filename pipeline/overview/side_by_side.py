"""Runs side by side: in what their settings differ, and what each of them came to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import InputError
from core.files import read_json
from core.result_types import AccuracyResult, RatioResult, RetentionResult, ScoreResult
from core.results import Made, gather, results_of
from core.run_folder import RunFolder
from pipeline.overview.runs import flat, in_words, row_of

_WIDTH = 80
_UNSET = "-"


@dataclass(frozen=True)
class SideBySide:
    """Several runs.

    Attributes:
        names: of the runs.
        settings: those that are not the same in all of them -> the value in each run.
        figures: what was measured of each run's best checkpoint -> its value in each run.
    """

    names: tuple[str, ...]
    settings: dict[str, tuple[str, ...]]
    figures: dict[str, tuple[str, ...]]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"runs": self.names, "settings": self.settings, "figures": self.figures}

    def lines(self) -> Iterator[str]:
        """Yield the lines of a table of 80 columns; values that do not fit it have lines of their own."""
        yield from (f"{letter}: {name}" for letter, name in zip(_letters(), self.names, strict=False))
        for title, rows in (("settings that differ", self.settings), ("best checkpoint", self.figures)):
            yield ""
            yield f"{title}:" if rows else f"{title}: none"
            yield from _table(rows)


def side_by_side(runs: Sequence[RunFolder]) -> SideBySide:
    """Compare runs.

    Raises:
        InputError: fewer than two runs are given, or one of them cannot be read.
    """
    if len({run.path for run in runs}) < 2:
        raise InputError("give two runs or more to compare")
    flats = [dict(flat(run.config().model_dump(mode="json"))) for run in runs]
    keys = sorted({key for each in flats for key in each})
    settings = {key: tuple(in_words(each[key]) if key in each else _UNSET for each in flats) for key in keys}
    figures = [_figures(run) for run in runs]
    heads = list(dict.fromkeys(head for each in figures for head in each))
    return SideBySide(
        names=tuple(run.name for run in runs),
        settings={key: values for key, values in settings.items() if len(set(values)) > 1},
        figures={head: tuple(each.get(head, _UNSET) for each in figures) for head in heads},
    )


def _figures(run: RunFolder) -> dict[str, str]:
    """Return what a run's best checkpoint came to, with 95 % intervals where they were computed."""
    row = row_of(run)
    if row.fault:
        raise InputError(f"{run.path}: {row.fault}")
    made = gather(results_of([step for step in run.config().steps if run.finished(step)]), _reader(run))
    found = {"checkpoint": row.checkpoint or _UNSET}
    found |= {cell.head: cell.text.strip() for cell in row.cells}
    found |= _with_intervals(made, row.checkpoint)
    if ratio := made.of(RatioResult):
        found |= {"trained parameters": f"{ratio.trainable:,}", "ratio": f"{ratio.ratio:.6g}"}
    return found


def _reader(run: RunFolder) -> Any:
    return lambda file: read_json(run.path / file)


def _with_intervals(made: Made, name: str) -> dict[str, str]:
    found = {}
    if (retention := made.of(RetentionResult)) and (kept := retention.checkpoints.get(name)):
        low, high = kept.contest.f1_interval
        found["F1"] = f"{kept.contest.f1:.2f} ({low:.2f} to {high:.2f})"
        low, high = kept.contest.em_interval
        found["EM"] = f"{kept.contest.em:.2f} ({low:.2f} to {high:.2f})"
    if (accuracy := made.of(AccuracyResult)) and (right := accuracy.checkpoints.get(name)):
        found["accuracy"] = f"{right.accuracy:.2%} ({right.interval[0]:.2%} to {right.interval[1]:.2%})"
    if (score := made.of(ScoreResult)) and (best := score.checkpoints.get(name)):
        found["score"] = f"{best.score:.4f}"
    return found


def _letters() -> Iterator[str]:
    return iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _table(rows: dict[str, tuple[str, ...]]) -> Iterator[str]:
    if not rows:
        return
    letters = list(zip(_letters(), *rows.values(), strict=False))
    widest = max(8, (_WIDTH - 2 - min(28, max(map(len, rows)))) // len(letters) - 1)
    short = {head: values for head, values in rows.items() if max(map(len, values)) <= widest}
    if short:
        first = max(map(len, short))
        widths = [max(map(len, column)) for column in zip(*short.values(), strict=True)]
        yield _line("", [f"{each[0]:<{width}}" for each, width in zip(letters, widths, strict=True)], first)
        for head, values in short.items():
            yield _line(head, [f"{value:<{width}}" for value, width in zip(values, widths, strict=True)], first)
    for head, values in rows.items():
        if head not in short:
            yield f"  {head}"
            yield from (f"    {letter}  {value}" for letter, value in zip(_letters(), values, strict=False))


def _line(head: str, cells: list[str], width: int) -> str:
    return f"  {head:<{width}} {' '.join(cells)}".rstrip()
