"""A file that proves itself while it is written: every block is read back from the disk and compared.

Blocks go past the page cache (`O_DIRECT`) where the file system allows it. That is what makes the comparison one with
the disk rather than with memory, and it costs less processor time than copying into the cache: five full checkpoints do
not fit there anyway.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ckpt_tools.formats.tensor_file import DiskError
from core.errors import GateError
from core.inside import inside

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

# Direct writing asks for whole sectors from page-aligned memory; no disk in use has larger ones.
_SECTOR = 4096
_BLOCK = 4 << 20
_DIRECT: int = getattr(os, "O_DIRECT", 0)


class CheckedFile:
    """Writes a file from front to back; what does not read back as it was written is an error."""

    def __init__(self, path: Path, size: int, landed: Callable[[Bytes], None], start: int = 0) -> None:
        """Open the file.

        Args:
            path: the file; made where absent. A symbolic link in its place is refused.
            size: bytes it will have in the end.
            landed: called with the bytes of each block as they were read back, in order, each byte once.
            start: bytes that are there already and stay.

        Raises:
            DiskError: it cannot be opened or read.
        """
        self.path, self.size, self._call = path, size, landed
        capacity = min(_BLOCK, -(-(size + 1) // _SECTOR) * _SECTOR)
        self._staged: Bytes = np.frombuffer(mmap.mmap(-1, capacity), dtype=np.uint8)
        self._back: Bytes = np.frombuffer(mmap.mmap(-1, capacity), dtype=np.uint8)
        # The staged block begins at a sector; its first `_known` bytes have landed before.
        self._known = start % _SECTOR
        self._fill, self._offset = self._known, start - self._known
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | (0 if start else os.O_TRUNC)
        inside(path, follow=False)
        try:
            self._descriptor, self._direct = _open(path, flags)
            if self._known:
                self._read(self._staged[:_SECTOR], self._known)
        except OSError as error:
            raise unwritable(path, error) from error

    def close(self) -> None:
        """Close the file, finished or not."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def append(self, data: Bytes) -> None:
        """Add bytes at the end.

        Raises:
            DiskError: the disk is full or cannot be written.
            GateError: a block does not read back as it was written.
        """
        while len(data):
            count = min(len(data), len(self._staged) - self._fill)
            self._staged[self._fill : self._fill + count] = data[:count]
            self._fill += count
            data = data[count:]
            if self._fill == len(self._staged):
                self.flush()

    def flush(self) -> None:
        """Let everything that was appended land; raises as `append` does."""
        if self._fill == self._known:
            return
        end = -(-self._fill // _SECTOR) * _SECTOR
        self._staged[self._fill : end] = 0
        try:
            self._write(self._staged[:end])
            self._read(self._back[:end], end)
        except OSError as error:
            raise unwritable(self.path, error) from error
        # Compared with the zeros at the end, in words: an eighth of the memory of comparing bytes.
        if not np.array_equal(self._staged[:end].view(np.uint64), self._back[:end].view(np.uint64)):
            raise GateError(f"{self.path}: does not read back as it was written; check the disk")
        self._call(self._back[self._known : self._fill])
        # A sector that is not full yet is written again with the next block.
        rest = self._fill % _SECTOR
        self._staged[:rest] = self._staged[self._fill - rest : self._fill].copy()
        self._offset += self._fill - rest
        self._fill = self._known = rest

    def finish(self) -> None:
        """Let everything land and reach the disk, and close the file.

        Raises:
            DiskError, GateError: as `append`.
        """
        self.flush()
        if self._offset + self._fill != self.size:
            raise ValueError(f"{self.path}: {self._offset + self._fill} bytes of {self.size}")
        try:
            os.ftruncate(self._descriptor, self.size)
            os.fsync(self._descriptor)
        except OSError as error:
            raise unwritable(self.path, error) from error
        self.close()

    def _write(self, data: Bytes) -> None:
        done = 0
        while done < len(data):
            try:
                done += os.pwrite(self._descriptor, data[done:].data, self._offset + done)
            except OSError as error:
                self._buffered(error)

    def _read(self, buffer: Bytes, needed: int) -> None:
        """Fill `buffer` from the staged block's place in the file; at least `needed` bytes have to be there."""
        done = 0
        while done < needed:
            try:
                count = os.preadv(self._descriptor, [buffer[done:].data], self._offset + done)
            except OSError as error:
                self._buffered(error)
                continue
            if count == 0:
                raise GateError(
                    f"{self.path}: ends at byte {self._offset + done} though more was written; check the disk"
                )
            done += count

    def _buffered(self, error: OSError) -> None:
        """Go on through the page cache where the disk does not take direct blocks of this size."""
        if error.errno != errno.EINVAL or not self._direct:
            raise error
        import fcntl

        self._direct = False
        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags & ~_DIRECT)


def unwritable(path: Path, error: OSError) -> DiskError:
    """Say that a file cannot be written, and why."""
    return DiskError(f"{path}: cannot be written ({error.strerror or error})")


def _open(path: Path, flags: int) -> tuple[int, bool]:
    """Open a file past the page cache where that is possible; return (descriptor, whether it is)."""
    try:
        return os.open(path, flags | _DIRECT, 0o666), bool(_DIRECT)
    except OSError as error:
        if error.errno != errno.EINVAL or not _DIRECT:
            raise
    return os.open(path, flags, 0o666), False
