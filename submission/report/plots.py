"""Two pictures of a run: the training loss by step, and F1, EM and accuracy by checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.files import replacing
from submission.package.run_facts import RunFacts, is_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 120
# Labels are English in every report: not each machine has a font with Chinese characters.


def plot_loss(facts: RunFacts, path: Path) -> None:
    """Write the loss curve of `train/loss.jsonl` as PNG, with the steps of the checkpoints marked."""
    figure = _figure()
    axes = figure.subplots()
    axes.plot([point.step for point in facts.losses], [point.loss for point in facts.losses], linewidth=1.0, marker=".")
    for checkpoint in facts.checkpoints:
        axes.axvline(checkpoint.step, color="0.75", linewidth=0.8, linestyle="--", zorder=0)
    axes.set(title="Training loss", xlabel="step (dashed: checkpoints)", ylabel="loss")
    axes.grid(visible=True, alpha=0.3)
    _save(figure, path)


def plot_scores(facts: RunFacts, path: Path) -> None:
    """Write contest F1, contest EM and accuracy (all in per cent) of the base and each checkpoint as PNG."""
    labels = ["base", *(checkpoint.name for checkpoint in facts.checkpoints)]
    squad, accuracy = facts.squad["checkpoints"], facts.accuracy["checkpoints"]
    curves = {
        "retention F1": [_dig(squad, label, "contest", "f1") for label in labels],
        "retention EM": [_dig(squad, label, "contest", "em") for label in labels],
        "task accuracy": [_percent(_dig(accuracy, label, "accuracy")) for label in labels],
    }
    figure = _figure()
    axes = figure.subplots()
    for (name, values), color in zip(curves.items(), ("tab:blue", "tab:cyan", "tab:orange"), strict=True):
        axes.plot(range(len(labels)), [float("nan") if value is None else value for value in values],
                  marker="o", label=name, color=color)  # fmt: skip
    for key, color in (("required_f1", "tab:blue"), ("required_em", "tab:cyan")):
        required = _dig(squad, labels[-1], "gate", key)
        if required is not None:
            axes.axhline(required, color=color, linewidth=0.8, linestyle="--", label=key.replace("_", " "))
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


def _dig(value: Any, *names: str) -> float | None:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return float(value) if is_number(value) else None


def _percent(value: float | None) -> float | None:
    return None if value is None else 100.0 * value


def write_plots(facts: RunFacts, folder: Path) -> dict[str, Path]:
    """Write both pictures into `folder`; return kind ("loss", "scores") -> path."""
    paths: Sequence[tuple[str, Path]] = [(kind, folder / f"{kind}.png") for kind in ("loss", "scores")]
    written = dict(paths)
    plot_loss(facts, written["loss"])
    plot_scores(facts, written["scores"])
    return written
