"""Rows of MindRecord files to look at: which files, with which tokenizer, and each row taken apart."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, get_args

from core.config import run_tokenizer
from core.errors import InputError
from core.files import read_json, read_jsonl
from core.packed import SEGMENTS, columns
from core.run_folder import RunFolder, find_run
from core.text.tokenizers import Tokenizer, TokenizerKind, load_tokenizer
from data_convert.mindrecord import MindRecordReader
from data_convert.rows.row_text import IGNORED, Row, understand

# What the end of a text is called in the vocabularies of known models.
_EOS_NAMES = ("</s>", "<|end_of_text|>", "<|endoftext|>", "<|im_end|>", "<eos>")


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer and what is known of its ids; pad_id and eos_id are None where they are not."""

    tokenizer: Tokenizer
    pad_id: int | None
    eos_id: int | None


def open_shards(place: Path, stack: ExitStack) -> list[tuple[Path, MindRecordReader]]:
    """Open a file, or all shards of a folder, in the order of their names."""
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


def vocabulary_of(place: Path, run: str | None, tokenizer: str | None) -> Vocabulary | None:
    """Return the tokenizer that was asked for, or that of the run that the file lies in; None where there is none."""
    if tokenizer:
        return _given_tokenizer(tokenizer)
    folder = find_run(run) if run else _run_of(place)
    if folder is None:
        return None
    found = run_tokenizer(folder.config())
    return Vocabulary(found, found.pad_id, found.eos_id)


def _given_tokenizer(text: str) -> Vocabulary:
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
    place = Path(os.path.realpath(place))
    return next((RunFolder(path) for path in (place, *place.parents) if (path / "run.yaml").is_file()), None)


def rows_of(
    shards: Sequence[tuple[Path, MindRecordReader]], wanted: range, vocabulary: Vocabulary | None
) -> Iterator[tuple[int, Path, Row]]:
    """Yield (number, file, row); rows are numbered on from shard to shard."""
    before = 0
    for path, reader in shards:
        for number in range(max(wanted.start, before), min(wanted.stop, before + len(reader))):
            row = {name: column for name, column in reader[number - before].items() if name in columns(True)}
            ids, labels = row["input_ids"].tolist(), row["labels"].tolist()
            if len({len(column) for column in row.values()}) > 1:
                found = ", ".join(f"{len(column)} {name}" for name, column in row.items())
                raise InputError(f"{path}: row {number} has columns of different lengths: {found}")
            if vocabulary:
                size = vocabulary.tokenizer.vocab_size
                foreign = [token for token in (*ids, *labels) if token != IGNORED and not 0 <= token < size]
                if foreign:
                    raise InputError(
                        f"{path}: row {number} has id {foreign[0]}, the tokenizer {size} pieces: it is not the one"
                        " that made this file; give that one with --tokenizer KIND:FILE"
                    )
            pad_id, eos_id = (vocabulary.pad_id, vocabulary.eos_id) if vocabulary else (None, None)
            segments = row[SEGMENTS].tolist() if SEGMENTS in row else None
            yield number, path, understand(ids, labels, pad_id, eos_id, segments)
        before += len(reader)


def sources_of(place: Path, wanted: range) -> dict[int, str]:
    """Return file and line of the records in rows of a run, by the rows' numbers; nothing where that is not known.

    The records stand in train.jsonl in the order of the rows; in a packed row there are several, of which none is told.
    """
    run = _run_of(place)
    if run is None or not place.is_dir() or not run.audit.is_file() or read_json(run.audit).get("packing"):
        return {}
    rows = islice(read_jsonl(run.data / "train.jsonl"), wanted.start, wanted.stop)
    return {number: str(row.get("source", "")) for number, (_, row) in zip(wanted, rows, strict=False)}


def row_json(
    number: int, path: Path, row: Row, vocabulary: Vocabulary | None, source: str | None = None
) -> dict[str, Any]:
    """Return a row as `show.py --json` prints it; texts and pieces are None without a vocabulary."""
    tokenizer = vocabulary.tokenizer if vocabulary else None
    return {
        "row": number,
        "file": str(path),
        **({"source": source} if source else {}),
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
