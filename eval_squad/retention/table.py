"""What the retention command prints: a table, the gate in words, and plain warnings where it is not decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_NAMES = {"f1": "F1", "em": "EM"}


def table(results: Mapping[str, Mapping[str, Any]], total: int) -> str:
    """Return the results of checkpoints as text, with 95 % intervals.

    Args:
        results: as `eval_squad.retention.scoring.summarise` returns them, by checkpoint.
        total: how many questions the whole set has; fewer were asked in a pre-screen.
    """
    figures = [(kind, key) for kind in ("contest", "official") for key in _NAMES]
    head = "".join(f"  {f'{kind} {_NAMES[key]}':<22}" for kind, key in figures)
    lines = [f"{'':12} {'count':>6} {'missing':>7} {'empty':>6}{head}  gate"]
    for name, result in results.items():
        cells = "".join(f"  {_figure(result[kind], key):<22}" for kind, key in figures)
        gate = result["gate"]
        word = "-" if gate is None else "passed" if gate["passed"] else "failed"
        lines.append(f"{name:12} {result['count']:6} {result['missing']:7} {result['empty']:6}{cells}  {word}")
    lines += [line for name, result in results.items() for line in _notes(name, result, total)]
    return "\n".join(lines)


def warnings(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each checkpoint whose gate lies inside the interval of F1 or EM."""
    for name, result in results.items():
        gate = result["gate"]
        if gate and gate["within_interval"]:
            inside = " and ".join(_NAMES[key] for key in gate["within_interval"])
            yield (
                f"warning: {name}: the gate lies inside the 95 % interval of {inside}; "
                f"the probability of passing it is {_percent(gate)}"
            )


def _figure(scores: Mapping[str, Any], key: str) -> str:
    low, high = scores[f"{key}_interval"]
    return f"{scores[key]:.3f} [{low:.2f}, {high:.2f}]"


def _notes(name: str, result: Mapping[str, Any], total: int) -> Iterator[str]:
    gate = result["gate"]
    if result["unknown"] or result["duplicates"]:
        others = f"{result['unknown']} predictions for questions that are not asked"
        yield f"{name}: {others}, {result['duplicates']} repeated ids (the last of each counts)"
    if "no_answer" in result["official"]:
        rows = ((word, result["official"][f"{word}_answer"]) for word in ("has", "no"))
        said = (f"{word} answer: F1 {row['f1']:.3f}, EM {row['em']:.3f} of {row['count']}" for word, row in rows)
        yield f"{name}: official, {'; '.join(said)}"
    if result["truncated"]:
        yield f"{name}: {result['truncated']} prompts were cut to fit the model"
    if gate is not None:
        parts = [_held_against(gate, result["contest"], key) for key in _NAMES]
        yield f"{name}: gate of the {gate['reference']}: {'; '.join(parts)}"
    if result["count"] < total:
        sure = "" if gate is None else f"; the gate is passed on all of them with probability {_percent(gate)}"
        yield f"{name}: {result['count']} of {total} questions asked, the intervals are for all {total}{sure}"


def _held_against(gate: Mapping[str, Any], scores: Mapping[str, float], key: str) -> str:
    said = f"{_NAMES[key]} {scores[key]:.3f} needs {gate[f'required_{key}']:.3f} (margin {gate[f'margin_{key}']:+.3f})"
    share, interval = gate[f"kept_{key}"], gate[f"kept_{key}_interval"]
    if share is None or interval is None:
        return said
    return f"{said}, {share:.1%} of the base [{interval[0]:.1%}, {interval[1]:.1%}], needs {gate['share']:.0%}"


def _percent(gate: Mapping[str, Any]) -> str:
    return f"{gate['pass_probability']:.1%}"
