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

Where all records are long, best fit leaves as much as the shortest of them in a row, and rows are filled one by one:

>>> pack([7, 7, 6, 6, 5, 5], width=18).rows, len(set(_best_fit([7, 7, 6, 6, 5, 5], width=18)))
(2, 3)

Best fit puts 7 and 7 together, with 4 columns that nothing fits. Filled, the row that 7 begins has 11 left. All sums of
the other lengths are again one number, `sums`, in which bit n says that n columns can be filled: with 7 it is
0b10000001, with 6 it gains bit 6 (0 + 6), with 5 the bits 5 and 11 (6 + 5). So 7, 6 and 5 fill it.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Best fit that leaves no more than this share of the columns free is good enough; filling rows one by one takes longer.
_FREE = 0.01


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
    """Place records in few rows: best fit with the longest first, or row by row where that needs fewer.

    The first needs at the most 11/9 of the fewest possible rows and a part of one (Johnson, Demers, Ullman, Garey,
    Graham: "Worst-case performance bounds for simple one-dimensional packing algorithms", 1974).

    The order of the records, which a seed has shuffled, is kept as far as there is one: within a row they stand in it,
    and rows follow each other as the longest records of each do, so that rows of few and of many records are mixed.

    Args:
        lengths: tokens of each record, each of them 1 to `width`.
        width: tokens of a row.
    """
    sizes = np.array(lengths, dtype=np.int64)
    longest_first = np.argsort(-sizes, kind="stable")
    ordered = sizes[longest_first].tolist()
    found = _best_fit(ordered, width)
    rows = max(found, default=-1) + 1
    if sum(ordered) < (1 - _FREE) * rows * width:
        filled = _row_by_row(ordered, width)
        found = min(found, filled, key=lambda rows: max(rows, default=-1))
    row = np.empty(len(sizes), dtype=np.int64)
    row[longest_first] = found
    # Rows are numbered by their longest records, which come first here.
    _, longest = np.unique(np.array(found, dtype=np.int64), return_index=True)
    number = np.empty(len(longest), dtype=np.int64)
    number[np.argsort(longest_first[longest])] = np.arange(len(longest))
    row = number[row]
    by_row = np.argsort(row, kind="stable")
    before = np.cumsum(sizes[by_row]) - sizes[by_row]
    column = np.empty(len(sizes), dtype=np.int64)
    column[by_row] = before - before[np.searchsorted(row[by_row], row[by_row])]
    return Places(row, column, len(longest))


def _best_fit(lengths: Sequence[int], width: int) -> list[int]:
    """Return the row of each record: the one with the least space that still holds it, else a new one."""
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


def _row_by_row(lengths: Sequence[int], width: int) -> list[int]:
    """Return the row of each record: each row takes the longest that is left, and what best fills it up."""
    numbers: dict[int, deque[int]] = {}
    for number, length in enumerate(lengths):
        numbers.setdefault(length, deque()).append(number)
    row_of = [0] * len(lengths)
    for row, filling in enumerate(_fillings(Counter(lengths), width)):
        for length in filling.elements():
            row_of[numbers[length].popleft()] = row
    return row_of


def _fillings(left: Counter[int], width: int) -> Iterator[Counter[int]]:
    """Yield the lengths of one row after the other; one that is found is repeated while there are enough of them."""
    while left:
        longest = max(left)
        filling = Counter({longest: 1})
        filling.update(_fill(left - filling, width - longest))
        for _ in range(min(left[length] // count for length, count in filling.items())):
            yield filling
            left -= filling


def _fill(left: Counter[int], room: int) -> Counter[int]:
    """Return lengths of those left that fill as much of the room as can be, longer ones if there is a choice."""
    sums = 1  # bit n is set where n columns can be filled with the lengths so far
    within = (2 << room) - 1
    taken: list[tuple[int, int, int]] = []  # the sums before a number of records of a length, that length, that number
    for length in sorted(left, reverse=True):
        count, part = min(left[length], room // length), 1
        while count and not sums >> room & 1:
            # 1, 2, 4, … records at once: every number of them is a sum of these.
            part = min(part, count)
            taken.append((sums, length, part))
            sums |= sums << length * part & within
            count, part = count - part, 2 * part
    filled = sums.bit_length() - 1
    filling: Counter[int] = Counter()
    for before, length, count in reversed(taken):
        if not before >> filled & 1:
            filling[length] += count
            filled -= length * count
    return filling
