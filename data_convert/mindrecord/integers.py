r"""MindRecord's stored form of int32 arrays: each number in as few bytes (1, 2 or 4) as it needs.

An array of n numbers is stored as n (4 bytes, big-endian), n codes of two bits, first number in the highest bits of
the first byte (0: one byte, 1: two, 2: four), and the numbers themselves, little-endian. A row of several columns
stands as, for each, the length of its stored array (8 bytes, big-endian) and the array; a single column needs no
length. In a file, the row's own length (8 bytes, little-endian) stands before it.

An example: 5 and -1 take a byte (code 0), 300 takes two (code 1), 70000 four (code 2). The codes 00 00 01 10 are the
byte 06, and the row has 4 + 1 + 8 = 13 bytes (0d):

>>> row = np.array([[5, -1, 300, 70000]], np.int32)
>>> stored, sizes = next(pack([row]))
>>> stored.tobytes().hex(" ")  # length of the row | number of entries | codes | 5 | -1 | 300 | 70000
'0d 00 00 00 00 00 00 00 00 00 00 04 06 05 ff 2c 01 70 11 01 00'
>>> unpack(stored.tobytes()[LENGTH:], columns=1)[0].tolist()
[5, -1, 300, 70000]

`pack` writes each row at full width, 4 bytes a number and beside it a mask of those that count (5: 05 00 00 00 and
1 0 0 0), and then takes the bytes that count of all rows at once. `unpack` puts the bytes back into 4 a number; the
stored ff of -1 comes out as ff 00 00 00, and shifting it up and down by 24 bits makes it ff ff ff ff again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

LENGTH = 8  # bytes of a length
COUNT = 4  # bytes of an array's number of entries
_SHIFTS = np.array([6, 4, 2, 0], np.uint8)
# Bytes of four numbers, for each value of the byte that holds their codes.
_BYTES_OF_FOUR = (1 << (np.arange(256)[:, None] >> _SHIFTS & 3)).sum(axis=1).astype(np.uint8)
# Which of a number's four bytes are stored, for each code: a byte of 1 for each that is.
_STORED = np.array([0x00000001, 0x00000101, 0x01010101], "<u4")
# Bits of an int32 that are not stored, for each code.
_UNUSED_BITS = np.array([24, 16, 0], np.int32)
# Moves four codes, each in a byte of its own, into the highest byte, two bits each, the first one on top.
_GATHER = np.uint32(1 << 30 | 1 << 20 | 1 << 10 | 1)
# A block's temporary arrays should stay in the processor's cache.
_CHUNK_BYTES = 1 << 19


def pack(columns: Sequence[NDArray[np.int32]]) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64]]]:
    """Yield rows as they stand in a file, a few hundred at a time.

    Args:
        columns: int32 arrays (rows, width), one a column, in the order of storage; widths may differ.

    Yields:
        The bytes of some rows, one after another, and the number of bytes of each (rows,).
    """
    row_bytes = LENGTH + sum(LENGTH + COUNT + 5 * column.shape[1] for column in columns)
    step = max(1, _CHUNK_BYTES // row_bytes)
    for at in range(0, len(columns[0]), step):
        yield _pack([column[at : at + step] for column in columns])


def _pack(columns: Sequence[NDArray[np.int32]]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Lay every row out at full width, then drop the bytes that are not stored, of all rows at once."""
    rows = len(columns[0])
    before_array = LENGTH if len(columns) > 1 else 0
    layout = [(column.shape[1], -(-column.shape[1] // 4)) for column in columns]
    full = LENGTH + sum(before_array + COUNT + code_bytes + 4 * width for width, code_bytes in layout)
    cells = np.empty((rows, full), np.uint8)
    stored = np.ones((rows, full), np.uint8)
    total = np.zeros(rows, np.int64)
    at = LENGTH
    for column, (width, code_bytes) in zip(columns, layout, strict=True):
        codes = np.zeros((rows, 4 * code_bytes), np.uint8)
        codes[:, :width] = _codes(column)
        packed_codes = ((codes.view("<u4") * _GATHER) >> np.uint32(24)).astype(np.uint8)
        # The table counts one byte for each code of 0 that only fills up the last byte.
        values = _BYTES_OF_FOUR.take(packed_codes).sum(axis=1, dtype=np.int64) - (4 * code_bytes - width)
        length = COUNT + code_bytes + values
        if before_array:
            cells[:, at : at + LENGTH] = _bytes(length, ">u8")
            at += LENGTH
        cells[:, at : at + COUNT] = np.frombuffer(width.to_bytes(COUNT, "big"), np.uint8)
        at += COUNT
        cells[:, at : at + code_bytes] = packed_codes
        at += code_bytes
        cells[:, at : at + 4 * width] = _bytes(column, "<i4")
        stored[:, at : at + 4 * width] = _bytes(_STORED.take(codes[:, :width]), "<u4")
        at += 4 * width
        total += before_array + length
    cells[:, :LENGTH] = _bytes(total, "<u8")
    return cells.reshape(-1).take(np.flatnonzero(stored.view(np.bool_))), total + LENGTH


def _codes(numbers: NDArray[np.int32]) -> NDArray[np.uint8]:
    # Shifted by half the range, a number that fits becomes small, and every other one, as an unsigned number, large.
    codes = ((numbers + np.int32(1 << 7)).view(np.uint32) >= 1 << 8).view(np.uint8)
    codes += ((numbers + np.int32(1 << 15)).view(np.uint32) >= 1 << 16).view(np.uint8)
    return codes


def _bytes(numbers: NDArray[np.generic], dtype: str) -> NDArray[np.uint8]:
    """Return the bytes of each row's numbers, (rows, bytes a row)."""
    plain = np.ascontiguousarray(numbers, dtype)
    return plain.view(np.uint8).reshape(len(plain), -1)


def unpack(row: bytes, columns: int) -> list[NDArray[np.int32]]:
    """Return the arrays of a stored row (without the length before it), in the order of storage.

    Raises:
        ValueError: the bytes are no such row; the message says why.
    """
    if columns == 1:
        return [_unpack(row)]
    arrays = []
    at = 0
    for _ in range(columns):
        length = int.from_bytes(row[at : at + LENGTH], "big")
        at += LENGTH
        if at + length > len(row):
            raise ValueError("a column reaches beyond the end of its row")
        arrays.append(_unpack(row[at : at + length]))
        at += length
    if at != len(row):
        raise ValueError("the row is longer than its columns")
    return arrays


def _unpack(array: bytes) -> NDArray[np.int32]:
    count = int.from_bytes(array[:COUNT], "big")
    start = COUNT + -(-count // 4)
    if start + count > len(array):
        raise ValueError("an array is shorter than its number of entries")
    packed_codes = np.frombuffer(array, np.uint8, start - COUNT, COUNT)
    codes = (packed_codes[:, None] >> _SHIFTS & 3).reshape(-1)[:count]
    if codes.max(initial=0) == 3:
        raise ValueError("a number of 8 bytes, which int32 has not")
    stored = _STORED.take(codes).view(np.bool_)
    if np.count_nonzero(stored) != len(array) - start:
        raise ValueError("an array's length does not agree with its codes")
    cells = np.zeros(4 * count, np.uint8)
    cells[stored] = np.frombuffer(array, np.uint8, len(array) - start, start)
    # Shifting up and down again repeats the sign of a number of one or two bytes.
    unused = _UNUSED_BITS.take(codes)
    numbers: NDArray[np.int32] = cells.view("<i4") << unused >> unused
    return numbers
