"""How fast MindRecord files are written: the kit's writer, and FileWriter in large calls and row by row.

All three write the same rows, and the files have to be the same bytes. Making the rows is not measured; moving the
file into place, its index and, for the kit, waiting for the disk are.

    python benchmarks/mindrecord.py --rows 20000 --tokens 62
"""

from __future__ import annotations

import argparse
import filecmp
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
from numpy.typing import NDArray

from core.errors import run_command
from data_convert.mindrecord import MindRecordReader, MindRecordWriter

Block = dict[str, NDArray[np.int32]]
BLOCK = 2000  # rows handed over at once
DESCRIPTION = "prompt and answer tokens"


def made_rows(count: int, width: int, tokens: int, vocabulary: int) -> list[Block]:
    """Return blocks of rows: random tokens of which the last third is learned, then padding."""
    rng = np.random.default_rng(0)
    blocks = []
    for at in range(0, count, BLOCK):
        shape = (min(BLOCK, count - at), width)
        ids, labels = np.full(shape, 2, np.int32), np.full(shape, -100, np.int32)
        ids[:, :tokens] = rng.integers(3, vocabulary, (shape[0], tokens))
        learned = slice(tokens - tokens // 3, tokens)
        labels[:, learned] = ids[:, learned]
        blocks.append({"input_ids": ids, "labels": labels})
    return blocks


def write_by_kit(path: Path, blocks: Sequence[Block]) -> None:
    """Write with the kit's own writer."""
    with MindRecordWriter(path, blocks[0], DESCRIPTION) as writer:
        for block in blocks:
            writer.write(block)


def write_by_mindspore(path: Path, calls: Sequence[list[Block]]) -> None:
    """Write with MindSpore's FileWriter."""
    from mindspore.mindrecord import FileWriter

    writer = FileWriter(str(path), shard_num=1, overwrite=True)
    writer.add_schema({name: {"type": "int32", "shape": [-1]} for name in calls[0][0]}, DESCRIPTION)
    for rows in calls:
        writer.write_raw_data(rows)
    writer.commit()


def main(argv: Sequence[str]) -> int:
    """Write the rows in the three ways and print the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000, help="number of rows (default: %(default)s)")
    parser.add_argument("--width", type=int, default=257, help="numbers of a column's row (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=62, help="of these, not padding (default: %(default)s)")
    parser.add_argument("--vocabulary", type=int, default=103_168, help="ids below this (default: %(default)s)")
    arguments = parser.parse_args(argv)
    blocks = made_rows(arguments.rows, arguments.width, arguments.tokens, arguments.vocabulary)
    calls = [
        [{name: array[row] for name, array in block.items()} for row in range(len(block["labels"]))] for block in blocks
    ]
    # The first FileWriter of a process pays for the import of MindSpore.
    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / name / "train.mindrecord" for name in ("warm", "kit", "calls", "rows")}
        for path in paths.values():
            path.parent.mkdir()
        write_by_mindspore(paths["warm"], calls[:1])
        for name, work in (
            ("rows", lambda: write_by_mindspore(paths["rows"], [[row] for rows in calls for row in rows])),
            ("calls", lambda: write_by_mindspore(paths["calls"], calls)),
            ("kit", lambda: write_by_kit(paths["kit"], blocks)),
        ):
            started = time.perf_counter()
            work()
            rates[name] = arguments.rows / (time.perf_counter() - started)
        same = all(filecmp.cmp(paths["kit"], paths[name], shallow=False) for name in ("calls", "rows"))
        with MindRecordReader(paths["kit"]) as reader:
            started = time.perf_counter()
            read = sum(1 for _ in reader) / (time.perf_counter() - started)
    print(f"{arguments.rows} rows of 2 x {arguments.width} int32, {arguments.tokens} of them tokens, one process")
    print(f"{'FileWriter, row by row':28} {rates['rows']:10,.0f} rows/s")
    print(f"{f'FileWriter, {BLOCK} rows a call':28} {rates['calls']:10,.0f} rows/s")
    print(
        f"{'the kit':28} {rates['kit']:10,.0f} rows/s  {rates['kit'] / rates['calls']:.1f} and "
        f"{rates['kit'] / rates['rows']:.1f} times as fast, {'identical files' if same else 'FILES DIFFER'}"
    )
    print(f"{'reading by the kit':28} {read:10,.0f} rows/s")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(run_command(main))
