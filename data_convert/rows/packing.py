"""Placing several records in one row, so that fewer rows are padded and trained on.

An example with rows of 8 tokens:

>>> places = pack([5, 4, 3, 2, 8, 1], width=8)
>>> list(zip(places.row.tolist(), places.column.tolist()))
[(0, 0), (1, 0), (0, 5), (1, 4), (2, 0), (1, 6)]

5 begins row 0 and leaves 3 columns, 4 finds no room there and begins row 1; 3 fits row 0 exactly, which is better than
row 1 with its 4; 2 and 1 go to row 1, 8 has row 2 to itself. Which spaces there are is one number, `occupied`: with
rows of 3 and 4 free columns it is 0b11000. For a record of 3, `occupied >> 3` is 0b11; its lowest set bit, found by
`x & -x`, is bit 0: the best row has 3 + 0 columns left.
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
    """Place records in as few rows as best fit finds, in one pass and in their order.

    Each record goes to the row with the least space that still holds it; a new row is begun where none does. That
    needs at the most 1.7 times the fewest possible rows plus one (Johnson, Demers, Ullman, Garey, Graham:
    "Worst-case performance bounds for simple one-dimensional packing algorithms", 1974); short records do far better.

    Args:
        lengths: tokens of each record, each of them 1 to `width`.
        width: tokens of a row.
    """
    with_space: list[list[int]] = [[] for _ in range(width + 1)]
    occupied = 0  # bit n is set where some row has just n columns left
    row_of, column_of = [], []
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
        column_of.append(width - space)
        left = space - length
        if left:
            with_space[left].append(row)
            occupied |= 1 << left
    return Places(np.array(row_of, dtype=np.int64), np.array(column_of, dtype=np.int64), rows)
