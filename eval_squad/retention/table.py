"""What the retention command prints: a table, the gate in words, and plain warnings where it is not decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.result_types import F1Em, GateDecision, RetentionEntry
from core.terminal import laid_out

_NAMES = {"f1": "F1", "em": "EM"}


def table(results: Mapping[str, RetentionEntry], total: int, more: bool = False) -> str:
    """Return the results of checkpoints as text of 80 columns, with 95 % intervals.

    Args:
        results: by checkpoint.
        total: how many questions the whole set has; fewer were asked in a pre-screen.
        more: SQuAD's own figures below the contest's, and the gate in words.
    """
    width = max([len(name) for name in results] + [10])
    lines = [
        f"{'':{width}} {'F1':>6} {'95 % interval':<15} {'EM':>6} {'95 % interval':<15} {'kept F1':>7} {'EM':>6}  gate"
    ]
    for name, result in results.items():
        lines.append(f"{name:{width}}{_cells(result.contest)} {_kept(result.gate)}  {_word(result.gate)}")
        if more:
            lines.append(f"{'  official':{width}}{_cells(result.official)}")
    lines += [line for name, result in results.items() for line in _notes(name, result, total)]
    gates = {name: result.gate for name, result in results.items() if result.gate}
    lines += _gate_in_words(gates)
    if more:
        lines += [
            f"{name}: {line}" for name, gate in gates.items() for line in _held_against(gate, results[name].contest)
        ]
    return laid_out(lines)


def _cells(scores: F1Em) -> str:
    pairs = ((scores.f1, scores.f1_interval), (scores.em, scores.em_interval))
    return "".join(f" {figure:6.2f} {f'{low:.2f} - {high:.2f}':<15}" for figure, (low, high) in pairs)


def _kept(gate: GateDecision | None) -> str:
    kept = (gate.kept_f1, gate.kept_em) if gate else (None, None)
    first, second = ("-" if share is None else f"{share:.1%}" for share in kept)
    return f"{first:>7} {second:>6}"


def _word(gate: GateDecision | None) -> str:
    return "-" if gate is None else "passed" if gate.passed else "failed"


def _gate_in_words(gates: Mapping[str, GateDecision]) -> list[str]:
    """Say once what passes the gate: it is the same for all checkpoints that are held against the same."""
    said = {
        f"gate: F1 {gate.required_f1:.2f} and EM {gate.required_em:.2f} are needed"
        + (f", {gate.share:.0%} of the base model's" if gate.reference == "base" else " (the contest's thresholds)")
        for gate in gates.values()
    }
    return sorted(said)


def warnings(results: Mapping[str, RetentionEntry]) -> Iterator[str]:
    """Yield a sentence for each checkpoint whose gate lies inside the interval of F1 or EM."""
    for name, result in results.items():
        if result.gate and result.gate.within_interval:
            inside = " and ".join(_NAMES[key] for key in result.gate.within_interval)
            yield (
                f"warning: {name}: the gate lies inside the 95 % interval of {inside}; "
                f"the probability of passing it is {result.gate.pass_probability:.1%}"
            )


def _notes(name: str, result: RetentionEntry, total: int) -> Iterator[str]:
    gate, official = result.gate, result.official
    if result.missing or result.empty or result.count != total:
        yield f"{name}: {result.count} questions, {result.missing} without a prediction, {result.empty} answers empty"
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
    if result.count < total:
        sure = (
            "" if gate is None else f"; the gate is passed on all of them with probability {gate.pass_probability:.1%}"
        )
        yield f"{name}: {result.count} of {total} questions asked, the intervals are for all {total}{sure}"


def _held_against(gate: GateDecision, scores: F1Em) -> Iterator[str]:
    """Say of F1 and EM each how far above the gate they are, and what share of the base model's."""
    for name, figure, margin, kept, interval in (
        ("F1", scores.f1, gate.margin_f1, gate.kept_f1, gate.kept_f1_interval),
        ("EM", scores.em, gate.margin_em, gate.kept_em, gate.kept_em_interval),
    ):
        said = f"{name} {figure:.3f}, margin {margin:+.3f}"
        if kept is not None and interval is not None:
            said += f", {kept:.1%} of the base [{interval[0]:.1%}, {interval[1]:.1%}]"
        yield said
