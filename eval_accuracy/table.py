"""Command: the results of an evaluation as one table, in the layout of OpenCompass.

Columns: dataset, version (the first six digits of the questions' sha256), metric, mode (gen: answers were generated,
ppl: options were compared by likelihood), then one column of percentages for each checkpoint.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import csv
import html
import io
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from core.command import command_parser
from core.errors import InputError, run_command
from core.files import read_json
from core.result_parts import SCHEMA, Asked
from core.result_types import AccuracyEntry, AccuracyResult
from core.results import parsed
from core.run_folder import find_run
from core.terminal import show_text, visible, visible_json

_EXAMPLES = """examples:
  python eval_accuracy/table.py --run logs/latest
  python eval_accuracy/table.py --result accuracy.json --format markdown > table.md"""
_LABELS = ("dataset", "version", "metric", "mode")
Row = dict[str, str | float | None]


def rows(results: Mapping[str, AccuracyEntry], described: Asked) -> list[Row]:
    """Return the table of a result.

    Args:
        results: by checkpoint.
        described: what was evaluated.

    Returns:
        One dictionary a row: the four labels, then the checkpoints' percentages (None where one has no figure). First
        the whole under each rule, then benchmarks with their categories and subjects, then types of no benchmark.
    """
    name, version = Path(described.file).stem, described.sha256[:6]
    mode = next(iter(results.values())).mode
    cells: dict[tuple[str, str], dict[str, float]] = {}
    for model, result in results.items():
        for dataset, metric, value in _figures(name, result):
            cells.setdefault((dataset, metric), {})[model] = round(100 * value, 2)
    return [
        {"dataset": dataset, "version": version, "metric": metric, "mode": mode}
        | {model: values.get(model) for model in results}
        for (dataset, metric), values in cells.items()
    ]


def _figures(name: str, result: AccuracyEntry) -> list[tuple[str, str, float]]:
    """Return (dataset, metric, value) of everything that a result states."""
    found = [(name, "accuracy", result.accuracy)]
    found += [(name, rule, value) for rule, value in result.rules.items()]
    subjects: set[str] = set()
    for key, benchmark in result.categories.items():
        found.append((key, "naive_average", benchmark.naive_average))
        found.append((f"{key}-weighted", "weighted_average", benchmark.accuracy))
        for category, row in benchmark.categories.items():
            found.append((f"{key}-{category}", "naive_average", row.naive_average))
        for subject, share in benchmark.by_subject.items():
            found.append((f"{key}-{subject}", "accuracy", share.accuracy))
            subjects.add(subject)
    for kind, part in result.by_type.items():
        if kind.replace(" ", "_") not in subjects:
            found.append((f"{name}-{kind}" if kind else f"{name}-(none)", "accuracy", part.accuracy))
    return found


def as_text(table: Sequence[Row]) -> str:
    """Return a table for a terminal; columns are aligned by the width that characters have there."""
    lines = [[*table[0]], *([_cell(value) for value in row.values()] for row in table)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "  ".join(_padded(cell, width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )


def as_csv(table: Sequence[Row]) -> str:
    """Return a table as CSV."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table[0])
    writer.writerows([_cell(value) for value in row.values()] for row in table)
    return out.getvalue().rstrip("\n")


def as_markdown(table: Sequence[Row]) -> str:
    """Return a table as Markdown."""
    lines = [[*table[0]], ["---"] * len(_LABELS) + ["---:"] * (len(table[0]) - len(_LABELS))]
    lines += [[_markdown(_cell(value)) for value in row.values()] for row in table]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def as_json(table: Sequence[Row]) -> str:
    """Return a table as a JSON array of objects."""
    return visible_json(json.dumps(table, ensure_ascii=False, indent=2, allow_nan=False))


FORMATS: dict[str, Callable[[Sequence[Row]], str]] = {
    "text": as_text,
    "csv": as_csv,
    "markdown": as_markdown,
    "json": as_json,
}


def _cell(value: str | float | None) -> str:
    return "-" if value is None else f"{value:.2f}" if isinstance(value, float) else visible(value)


def _markdown(text: str) -> str:
    """Return a cell's text so that neither Markdown nor the HTML that is made of it takes it for its own."""
    return html.escape(text, quote=False).replace("|", "\\|")


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def main(argv: Sequence[str]) -> int:
    """Print the table; return the exit code."""
    parser = command_parser(
        "eval_accuracy/table.py",
        "The accuracy of a run's checkpoints, or of a result file, as one table.",
        _EXAMPLES,
        json="the result",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--run", help="run folder; default: the newest")
    what.add_argument("--result", type=Path, help="a file that eval_accuracy/run.py wrote with --output")
    parser.add_argument("--format", choices=tuple(FORMATS), default="text", help="default: %(default)s")
    arguments = parser.parse_args(argv)
    path = arguments.result or find_run(arguments.run).results / "accuracy.json"
    results, described = _held(path)
    show_text(FORMATS["json" if arguments.json else arguments.format](rows(results, described)))
    return 0


def _held(path: Path) -> tuple[Mapping[str, AccuracyEntry], Asked]:
    """Read the results of a run's file or of --output."""
    held = read_json(path)
    if isinstance(held, dict) and isinstance(held.get("name"), str):
        held = {"data": held.get("data"), "checkpoints": {held["name"]: held}}
    try:
        result = parsed({"schema": SCHEMA, **held} if isinstance(held, dict) else held, AccuracyResult, str(path))
    except InputError as error:
        raise InputError(f"{error}: evaluate again with eval_accuracy/run.py, which asks no model") from error
    if not result.checkpoints:
        raise InputError(f"{path}: holds no result of eval_accuracy/run.py; evaluate first (see --help)")
    return result.checkpoints, result.data


if __name__ == "__main__":
    sys.exit(run_command(main))
