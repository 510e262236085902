"""Practice corpora as files: JSON Lines, JSON arrays, SQuAD documents; written as they are made, whole or absent."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

from core.files import replacing
from core.text.records import Record

# Texts written together: a call for each would cost more than the writing.
_BATCH = 1_000
# Kept, because json.dumps makes a new one for each value where it is told to leave Chinese as it is.
_PLAIN = json.JSONEncoder(ensure_ascii=False).encode
_INDENTED = json.JSONEncoder(ensure_ascii=False, indent=1).encode


def math_row(record: Record) -> dict[str, Any]:
    """Return a math record as the stage-1 corpus has it."""
    return {"problem": record.question, "solution": record.answer}


def choice_row(record: Record) -> dict[str, Any]:
    """Return a choice record as the stage-2 corpus has it."""
    return {"instruction": record.meta["instruction"], "input": record.question, "output": record.answer}


def write_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line."""
    _write(path, (_PLAIN(row) + "\n" for row in rows))


def write_array(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write a JSON array as the stage-2 corpus is written: indented by one."""
    texts = (_INDENTED([row])[2:-2] for row in rows)
    _write(path, chain(_separated("[\n", texts, ",\n"), ["\n]"]))


def write_squad(path: Path, articles: Iterable[dict[str, Any]], version: str) -> None:
    """Write a SQuAD document."""
    _write(path, chain(_separated('{"data": [', map(_PLAIN, articles), ", "), [f'], "version": "{version}"}}\n']))


def _separated(start: str, texts: Iterable[str], separator: str) -> Iterable[str]:
    before = start
    for text in texts:
        yield before + text
        before = separator


def _write(path: Path, texts: Iterable[str]) -> None:
    parts = iter(texts)
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as stream:
        while batch := list(islice(parts, _BATCH)):
            stream.write("".join(batch))
