"""What the retention command prints: a table, the gate in words, and plain warnings where it is not decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.result_parts import Interval
from core.result_types import F1Em, GateDecision, RetentionEntry
from core.terminal import laid_out

_NAMES = {"f1": "F1", "em": "EM"}


def table(results: Mapping[str, RetentionEntry], total: int) -> str:
    """Return the results of checkpoints as text, with 95 % intervals.

    Args:
        results: by checkpoint.
        total: how many questions the whole set has; fewer were asked in a pre-screen.
    """
    head = "".join(f"  {f'{kind} {name}':<22}" for kind in ("contest", "official") for name in _NAMES.values())
    lines = [f"{'':12} {'count':>6} {'missing':>7} {'empty':>6}{head}  gate"]
    for name, result in results.items():
        found = (*_figures(result.contest), *_figures(result.official))
        cells = "".join(f"  {f'{figure:.3f} [{low:.2f}, {high:.2f}]':<22}" for figure, (low, high) in found)
        word = "-" if result.gate is None else "passed" if result.gate.passed else "failed"
        lines.append(f"{name:12} {result.count:6} {result.missing:7} {result.empty:6}{cells}  {word}")
    lines += [line for name, result in results.items() for line in _notes(name, result, total)]
    return laid_out(lines)


def warnings(results: Mapping[str, RetentionEntry]) -> Iterator[str]:
    """Yield a sentence for each checkpoint whose gate lies inside the interval of F1 or EM."""
    for name, result in results.items():
        if result.gate and result.gate.within_interval:
            inside = " and ".join(_NAMES[key] for key in result.gate.within_interval)
            yield (
                f"warning: {name}: the gate lies inside the 95 % interval of {inside}; "
                f"the probability of passing it is {result.gate.pass_probability:.1%}"
            )


def _figures(scores: F1Em) -> tuple[tuple[float, Interval], tuple[float, Interval]]:
    return (scores.f1, scores.f1_interval), (scores.em, scores.em_interval)


def _notes(name: str, result: RetentionEntry, total: int) -> Iterator[str]:
    gate, official = result.gate, result.official
    yield from (f"{name}: {line}" for line in result.served())
    if result.unknown or result.duplicates:
        others = f"{result.unknown} predictions for questions that are not asked"
        yield f"{name}: {others}, {result.duplicates} repeated ids (the last of each counts)"
    parts = [(word, part) for word, part in (("has", official.has_answer), ("no", official.no_answer)) if part]
    if parts:
        said = (f"{word} answer: F1 {part.f1:.3f}, EM {part.em:.3f} of {part.count}" for word, part in parts)
        yield f"{name}: official, {'; '.join(said)}"
    if result.truncated:
        yield f"{name}: {result.truncated} prompts were cut to fit the model"
    if gate is not None:
        yield f"{name}: gate of the {gate.reference}: {'; '.join(_held_against(gate, result.contest))}"
    if result.count < total:
        sure = (
            "" if gate is None else f"; the gate is passed on all of them with probability {gate.pass_probability:.1%}"
        )
        yield f"{name}: {result.count} of {total} questions asked, the intervals are for all {total}{sure}"


def _held_against(gate: GateDecision, scores: F1Em) -> Iterator[str]:
    """Say of F1 and EM each what the gate wants, and what share of the base model's they are."""
    for name, figure, required, margin, kept, interval in (
        ("F1", scores.f1, gate.required_f1, gate.margin_f1, gate.kept_f1, gate.kept_f1_interval),
        ("EM", scores.em, gate.required_em, gate.margin_em, gate.kept_em, gate.kept_em_interval),
    ):
        said = f"{name} {figure:.3f} needs {required:.3f} (margin {margin:+.3f})"
        if kept is not None and interval is not None:
            said += f", {kept:.1%} of the base [{interval[0]:.1%}, {interval[1]:.1%}], needs {gate.share:.0%}"
        yield said
