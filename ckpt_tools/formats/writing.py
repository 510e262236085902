"""Writing a file of a planned layout from its first byte to its last, or from where an earlier attempt ended."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np

from ckpt_tools.formats.checked_file import Bytes, CheckedFile
from ckpt_tools.formats.tensor_file import CRC_BYTES, Array, Layout
from core.errors import InputError

_CHUNK = 4 << 20


@dataclass(frozen=True)
class Prefix:
    """The beginning of a file that is as it should be.

    Attributes:
        tensors: number of whole tensors in it.
        size: its bytes.
        digest: sha256 of them.
        crc: crc32 of them.
    """

    tensors: int
    size: int
    digest: hashlib._Hash
    crc: int


def checked_prefix(path: Path, layout: Layout, hashes: Sequence[str]) -> Prefix:
    """Read a file that was left unfinished, and return the beginning of it that is as it was written.

    Args:
        path: the file; it may be missing.
        layout: its plan.
        hashes: sha256 of the file up to the end of its first tensor, its second, and so on.
    """
    good = Prefix(0, 0, hashlib.sha256(), 0)
    try:
        # Whoever opens a pipe may wait for ever, unless he says that he will not.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return good
    buffer = np.empty(_CHUNK, dtype=np.uint8)
    with os.fdopen(descriptor, "rb", buffering=0) as stream:
        digest, crc, position = hashlib.sha256(), 0, 0
        for (_, end), wanted in zip(_ends(layout), hashes, strict=False):
            while position < end:
                count = stream.readinto(buffer[: end - position].data)
                if not count:
                    return good
                digest.update(buffer[:count].data)
                crc = zlib.crc32(buffer[:count].data, crc)
                position += count
            if digest.hexdigest() != wanted:
                return good
            good = Prefix(good.tensors + 1, position, digest.copy(), crc)
    return good


class TensorWriter:
    """Writes a file of a fixed layout, hashing what it reads back of it; a context manager.

    The caller hands over the entries of `layout.infos` in that order, each tensor in as many pieces as it likes.
    """

    def __init__(
        self,
        path: Path,
        layout: Layout,
        prefix: Prefix | None = None,
        landed: Callable[[str, str], None] | None = None,
    ) -> None:
        """Open the file.

        Args:
            path: the file.
            layout: its plan.
            prefix: what is there already (`checked_prefix`); its tensors are not handed over again.
            landed: called when the last byte of a tensor was read back, with its name and the sha256 of the file so
                far.

        Raises:
            DiskError: the file cannot be written.
        """
        self.path, self.layout = path, layout
        self._infos = {info.name: info for info in layout.infos}
        done = prefix.tensors if prefix else 0
        self._call = landed
        self._ends = deque(_ends(layout)[done:])
        self._digest = prefix.digest.copy() if prefix else hashlib.sha256()
        self._crc, self._position = (prefix.crc, prefix.size) if prefix else (0, 0)
        self._part = self._first_part({info.name for info in layout.infos[:done]}) - 1
        self._left = 0
        self._file = CheckedFile(path, layout.size, self._landed, self._position)
        self._report()
        self._next_part()

    def __enter__(self) -> TensorWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def plans(self, name: str) -> bool:
        """Tell whether the file is to hold tensor `name`."""
        return name in self._infos

    def close(self) -> None:
        """Close the file, finished or not."""
        self._file.close()

    def write(self, name: str, values: Array) -> None:
        """Append entries of tensor `name`; its type has to be the layout's.

        Raises:
            DiskError: the disk is full or cannot be written.
            GateError: what was written does not read back.
            ValueError: another tensor is due, or the type differs (a defect of the caller).
        """
        if values.dtype != self._infos[name].numpy:
            raise ValueError(f"{name}: entries of type {values.dtype}, planned {self._infos[name].dtype}")
        data: Bytes = np.ascontiguousarray(values).reshape(-1).view(np.uint8)
        while len(data):
            if self._part >= len(self.layout.parts) or self.layout.parts[self._part].name != name:
                raise ValueError(f"{name}: not the tensor that is due")
            piece = data[: self._left]
            self._file.append(piece)
            self._left -= len(piece)
            data = data[len(piece) :]
            if not self._left:
                self._next_part()

    def finish(self) -> str:
        """Check that everything was written, bring it to the disk, return the sha256 of the file as it was read back.

        Raises:
            DiskError, GateError, ValueError: as `write`.
        """
        if self._part < len(self.layout.parts):
            raise ValueError(f"{self.layout.parts[self._part].name}: not written to its end")
        self._file.flush()
        if self.layout.trailer is not None:
            self._put(self.layout.trailer + self._crc.to_bytes(CRC_BYTES, "big"))
        self._file.finish()
        return self._digest.hexdigest()

    def _first_part(self, done: set[str]) -> int:
        """Return the number of the first part after those of the tensors in `done`."""
        parts = self.layout.parts
        return max((number for number, part in enumerate(parts) if part.name in done), default=-1) + 1

    def _next_part(self) -> None:
        """Go to the next part that holds bytes of a tensor, writing the fixed bytes on the way."""
        while True:
            self._part += 1
            if self._part >= len(self.layout.parts):
                return
            part = self.layout.parts[self._part]
            self._put(part.header)
            self._left = part.length
            if self._left:
                return

    def _put(self, data: bytes) -> None:
        self._file.append(np.frombuffer(data, dtype=np.uint8))

    def _landed(self, block: Bytes) -> None:
        """Hash a block that was read back, stopping at the end of each tensor in it."""
        while len(block):
            piece = block[: self._ends[0][1] - self._position] if self._ends else block
            self._digest.update(piece.data)
            if self.layout.trailer is not None:
                self._crc = zlib.crc32(piece.data, self._crc)
            self._position += len(piece)
            block = block[len(piece) :]
            self._report()

    def _report(self) -> None:
        while self._ends and self._ends[0][1] == self._position:
            name, _ = self._ends.popleft()
            if self._call is not None:
                self._call(name, self._digest.copy().hexdigest())


def _ends(layout: Layout) -> list[tuple[str, int]]:
    """Return (name, offset of the byte after its last one) of each tensor, in order."""
    return [(name, extents[-1].offset + extents[-1].length) for name, extents in layout.extents().items()]


@dataclass(frozen=True)
class WrittenFile:
    """A finished file: its name below the folder of results, its bytes, and the sha256 that was read back of it."""

    name: str
    size: int
    sha256: str


def refuse_symlink(path: Path) -> None:
    """Raise InputError where a result would be written over a symbolic link."""
    if path.is_symlink():
        raise InputError(f"{path}: is a symbolic link; remove it or choose another folder")
