"""Command: show rows of MindRecord files: what a model reads, and what of it it learns."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.errors import InputError, run_command
from core.terminal import show, show_colored, show_json

_EXAMPLE = """example:
  python data_convert/show.py logs/latest --rows 0-4
  python data_convert/show.py train.mindrecord --rows 7 --tokenizer sentencepiece:tokenizer.model
"""
_WIDTH_OF_A_FILE = 120


def main(argv: Sequence[str]) -> int:
    """Print the rows or the JSON."""
    parser = command_parser(
        "data_convert/show.py",
        "Show training rows: tokens that are only read (masked), tokens that are learned, padding.",
        _EXAMPLE,
        json="the result",
    )
    parser.add_argument("file", type=Path, help="a MindRecord file, a folder of its shards, or a run folder")
    parser.add_argument("--rows", default="0-4", help="a row, or the first and last one, from 0 (default: %(default)s)")
    parser.add_argument("--run", help="take the tokenizer of this run folder (default: the file's own run)")
    parser.add_argument("--tokenizer", metavar="KIND:FILE", help="a tokenizer: sentencepiece, tiktoken or hf")
    parser.add_argument("--color", action=argparse.BooleanOptionalAction, help="colour (default: on a terminal)")
    arguments = parser.parse_args(argv)
    from data_convert.rows.row_text import RowPrinter
    from data_convert.rows.shown_rows import open_shards, row_json, rows_of, sources_of, vocabulary_of

    first, last = _range(arguments.rows)
    vocabulary = vocabulary_of(arguments.file, arguments.run, arguments.tokenizer)
    with ExitStack() as stack:
        shards = open_shards(arguments.file, stack)
        total = sum(len(reader) for _, reader in shards)
        if first >= total:
            raise InputError(f"{arguments.file}: there is no row {first}; it has {total} rows, from 0 to {total - 1}")
        wanted = range(first, min(last + 1, total))
        rows, sources = rows_of(shards, wanted, vocabulary), sources_of(arguments.file, wanted)
        if arguments.json:
            shown = [row_json(number, path, row, vocabulary, sources.get(number)) for number, path, row in rows]
            show_json({"rows": total, "shown": shown})
            return 0
        tokenizer = vocabulary.tokenizer if vocabulary else None
        printer = RowPrinter(
            tokenizer.piece if tokenizer else None,
            tokenizer.decode if tokenizer else None,
            _colored(arguments.color),
            shutil.get_terminal_size().columns if sys.stdout.isatty() else _WIDTH_OF_A_FILE,
        )
        for number, path, row in rows:
            counts = f"{len(row.ids)} tokens, {row.padding} of them padding, {row.learned} learned"
            source = f"; from {sources[number]}" if sources.get(number) else ""
            show(f"row {number} of {total} ({path.name}): {counts}{source}")
            for line in printer.lines(row):
                show_colored(line)
    return 0


def _range(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,12})(?:-([0-9]{1,12}))?", text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if first > last:
        raise InputError(f"--rows {text}: give a row as 7, or the first and the last one as 0-4")
    return first, last


def _colored(asked: bool | None) -> bool:
    if asked is not None:
        return asked
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


if __name__ == "__main__":
    sys.exit(run_command(main))
