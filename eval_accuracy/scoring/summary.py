"""What the accuracy command prints about its results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_MOST_SHOWN = 60


def summary(results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the results of checkpoints as text: the whole with its interval, by rule, type, category, error."""
    return "\n".join(line for name, result in results.items() for line in _lines(name, result))


def _lines(name: str, result: Mapping[str, Any]) -> Iterator[str]:
    count = result["count"]
    right = "" if result["correct"] is None else f" ({result['correct']} of {count} right)"
    yield f"{name}: {_percent(result)} by rule {result['rule']!r}{right}"
    intervals = result["rule_intervals"]
    for rule, share in result["rules"].items():
        yield f"  {rule:34} {_percent({'accuracy': share, 'interval': intervals[rule]})}"
    yield (
        f"  missing {result['missing']}, empty {result['empty']} ({result['empty'] / count:.1%}), unparsable "
        f"{result['unparsable']} ({result['unparsable'] / count:.1%}), unknown ids {result['unknown']}, "
        f"repeated ids {result['duplicates']}, prompts cut {result['truncated']}"
    )
    for benchmark in result["categories"].values():
        yield f"  {benchmark['name']}: {benchmark['subjects']} of its {benchmark['subjects_known']} subjects"
        for category, row in (("all", benchmark), *benchmark["categories"].items()):
            yield f"  {category:34} {_percent(row)}  {row['count']:6}  mean of subjects {row['naive_average']:7.2%}"
    types = list(result["by_type"].items())
    for kind, row in types[:_MOST_SHOWN]:
        unanswered = f"empty {row['empty']}, unparsable {row['unparsable']}"
        yield f"  {kind or '(none)':34} {_percent(row)}  {row['count']:6}  {unanswered}"
    if len(types) > _MOST_SHOWN:
        yield f"  … {len(types) - _MOST_SHOWN} more: --json or table.py shows all"
    for kind, row in result["errors"].items():
        example = row["examples"][0]
        said = example["span"] or example["text"][:40]
        yield f"  wrong, {kind}: {row['count']}, such as {example['id']}: {said!r} for {example['reference'][:40]!r}"


def _percent(row: Mapping[str, Any]) -> str:
    low, high = row["interval"]
    return f"{row['accuracy']:8.2%} [{low:.2%}, {high:.2%}]"
