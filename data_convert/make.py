"""Command: make a practice corpus in a contest's format, at the size of the original or any other."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.errors import InputError, run_command
from core.progress import Progress, track
from core.terminal import show, show_json
from core.text.records import Record

_EXAMPLE = """examples:
  python data_convert/make.py --corpus math --records 10000 --out train.json
  python data_convert/make.py --corpus choice --language zh --unique --out choice.json
  python data_convert/make.py --corpus choice --format mmlu --out mmlu
  python data_convert/make.py --corpus squad --format squad2 --language both --out dev-v2.0.json
"""
_FOLDERS = ("mmlu", "cmmlu", "ceval")
_FORMATS = {
    "math": ("contest", "record"),
    "choice": ("contest", "record", *_FOLDERS),
    "squad": ("contest", "record", "squad2"),
}
# Records counted together, so that the progress bar costs no time for each.
_BATCH = 1_000


def main(argv: Sequence[str]) -> int:
    """Parse arguments, make the corpus, say what is in it."""
    arguments = _parser().parse_args(argv)
    _check(arguments)
    started = time.monotonic()
    try:
        made = {"math": _math, "choice": _choice, "squad": _squad}[arguments.corpus](arguments)
    except OSError as error:
        raise InputError(f"{arguments.out}: cannot be written ({error.strerror or error})") from error
    summary = {"path": str(arguments.out), **made, "seconds": round(time.monotonic() - started, 1)}
    if arguments.json:
        show_json(summary)
    else:
        counts = summary.pop("counts", {})
        for name, count in counts.items():
            show(f"  {name:<12}{count:>9,}")
        show(", ".join(f"{name}: {value}" for name, value in summary.items()))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "data_convert/make.py",
        "Make a practice corpus: right answers, the contest's format, size, proportions and repeats.",
        _EXAMPLE,
        json="the summary",
    )
    parser.add_argument("--corpus", choices=tuple(_FORMATS), required=True, help="which corpus")
    parser.add_argument("--out", type=Path, required=True, help="the file; for mmlu, cmmlu, ceval a new folder")
    parser.add_argument(
        "--records",
        type=int,
        metavar="N",
        help="how many records (squad: paragraphs; folders: questions beside the examples); default: as the original",
    )
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same bytes (default 1)")
    parser.add_argument("--language", choices=("zh", "en", "both"), help="default: both; squad: en")
    parser.add_argument(
        "--format",
        default="contest",
        choices=sorted({name for names in _FORMATS.values() for name in names}),
        help="contest: as the original; record: the kit's records; squad2: with questions that have no answer; "
        "mmlu, cmmlu, ceval: folders of CSV files",
    )
    parser.add_argument("--types", help="math: only these types, separated by commas (add,sub,…,english)")
    repeats = parser.add_mutually_exclusive_group()
    repeats.add_argument(
        "--duplicates", dest="unique", action="store_false", default=None, help="repeat as the original does (default)"
    )
    repeats.add_argument("--unique", action="store_true", help="no question twice", default=None)
    return parser


def _check(arguments: argparse.Namespace) -> None:
    formats = _FORMATS[arguments.corpus]
    if arguments.format not in formats:
        raise InputError(f"--format {arguments.format} is none of --corpus {arguments.corpus}: {', '.join(formats)}")
    if arguments.records is not None and arguments.records < 1:
        raise InputError(f"--records {arguments.records}: give 1 or more")
    if arguments.types is not None and arguments.corpus != "math":
        raise InputError("--types goes with --corpus math only")
    if arguments.unique is not None and (arguments.corpus == "squad" or arguments.format in _FOLDERS):
        raise InputError("--unique and --duplicates go with math and choice files only; nothing else has repeats")
    if arguments.language and arguments.format in _FOLDERS:
        raise InputError(f"--format {arguments.format} has a language of its own: leave --language out")


def _math(arguments: argparse.Namespace) -> dict[str, Any]:
    from data_convert.practice.contest_math import TYPES, default_count, records
    from data_convert.practice.corpus_files import math_row, write_lines

    types = [name.strip() for name in arguments.types.split(",")] if arguments.types else TYPES
    if unknown := [name for name in types if name not in TYPES]:
        raise InputError(f"--types {unknown[0]!r} is none of {', '.join(TYPES)}")
    spoken, unique = arguments.language or "both", bool(arguments.unique)
    if spoken == "zh" and set(types) == {"english"}:
        raise InputError("--types english has no problem with --language zh")
    total = arguments.records or default_count(spoken, unique)
    counts: Counter[str] = Counter()
    made = _counted(records(total, arguments.seed, spoken, types, unique), total, "type", counts)
    write_lines(arguments.out, map(vars if arguments.format == "record" else math_row, made))
    return {"records": total, "counts": dict(counts)}


def _choice(arguments: argparse.Namespace) -> dict[str, Any]:
    from data_convert.practice.choice_folders import LAYOUTS, write_folder
    from data_convert.practice.contest_choice import RECORDS, records
    from data_convert.practice.corpus_files import choice_row, write_array, write_lines

    if arguments.format in _FOLDERS:
        total = arguments.records or LAYOUTS[arguments.format].rows
        rows = write_folder(arguments.format, arguments.out, total, arguments.seed)
        return {"records": total, "examples": rows - total}
    total = arguments.records or RECORDS
    counts: Counter[str] = Counter()
    made = records(total, arguments.seed, arguments.language or "both", bool(arguments.unique))
    made = _counted(made, total, "subject", counts)
    if arguments.format == "record":
        write_lines(arguments.out, map(vars, made))
    else:
        write_array(arguments.out, map(choice_row, made))
    return {"records": total, "subjects": len(counts)}


def _squad(arguments: argparse.Namespace) -> dict[str, Any]:
    from data_convert.practice.contest_squad import PARAGRAPHS, article_count, articles, records
    from data_convert.practice.corpus_files import write_lines, write_squad

    total, impossible = arguments.records or PARAGRAPHS, arguments.format == "squad2"
    counts: Counter[str] = Counter()
    made = articles(total, arguments.seed, arguments.language or "en", impossible)
    made = _tallied(made, article_count(total), counts)
    if arguments.format == "record":
        write_lines(arguments.out, (vars(record) for article in made for record in records(article)))
    else:
        write_squad(arguments.out, made, "v2.0" if impossible else "1.1")
    return {"paragraphs": total, "counts": dict(counts)}


def _counted(records: Iterator[Record], total: int, label: str, counts: Counter[str]) -> Iterator[Record]:
    """Pass records on, counting them by what `label` says of them."""
    with Progress("making records", total, "records") as progress:
        while batch := list(islice(records, _BATCH)):
            counts.update(record.meta[label] for record in batch)
            yield from batch
            progress.advance(len(batch))


def _tallied(articles: Iterator[dict[str, Any]], total: int, counts: Counter[str]) -> Iterator[dict[str, Any]]:
    """Pass articles on, counting them and their questions."""
    for article in track(articles, "making passages", total, "articles"):
        rows = [row for paragraph in article["paragraphs"] for row in paragraph["qas"]]
        counts["articles"] += 1
        counts["questions"] += len(rows)
        counts["impossible"] += sum(not row["answers"] for row in rows)
        yield article


if __name__ == "__main__":
    sys.exit(run_command(main))
