"""Two pictures of a run: the training loss by step, and F1, EM and accuracy by checkpoint."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from core.files import replacing
from core.result_types import AccuracyResult, RetentionResult
from core.results import Made
from core.step_names import BASE
from submission.package.run_facts import RunFacts

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 120
_F1, _EM, _ACCURACY = "tab:blue", "tab:cyan", "tab:orange"
# Labels are English in every report: not each machine has a font with Chinese characters.


def plot_loss(facts: RunFacts, path: Path) -> None:
    """Write the loss curve of `train/loss.jsonl` as PNG, with the steps of the checkpoints marked.

    Where the loss on validation records was computed too, it is a second line.
    """
    figure = _figure()
    axes = figure.subplots()
    axes.plot([point.step for point in facts.losses], [point.loss for point in facts.losses], linewidth=1.0, marker=".")
    if validation := facts.validation_losses:
        axes.lines[0].set_label("training")
        axes.plot([point.step for point in validation], [point.loss for point in validation], linewidth=1.5,
                  marker="o", markersize=4, color="tab:red", label="validation")  # fmt: skip
        axes.legend(fontsize="small")
    for checkpoint in facts.checkpoints:
        axes.axvline(checkpoint.step, color="0.75", linewidth=0.8, linestyle="--", zorder=0)
    axes.set(title="Training loss", xlabel="step (dashed: checkpoints)", ylabel="loss")
    axes.grid(visible=True, alpha=0.3)
    _save(figure, path)


def plot_scores(facts: RunFacts, path: Path) -> None:
    """Write contest F1, contest EM and accuracy (all in per cent) of the base and each checkpoint as PNG."""
    labels = [BASE, *(checkpoint.name for checkpoint in facts.checkpoints)]
    figure = _figure()
    axes = figure.subplots()
    for name, color, values in _curves(facts.results):
        axes.plot(range(len(labels)), [values.get(label, math.nan) for label in labels],
                  marker="o", label=name, color=color)  # fmt: skip
    retention = facts.results.of(RetentionResult)
    last = retention.checkpoints.get(labels[-1]) if retention else None
    if last and last.gate:
        for name, color, required in (("f1", _F1, last.gate.required_f1), ("em", _EM, last.gate.required_em)):
            axes.axhline(required, color=color, linewidth=0.8, linestyle="--", label=f"required {name}")
    axes.set_xticks(range(len(labels)), labels)
    axes.set(title="Retention and accuracy by checkpoint", ylabel="per cent", ylim=(0, 105))
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small")
    _save(figure, path)


def _figure() -> Figure:
    # The Agg canvas is attached by hand: pyplot would choose a backend, and take a display where there is one.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _save(figure: Figure, path: Path) -> None:
    with replacing(path) as partial:
        # Without the version of the program in it, the same run gives the same bytes.
        figure.savefig(partial, format="png", dpi=_DPI, metadata={"Software": None})


def _curves(results: Made) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Yield (name, colour, per cent by checkpoint) of each curve that the run's results have."""
    if retention := results.of(RetentionResult):
        yield "retention F1", _F1, {name: row.contest.f1 for name, row in retention.checkpoints.items()}
        yield "retention EM", _EM, {name: row.contest.em for name, row in retention.checkpoints.items()}
    if accuracy := results.of(AccuracyResult):
        yield "task accuracy", _ACCURACY, {name: 100.0 * row.accuracy for name, row in accuracy.checkpoints.items()}


def write_plots(facts: RunFacts, folder: Path) -> dict[str, Path]:
    """Write the pictures that there are figures for into `folder`; return kind ("loss", "scores") -> path."""
    written: dict[str, Path] = {}
    if facts.losses:
        written["loss"] = folder / "loss.png"
        plot_loss(facts, written["loss"])
    if any(True for _ in _curves(facts.results)):
        written["scores"] = folder / "scores.png"
        plot_scores(facts, written["scores"])
    return written
