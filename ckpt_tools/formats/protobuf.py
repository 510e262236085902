"""The wire format of protobuf, as far as a checkpoint uses it: numbers, and fields of bytes.

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from core.errors import InputError

_WINDOW = 1 << 14


def field(number: int, data: bytes) -> bytes:
    """Return field `number` of a message with these bytes."""
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it: seven bits a byte, the lowest first."""
    result = bytearray()
    while number > 0x7F:
        result.append(number & 0x7F | 0x80)
        number >>= 7
    result.append(number)
    return bytes(result)


class Window:
    """A file seen through a small moving window, so that headers are read without the contents between them."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor
        self.size = os.fstat(descriptor).st_size
        self._start, self._data = 0, b""

    def take(self, start: int, end: int) -> bytes:
        """Return the bytes `start` to `end` (exclusive, within the file)."""
        if not self._start <= start <= end <= self._start + len(self._data):
            self._data = os.pread(self._descriptor, max(end - start, _WINDOW), start)
            self._start = start
            if len(self._data) < end - start:
                raise InputError(f"{self.path}: ends at byte {start + len(self._data)}; the file is truncated")
        return self._data[start - self._start : end - self._start]

    def varint(self, at: int, end: int) -> tuple[int, int]:
        """Decode the number at byte `at` of a message that ends at `end`; return it and the byte after it."""
        number = 0
        for index, byte in enumerate(self.take(at, min(at + 10, end))):
            number |= (byte & 0x7F) << (7 * index)
            if byte < 0x80:
                if number >> 64:
                    break
                return number, at + index + 1
        raise self.fault(at, "a number is cut off or too long")

    def fields(self, start: int, end: int) -> Iterator[tuple[int, int | tuple[int, int]]]:
        """Yield (field number, number or (start, end) of its bytes) of the message in these bytes."""
        at = start
        while at < end:
            key, after = self.varint(at, end)
            kind = key & 7
            value: int | tuple[int, int]
            if kind == 0:
                value, after = self.varint(after, end)
            elif kind in (1, 2, 5):
                length = {1: 8, 5: 4}.get(kind, 0)
                if kind == 2:
                    length, after = self.varint(after, end)
                if length > end - after:
                    raise self.fault(at, f"a field of {length} bytes goes beyond its end")
                value, after = (after, after + length), after + length
            else:
                raise self.fault(at, f"wire type {kind} has no place here")
            yield key >> 3, value
            at = after

    def fault(self, at: int, why: str) -> InputError:
        """Say that the file is no checkpoint from byte `at` on."""
        return InputError(f"{self.path}: byte {at}: {why}; truncated, damaged, or not a MindSpore checkpoint")
