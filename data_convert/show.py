"""Command: show rows of MindRecord files: what a model reads, and what of it it learns."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from core.errors import InputError, run_command

if TYPE_CHECKING:
    from core.run_folder import RunFolder
    from core.text.tokenizers import Tokenizer
    from data_convert.mindrecord import MindRecordReader
    from data_convert.rows.row_text import Row

_EXAMPLE = """example:
  python data_convert/show.py logs/latest --rows 0-4
  python data_convert/show.py train.mindrecord --rows 7 --tokenizer sentencepiece:tokenizer.model
"""
# What the end of a text is called in the vocabularies of known models.
_EOS_NAMES = ("</s>", "<|end_of_text|>", "<|endoftext|>", "<|im_end|>", "<eos>")
_WIDTH_OF_A_FILE = 120


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer and what is known of its ids; pad_id and eos_id are None where they are not."""

    tokenizer: Tokenizer
    pad_id: int | None
    eos_id: int | None


def main(argv: Sequence[str]) -> int:
    """Print the rows or the JSON."""
    parser = argparse.ArgumentParser(
        prog="data_convert/show.py",
        description="Show training rows: tokens that are only read (masked), tokens that are learned, padding.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="a MindRecord file, a folder of its shards, or a run folder")
    parser.add_argument("--rows", default="0-4", help="a row, or the first and last one, from 0 (default: %(default)s)")
    parser.add_argument("--run", help="take the tokenizer of this run folder (default: the file's own run)")
    parser.add_argument("--tokenizer", metavar="KIND:FILE", help="a tokenizer: sentencepiece, tiktoken or hf")
    parser.add_argument("--color", action=argparse.BooleanOptionalAction, help="colour (default: on a terminal)")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    arguments = parser.parse_args(argv)
    from data_convert.rows.row_text import RowPrinter

    first, last = _range(arguments.rows)
    vocabulary = _vocabulary(arguments.file, arguments.run, arguments.tokenizer)
    with ExitStack() as stack:
        shards = _open(arguments.file, stack)
        total = sum(len(reader) for _, reader in shards)
        if first >= total:
            raise InputError(f"{arguments.file}: there is no row {first}; it has {total} rows, from 0 to {total - 1}")
        rows = _rows(shards, range(first, min(last + 1, total)), vocabulary)
        if arguments.json:
            shown = [_as_json(number, path, row, vocabulary) for number, path, row in rows]
            print(json.dumps({"rows": total, "shown": shown}, ensure_ascii=False))
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
            print(f"row {number} of {total} ({path.name}): {counts}")
            for line in printer.lines(row):
                print(line)
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


def _open(place: Path, stack: ExitStack) -> list[tuple[Path, MindRecordReader]]:
    """Open a file, or all shards of a folder, in the order of their names."""
    from data_convert.mindrecord import MindRecordReader

    files = [place]
    if place.is_dir():
        folder = place / "data" / "mindrecord" if (place / "run.yaml").is_file() else place
        files = sorted(folder.glob("*.mindrecord"))
        if not files:
            raise InputError(f"{folder}: no .mindrecord file in it; convert first, or give the file")
    shards = [(file, stack.enter_context(MindRecordReader(file))) for file in files]
    for file, reader in shards:
        if not {"input_ids", "labels"} <= set(reader.columns):
            raise InputError(f"{file}: it has the columns {', '.join(reader.columns)}, not input_ids and labels")
    return shards


def _vocabulary(place: Path, run: str | None, tokenizer: str | None) -> Vocabulary | None:
    """Return the tokenizer that was asked for, or that of the run that the file lies in; None where there is none."""
    from core.config import model_tokenizer
    from core.run_folder import find_run

    if tokenizer:
        return _given_tokenizer(tokenizer)
    folder = find_run(run) if run else _run_of(place)
    if folder is None:
        return None
    found = model_tokenizer(folder.config().model)
    return Vocabulary(found, found.pad_id, found.eos_id)


def _given_tokenizer(text: str) -> Vocabulary:
    from core.text.tokenizers import TokenizerKind, load_tokenizer

    kinds = get_args(TokenizerKind)
    kind, _, file = text.partition(":")
    if kind not in kinds or not file:
        raise InputError(f"--tokenizer {text}: give KIND:FILE, KIND being one of {', '.join(kinds)}")
    found = load_tokenizer(kinds[kinds.index(kind)], Path(file), 0, 0, 0)
    eos = next((number for name in _EOS_NAMES if (number := found.piece_id(name)) is not None), None)
    # The file does not say which ids the model uses as BOS and padding: no other id is to be dropped from texts.
    found.bos_id = found.eos_id = found.pad_id = -1 if eos is None else eos
    return Vocabulary(found, None, eos)


def _run_of(place: Path) -> RunFolder | None:
    from core.run_folder import RunFolder

    place = Path(os.path.realpath(place))
    return next((RunFolder(path) for path in (place, *place.parents) if (path / "run.yaml").is_file()), None)


def _rows(
    shards: Sequence[tuple[Path, MindRecordReader]], wanted: range, vocabulary: Vocabulary | None
) -> Iterator[tuple[int, Path, Row]]:
    """Yield (number, file, row); rows are numbered on from shard to shard."""
    from data_convert.rows.row_text import IGNORED, understand

    before = 0
    for path, reader in shards:
        for number in range(max(wanted.start, before), min(wanted.stop, before + len(reader))):
            row = reader[number - before]
            ids, labels = row["input_ids"].tolist(), row["labels"].tolist()
            if len(ids) != len(labels):
                raise InputError(f"{path}: row {number} has {len(ids)} input_ids and {len(labels)} labels")
            if vocabulary:
                size = vocabulary.tokenizer.vocab_size
                foreign = [token for token in (*ids, *labels) if token != IGNORED and not 0 <= token < size]
                if foreign:
                    raise InputError(
                        f"{path}: row {number} has id {foreign[0]}, the tokenizer {size} pieces: it is not the one"
                        " that made this file; give that one with --tokenizer KIND:FILE"
                    )
            pad_id, eos_id = (vocabulary.pad_id, vocabulary.eos_id) if vocabulary else (None, None)
            yield number, path, understand(ids, labels, pad_id, eos_id)
        before += len(reader)


def _as_json(number: int, path: Path, row: Row, vocabulary: Vocabulary | None) -> dict[str, Any]:
    tokenizer = vocabulary.tokenizer if vocabulary else None
    return {
        "row": number,
        "file": str(path),
        "padding": row.padding,
        "learned": row.learned,
        "records": [
            {"start": start, "end": end, "text": tokenizer.decode(row.learned_ids((start, end))) if tokenizer else None}
            for start, end in row.records
        ],
        "input_ids": row.ids,
        "labels": row.labels,
        "pieces": [tokenizer.piece(token) for token in row.ids] if tokenizer else None,
    }


if __name__ == "__main__":
    sys.exit(run_command(main))
