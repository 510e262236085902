"""Pictures of a run: losses, figures by checkpoint with their intervals, types of questions, the published scores.

Each is drawn once, and saved as PNG for Markdown, Word and PDF, and as SVG for the page, in the page's colours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.files import replacing
from core.result_parts import Interval
from core.result_types import AccuracyResult, RetentionResult, ScoreResult
from core.results import Made
from core.score import published_scores
from core.step_names import BASE
from core.terminal import visible
from submission.package.run_facts import RunFacts
from submission.report.fonts import chinese_font

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 120
_F1, _EM, _ACCURACY, _BASE = "tab:blue", "tab:cyan", "tab:orange", "tab:gray"
# Ink of the drawing; in the page it becomes the page's own.
_INK = "#010203"
_MOST_TYPES = 30
_MANY_POINTS = 60

Point = tuple[float, Interval | None]


def plot_loss(facts: RunFacts, path: Path, language: str = "en") -> None:
    """Draw the loss of `train/loss.jsonl` with the checkpoints' steps, and below it learning rate and gradient norm.

    Where the loss on validation records was computed too, it is a second line.
    """
    rows: list[tuple[str, list[float | None]]] = [
        (_say(language, "训练损失", "training loss"), [point.loss for point in facts.losses]),
        (_say(language, "学习率", "learning rate"), [point.learning_rate for point in facts.losses]),
        (_say(language, "梯度范数", "gradient norm"), [point.gradient_norm for point in facts.losses]),
    ]
    rows = [(name, values) for name, values in rows if any(value is not None for value in values)]
    with _drawing(path, 8, 2.2 + 1.5 * len(rows), language) as figure:
        heights = [2.2, *[1.0] * (len(rows) - 1)]
        axes = figure.subplots(len(rows), sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
        steps = [point.step for point in facts.losses]
        marker = "." if len(steps) <= _MANY_POINTS else ""
        for axis, (name, values) in zip(axes, rows, strict=True):
            drawn = [math.nan if value is None else value for value in values]
            axis.plot(steps, drawn, linewidth=1.0, marker=marker, markersize=3, color=_F1)
            for checkpoint in facts.checkpoints:
                axis.axvline(checkpoint.step, color=_BASE, linewidth=0.8, linestyle="--", zorder=0)
            axis.set(ylabel=name)
            axis.grid(visible=True, alpha=0.3)
        if validation := facts.validation_losses:
            axes[0].lines[0].set_label(_say(language, "训练", "training"))
            axes[0].plot([point.step for point in validation], [point.loss for point in validation], linewidth=1.5,
                         marker="o", markersize=4, color="tab:red",
                         label=_say(language, "验证集", "validation"))  # fmt: skip
            axes[0].legend(fontsize="small", framealpha=0.4)
        axes[-1].set(xlabel=_say(language, "步数（虚线：保存的权重）", "step (dashed: checkpoints)"))


def plot_scores(facts: RunFacts, path: Path, language: str = "en") -> None:
    """Draw F1, EM and accuracy (per cent) of the base and each checkpoint with intervals, and the gate as lines."""
    labels = [BASE, *(checkpoint.name for checkpoint in facts.checkpoints)]
    with _drawing(path, 8, 4.5, language) as figure:
        axes = figure.subplots()
        for place, (name, color, values) in enumerate(_curves(facts.results, language)):
            at = [index + 0.06 * (place - 1) for index in range(len(labels))]
            points = [values.get(label, (math.nan, None)) for label in labels]
            axes.errorbar(at, [value for value, _ in points], yerr=_bars(points), marker="o", label=name, color=color,
                          capsize=3, elinewidth=1)  # fmt: skip
        retention = facts.results.of(RetentionResult)
        last = retention.checkpoints.get(labels[-1]) if retention else None
        if last and last.gate:
            required = _say(language, "门槛", "required")
            for name, color, value in (("F1", _F1, last.gate.required_f1), ("EM", _EM, last.gate.required_em)):
                axes.axhline(value, color=color, linewidth=0.9, linestyle="--", label=f"{required} {name}")
        names = [_say(language, "基础模型", "base") if label == BASE else label for label in labels]
        axes.set_xticks(range(len(labels)), names)
        axes.set(ylabel="%", ylim=(0, 105))
        axes.grid(visible=True, alpha=0.3)
        axes.legend(fontsize="small", framealpha=0.4)


def plot_types(facts: RunFacts, path: Path, language: str = "en") -> None:
    """Draw the accuracy of the base and of the best checkpoint by type or subject, the commonest first."""
    base, best, name = _types(facts)
    kinds = sorted(best, key=lambda kind: -best[kind].count)[:_MOST_TYPES]
    with _drawing(path, 8, 1.2 + 0.34 * len(kinds), language) as figure:
        axes = figure.subplots()
        for offset, rows, color, label in (
            (-0.2, base, _BASE, _say(language, "基础模型", "base")),
            (0.2, best, _ACCURACY, name),
        ):
            points: list[Point] = [
                (100 * rows[kind].accuracy, _hundredfold(rows[kind].interval)) if kind in rows else (math.nan, None)
                for kind in kinds
            ]
            at = [index + offset for index in range(len(kinds))]
            axes.barh(at, [value for value, _ in points], 0.36, xerr=_bars(points), color=color, label=label,
                      error_kw={"elinewidth": 0.8, "ecolor": _INK, "capsize": 2})  # fmt: skip
        axes.set_yticks(range(len(kinds)), [f"{visible(kind)[:40]} ({best[kind].count})" for kind in kinds])
        axes.invert_yaxis()
        axes.set(xlim=(0, 100), xlabel="%")
        axes.grid(visible=True, axis="x", alpha=0.3)
        axes.legend(fontsize="small", framealpha=0.4)


def plot_published(facts: RunFacts, path: Path, language: str = "en") -> None:
    """Draw the contest's published scores and, among them, this run's."""
    own = _own_score(facts)
    rows = [(score, team, False) for score, team in published_scores(facts.config.rules)]
    if own is not None:
        rows.append((own, _say(language, "本作品", "this entry"), True))
    rows.sort(key=lambda row: -row[0])
    with _drawing(path, 8, 0.9 + 0.26 * len(rows), language) as figure:
        axes = figure.subplots()
        colors = [_ACCURACY if mine else _F1 for _, _, mine in rows]
        axes.barh(range(len(rows)), [score for score, _, _ in rows], color=colors)
        axes.set_yticks(range(len(rows)), [f"{place}. {visible(team)}" for place, (_, team, _) in enumerate(rows, 1)])
        for index, (score, _, _) in enumerate(rows):
            axes.text(score, index, f" {score:.4f}", va="center", fontsize="small")
        axes.invert_yaxis()
        axes.set(xlim=(0, 1.08 * max(score for score, _, _ in rows)), xlabel=_say(language, "得分", "score"))


def write_plots(facts: RunFacts, folder: Path, language: str = "en") -> dict[str, Path]:
    """Write the pictures that there are figures for; return kind -> PNG, beside which the same is as SVG."""
    drawn: list[tuple[str, bool, Callable[[RunFacts, Path, str], None]]] = [
        ("loss", bool(facts.losses), plot_loss),
        ("scores", any(True for _ in _curves(facts.results, language)), plot_scores),
        ("types", bool(_types(facts)[1]), plot_types),
        ("published", bool(facts.config.rules.published) and _own_score(facts) is not None, plot_published),
    ]
    written = {}
    for kind, is_there, draw in drawn:
        if is_there:
            written[kind] = folder / f"{kind}.png"
            draw(facts, written[kind], language)
    return written


def read_drawing(path: Path, kind: str) -> str:
    """Return the SVG beside a PNG so that it can stand in a page: in its ink, with ids of its own, without a prolog."""
    text = path.with_suffix(".svg").read_text(encoding="utf-8")
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(?::\w+)?="[^"]*"', "", text)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{kind}-\1"', text)
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{kind}-", text)
    return text.replace(_INK, "currentColor").strip()


class _drawing:  # noqa: N801
    """Yields a figure, and saves it as PNG and as SVG where nothing went wrong."""

    def __init__(self, path: Path, width: float, height: float, language: str) -> None:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        ink = dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), _INK)
        family = ["DejaVu Sans", *([chinese_font()] if language == "zh" and chinese_font() else [])]
        style: Any = {**ink, "svg.fonttype": "none", "svg.hashsalt": path.stem, "font.family": family}
        self._style = matplotlib.rc_context(style)
        self._path = path
        self._style.__enter__()
        # The Agg canvas is attached by hand: pyplot would choose a backend, and take a display where there is one.
        self._figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(self._figure)

    def __enter__(self) -> Figure:
        return self._figure

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        try:
            if error is None:
                self._save()
        finally:
            self._style.__exit__(kind, error, trace)

    def _save(self) -> None:
        with replacing(self._path) as partial:
            # Without the version of the program in it, the same run gives the same bytes.
            self._figure.savefig(partial, format="png", dpi=_DPI, metadata={"Software": None})
        with replacing(self._path.with_suffix(".svg")) as partial:
            empty = {"Date": None, "Creator": None, "Format": None, "Type": None}
            self._figure.savefig(partial, format="svg", transparent=True, metadata=empty)


def _say(language: str, zh: str, en: str) -> str:
    """Return the words of a drawing: in Chinese where there is a font that can draw it."""
    return zh if language == "zh" and chinese_font() else en


def _bars(points: Sequence[Point]) -> list[list[float]] | None:
    """Return the lengths of error bars below and above; None where no point has any."""
    if not any(interval for _, interval in points):
        return None
    low = [max(value - interval[0], 0.0) if interval else 0.0 for value, interval in points]
    high = [max(interval[1] - value, 0.0) if interval else 0.0 for value, interval in points]
    return [low, high]


def _hundredfold(interval: Interval) -> Interval:
    return (100 * interval[0], 100 * interval[1])


def _own_score(facts: RunFacts) -> float | None:
    score = facts.results.of(ScoreResult)
    row = score.checkpoints.get(score.best) if score and score.best else None
    return row.score if row else None


def _types(facts: RunFacts) -> tuple[Any, Any, str]:
    """Return accuracy by type of the base and of the best checkpoint, and the latter's name."""
    accuracy, score = facts.results.of(AccuracyResult), facts.results.of(ScoreResult)
    name = score.best if score and score.best else ""
    if accuracy is None or BASE not in accuracy.checkpoints or name not in accuracy.checkpoints:
        return {}, {}, ""
    return accuracy.checkpoints[BASE].by_type, accuracy.checkpoints[name].by_type, name


def _curves(results: Made, language: str) -> Iterator[tuple[str, str, dict[str, Point]]]:
    """Yield (name, colour, per cent by checkpoint) of each curve that the run's results have."""
    if retention := results.of(RetentionResult):
        rows = retention.checkpoints
        kept = _say(language, "原有能力", "retention")
        yield f"{kept} F1", _F1, {name: (row.contest.f1, row.contest.f1_interval) for name, row in rows.items()}
        yield f"{kept} EM", _EM, {name: (row.contest.em, row.contest.em_interval) for name, row in rows.items()}
    if accuracy := results.of(AccuracyResult):
        measured = accuracy.checkpoints.items()
        points: dict[str, Point] = {name: (100.0 * row.accuracy, _hundredfold(row.interval)) for name, row in measured}
        yield _say(language, "准确率", "task accuracy"), _ACCURACY, points
