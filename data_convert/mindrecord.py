"""Writing token rows as MindRecord, the format MindFormers trains from."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from core.errors import InputError

_ROWS_A_CALL = 2000  # FileWriter is slow when rows are handed over one by one


def write_mindrecord(path: Path, rows: Iterable[tuple[list[int], list[int]]]) -> int:
    """Write rows to `path` (and its index, `path`.db) so that both are there whole or not at all.

    Args:
        path: the file to make, alone in its folder: the folder is what is moved into place.
        rows: (input_ids, labels), lists of equally many int32 numbers.

    Returns:
        The number of rows.

    Raises:
        InputError: there is no row, or MindSpore is not installed.
    """
    try:
        import numpy as np
        from mindspore.mindrecord import FileWriter
    except ImportError as error:
        raise InputError("MindSpore is not installed here: run `bash finetune/setup.sh` first") from error

    partial = path.parent.with_name(f".{path.parent.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    writer = FileWriter(str(partial / path.name), shard_num=1)
    column = {"type": "int32", "shape": [-1]}
    writer.add_schema({"input_ids": column, "labels": column}, "prompt and answer tokens")
    count = 0
    for batch in _batches(rows):
        writer.write_raw_data(
            [
                {"input_ids": np.asarray(ids, dtype=np.int32), "labels": np.asarray(labels, dtype=np.int32)}
                for ids, labels in batch
            ]
        )
        count += len(batch)
    if not count:
        shutil.rmtree(partial)
        raise InputError("no record is left to train on: see the audit for what became of them")
    writer.commit()
    shutil.rmtree(path.parent, ignore_errors=True)
    partial.rename(path.parent)
    return count


def _batches(rows: Iterable[tuple[list[int], list[int]]]) -> Iterator[list[tuple[list[int], list[int]]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _ROWS_A_CALL)):
        yield batch
