"""The audit of a conversion as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

_LABEL = 34
_BARS, _BAR = 8, 40


def table(audit: dict[str, Any]) -> str:
    """Return what became of every record, the solutions' check, quotas, overlaps, and the lengths as a histogram."""
    parts = (_corpus(audit["corpus"]), _solutions(audit["solutions"]), _quotas(audit["corpus"]), _rows(audit))
    return "\n".join([line for part in parts for line in part] + list(_histogram(audit)))


def _line(label: str, value: object) -> str:
    return f"{label:<{_LABEL}}{value:>12}"


def _count(label: str, value: int, always: bool = True) -> list[str]:
    return [_line(label, f"{value:,}")] if value or always else []


def _corpus(counts: dict[str, Any]) -> Iterator[str]:
    def count(label: str, key: str, always: bool = False) -> list[str]:
        return _count(label, counts.get(key, 0), always)

    yield from count("corpus records read", "read", True)
    yield from count("  unreadable, passed over", "bad")
    yield from count("  solution wrong or missing", "wrong")
    yield from count("  of these, dropped", "wrong_dropped")
    yield from count("  duplicates", "duplicates", True)
    yield from count("  with conflicting answers, kept", "conflicting_answers")
    yield from count("  held out for accuracy", "held_out", True)
    for file, found in counts.get("overlap", {}).get("files", {}).items():
        yield from _count(f"  overlap with {file[-19:]}", found, always=False)
    yield from count("  overlapping, removed", "overlap_removed")
    yield from count("  near-duplicates", "near_duplicates")
    yield from count("  left out by sampling", "left_out")
    yield from count("  repeated by sampling", "repeated")
    yield from count("  to train on", "trained", True)
    yield from count("retention records mixed in", "retention", True)


def _solutions(report: dict[str, Any]) -> Iterator[str]:
    for verdict, number in report["verdicts"].items():
        yield from _count(f"  solutions {verdict}", number)
    for example in report["examples"][:3]:
        found = example["found"] or "no answer"
        yield f"    {example['place']}: {example['verdict']}: {found}, expected {example['expected']}"


def _quotas(counts: dict[str, Any]) -> Iterator[str]:
    if "quotas" in counts:
        yield f"{'type or subject':<20}{'there':>10}{'asked':>10}{'taken':>10}{'repeated':>10}"
    for row in counts.get("quotas", ()):
        asked = "all" if row["asked"] is None else f"{row['asked']:,}"
        yield f"{row['label']:<20}{row['available']:>10,}{asked:>10}{row['taken']:>10,}{row['repeated']:>10,}"


def _rows(audit: dict[str, Any]) -> Iterator[str]:
    overlong = audit["overlong"]
    yield from _count("rewritten (data.answers)", audit["rewritten"], always=False)
    yield from _count("too long, dropped", overlong["dropped"])
    yield from _count("too long, cut at the prompt", overlong["cut"], always=False)
    yield from _count("converted", audit["converted"])
    yield from _count(
        f"rows of {audit['seq_length']} + 1 tokens" + (", packed" if audit["packing"] else ""), audit["rows"]
    )
    if audit["packing"]:
        yield "  packed: nothing is learned across a record's border, but attention reaches over it (docs/data.md)"
    yield from _count("rows with every label masked", audit["masked_rows"])
    yield from _count("accuracy questions", audit["test"])
    yield from _count("retention questions", audit["squad"])
    yield _line("padding share", f"{audit['padding_share']:.1%}")


def _histogram(audit: dict[str, Any]) -> Iterator[str]:
    """Yield how many records have how many tokens: eight bars up to the longest that fits, one for those beyond."""
    longest_fit = audit["seq_length"] + 1
    width = -(-min(longest_fit, audit["longest"]) // _BARS)
    bars: Counter[int] = Counter()
    for length, count in audit["lengths"].items():
        bars[_BARS if int(length) > longest_fit else (int(length) - 1) // width] += count
    yield f"tokens of a record (longest {audit['longest']:,})"
    for number in range(min(bars), max(bars) + 1):
        span = (
            f"{number * width + 1}–{min((number + 1) * width, longest_fit)}"
            if number < _BARS
            else f"{longest_fit + 1}–"
        )
        bar = "█" * -(-_BAR * bars[number] // max(bars.values()))
        yield f"  {span:>11} {bars[number]:>9,} {bar}".rstrip()
