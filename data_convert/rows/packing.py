"""Placing several records in one row, so that fewer rows are padded and trained on.

An example with rows of 8 tokens:

>>> places = pack([5, 4, 3, 2, 8, 1], width=8)
>>> list(zip(places.row.tolist(), places.column.tolist()))
[(0, 0), (1, 0), (0, 5), (1, 4), (2, 0), (1, 6)]

The longest come first: 8 has a row to itself, 5 leaves 3 columns of another, 4 finds no room there and begins one more;
3 fits behind 5 exactly, which is better than behind 4 with its 4; 2 and 1 go behind 4. Rows are then numbered as their
longest records stand in the list. Which spaces there are is one number, `occupied`: with rows of 3 and 4 free columns
it is 0b11000. For a record of 3, `occupied >> 3` is 0b11; its lowest set bit, found by `x & -x`, is bit 0: the best row
has 3 + 0 columns left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Places:
    """Where each record of a block goes.

    Attributes:
        row: int64, the row of each record.
        column: int64, the first column of each record in its row.
        rows: how many rows there are.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    rows: int


def one_a_row(count: int) -> Places:
    """Place each record at the start of a row of its own."""
    return Places(np.arange(count), np.zeros(count, dtype=np.int64), count)


def pack(lengths: Sequence[int], width: int) -> Places:
    """Place records in few rows: best fit, the longest first.

    Each record goes to the row with the least space that still holds it; a new row is begun where none does. That
    needs at the most 11/9 of the fewest possible rows and a few more (Johnson, Demers, Ullman, Garey, Graham:
    "Worst-case performance bounds for simple one-dimensional packing algorithms", 1974); with many short records
    hardly a place stays free.

    The order of the records, which a seed has shuffled, is kept as far as there is one: within a row they stand in it,
    and rows follow each other as the longest records of each do, so that rows of few and of many records are mixed.

    Args:
        lengths: tokens of each record, each of them 1 to `width`.
        width: tokens of a row.
    """
    sizes = np.array(lengths, dtype=np.int64)
    longest_first = np.argsort(-sizes, kind="stable")
    found = _best_fit(sizes[longest_first].tolist(), width)
    row = np.empty(len(sizes), dtype=np.int64)
    row[longest_first] = found
    # Rows are numbered as they were begun, each by its longest record.
    _, begun = np.unique(found, return_index=True)
    number = np.empty(len(begun), dtype=np.int64)
    number[np.argsort(longest_first[begun])] = np.arange(len(begun))
    row = number[row]
    by_row = np.argsort(row, kind="stable")
    before = np.cumsum(sizes[by_row]) - sizes[by_row]
    column = np.empty(len(sizes), dtype=np.int64)
    column[by_row] = before - before[np.searchsorted(row[by_row], row[by_row])]
    return Places(row, column, len(begun))


def _best_fit(lengths: Sequence[int], width: int) -> list[int]:
    """Return the row of each record, in one pass."""
    with_space: list[list[int]] = [[] for _ in range(width + 1)]
    occupied = 0  # bit n is set where some row has just n columns left
    row_of = []
    rows = 0
    for length in lengths:
        large_enough = occupied >> length
        if large_enough:
            space = length + (large_enough & -large_enough).bit_length() - 1
            row = with_space[space].pop()
            if not with_space[space]:
                occupied ^= 1 << space
        else:
            space, row = width, rows
            rows += 1
        row_of.append(row)
        left = space - length
        if left:
            with_space[left].append(row)
            occupied |= 1 << left
    return row_of
