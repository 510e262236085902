"""What the accuracy command prints about its results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from core.result_parts import Interval
from core.result_types import AccuracyEntry, BenchmarkAccuracy, Category
from core.terminal import laid_out

_MOST_SHOWN = 60
_MOST_NAMED = 20


def summary(results: Mapping[str, AccuracyEntry]) -> str:
    """Return the results of checkpoints as text: the whole with its interval, by rule, type, category, error."""
    return laid_out(line for name, result in results.items() for line in _lines(name, result))


def _lines(name: str, result: AccuracyEntry) -> Iterator[str]:
    count = result.count
    right = "" if result.correct is None else f" ({result.correct} of {count} right)"
    yield f"{name}: {_percent(result.accuracy, result.interval)} by rule {result.rule!r}{right}"
    for rule, share in result.rules.items():
        yield f"  {rule:34} {_percent(share, result.rule_intervals[rule])}"
    yield (
        f"  missing {result.missing}, empty {result.empty} ({result.empty / count:.1%}), unparsable "
        f"{result.unparsable} ({result.unparsable / count:.1%}), unknown ids {result.unknown}, "
        f"repeated ids {result.duplicates}, prompts cut {result.truncated}"
    )
    yield (
        f"  verdict not the same under every rule: {result.rules_differ} ({result.rules_differ / count:.1%}), "
        f"right by the value of a formula: {result.formulas_equal}"
    )
    if result.formulas_asked:
        yield f"  formulas compared by sympy: {result.formulas_asked} answers, {result.formula_seconds:.1f} s"
    if given_up := result.formulas_given_up:
        more = f" and {len(given_up) - _MOST_NAMED} more" if len(given_up) > _MOST_NAMED else ""
        yield (f"  {len(given_up)} of them took too long and count as wrong: {', '.join(given_up[:_MOST_NAMED])}{more}")
    if result.seems_prompt:
        yield (
            f"  {result.seems_prompt} answers begin with what looks like a prompt that is not the one known: what is "
            "read may be an example's answer"
        )
    yield from (f"  {line}" for line in result.served())
    for benchmark in result.categories.values():
        yield f"  {benchmark.name}: {benchmark.subjects} of its {benchmark.subjects_known} subjects"
        rows: list[tuple[str, BenchmarkAccuracy | Category]] = [("all", benchmark), *benchmark.categories.items()]
        for category, row in rows:
            average = f"mean of subjects {row.naive_average:7.2%}"
            yield f"  {category:34} {_percent(row.accuracy, row.interval)}  {row.count:6}  {average}"
    for stage, read in result.by_stage.items():
        yield f"  read as {stage:26} {_percent(read.accuracy, read.interval)}  {read.count:6}"
    types = list(result.by_type.items())
    for kind, part in types[:_MOST_SHOWN]:
        unanswered = f"empty {part.empty}, unparsable {part.unparsable}"
        yield f"  {kind or '(none)':34} {_percent(part.accuracy, part.interval)}  {part.count:6}  {unanswered}"
    if len(types) > _MOST_SHOWN:
        yield f"  … {len(types) - _MOST_SHOWN} more: --json or table.py shows all"
    for kind, wrong in result.errors.items():
        example = wrong.examples[0]
        said = example.span or example.text[:40]
        yield f"  wrong, {kind}: {wrong.count}, such as {example.id}: {said!r} for {example.reference[:40]!r}"


def _percent(share: float, interval: Interval) -> str:
    return f"{share:8.2%} [{interval[0]:.2%}, {interval[1]:.2%}]"
