"""The one way into a zip that somebody else made: nothing else in the kit reads members of one.

A zip says of itself how many members it has and how large they are, and each of these may be a lie. So its directory is
read up to a bound, members are read in pieces and never beyond the size that they state, and only those that are stored
or deflated: bzip2 and LZMA can take gigabytes for the dictionaries that a header asks for.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from core.errors import InputError, first_line

_CHUNK = 1 << 20
_MOST_DIRECTORY = 8 << 20  # bytes; a member takes 46 and its name there
_ENCRYPTED, _LATER = 0x1, 0x8  # flags: and sizes and checksum come behind the bytes
_IN_EXTRA = 0xFFFFFFFF  # a size that stands in a field for large files
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DIRECTORY_ENTRY = 46  # bytes, before name, extra fields and comment
_LONGEST_DESCRIPTOR = 24  # behind a member whose sizes were not known when it was begun
_LONGEST_END = 22 + 20 + 56 + _LONGEST_DESCRIPTOR  # the end of the directory, and its ZIP64 forms
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_FAULTS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError,
    LookupError, OverflowError,
)  # fmt: skip


def _directory_size(member: zipfile.ZipInfo) -> int:
    """Return what a member takes in the directory; ZIP64 fields are left in `extra` by those who read it."""
    name = len(member.orig_filename.encode("utf-8", "replace"))
    return _DIRECTORY_ENTRY + name + len(member.extra) + len(member.comment)


class ZipFault(InputError):
    """A zip, or a member of one, that cannot be read; the message does not name the file."""


class Zip:
    """An open zip.

    Attributes:
        members: its files and folders, in the order of its directory.
    """

    def __init__(self, archive: zipfile.ZipFile, stream: BinaryIO) -> None:
        self._archive, self._stream = archive, stream
        self.members = archive.infolist()

    @property
    def outside(self) -> int:
        """How many bytes belong neither to a member nor to the directory: a script before them, another zip behind.

        What stands between members is a part of this; so is the directory's comment, and not what a member that was
        packed as a stream has behind it (its sizes again, 24 bytes at the most).

        Raises:
            ZipFault: a member has no header where the directory says.
        """
        size = self._stream.seek(0, io.SEEK_END)
        end = 0
        hidden = 0
        for member in sorted(self.members, key=lambda member: member.header_offset):
            gap = member.header_offset - end
            hidden += gap if gap > _LONGEST_DESCRIPTOR or not end else 0
            end = self.place(member) + member.compress_size
        tail = size - end - sum(_directory_size(member) for member in self.members)
        return hidden + (tail if tail > _LONGEST_END else 0)

    def pieces(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        """Yield the bytes of a member, 1 MiB at a time, and compare their checksum in the end.

        Raises:
            ZipFault: damaged, encrypted, compressed in another way than by deflate, or longer than it states.
        """
        if member.flag_bits & _ENCRYPTED:
            raise ZipFault("encrypted")
        if member.compress_type not in _METHODS:
            raise ZipFault(f"compressed by method {member.compress_type}: pack it again, stored or deflated")
        left = member.file_size
        try:
            with self._archive.open(member) as source:
                while piece := source.read(_CHUNK):
                    left -= len(piece)
                    if left < 0:
                        raise ZipFault(f"longer than the {member.file_size} bytes that it states")
                    yield piece
        except _FAULTS as error:
            raise ZipFault(first_line(error)) from error
        if left:
            raise ZipFault(f"{left} bytes shorter than it states")

    def read(self, member: zipfile.ZipInfo, most: int) -> bytes:
        """Return all bytes of a member; ZipFault where it is larger than `most`, or as `pieces`."""
        if member.file_size > most:
            raise ZipFault(f"{member.file_size} bytes, at most {most} are read")
        return b"".join(self.pieces(member))

    def place(self, member: zipfile.ZipInfo) -> int:
        """Return where in the file the bytes of a stored member begin; ZipFault as `pieces`.

        They stand behind a header of their own, whose length the directory lacks.
        """
        try:
            self._stream.seek(member.header_offset)
            fields = _LOCAL_HEADER.unpack(self._stream.read(_LOCAL_HEADER.size))
        except _FAULTS as error:
            raise ZipFault(first_line(error)) from error
        if fields[0] != b"PK\x03\x04":
            raise ZipFault(f"no header of {member.filename!r:.200}")
        _same_in_both(member, fields)
        return member.header_offset + _LOCAL_HEADER.size + int(fields[-2]) + int(fields[-1])


def _same_in_both(member: zipfile.ZipInfo, fields: tuple[Any, ...]) -> None:
    """Raise ZipFault where a member's own header tells otherwise than the directory: some programs believe the other.

    Whoever packed it as a stream wrote zeros there, or left the sizes to fields for large files.
    """
    _, _, flags, method, _, _, checksum, packed, unpacked, _, _ = fields
    stated = (member.compress_type, member.CRC, member.compress_size, member.file_size)
    told = (method, checksum, packed, unpacked)
    # The method is told before the bytes come; all other fields may be left out.
    left_out = (False, *(bool(flags & _LATER) and value == 0 for value in told[1:]))
    left_out = (*left_out[:2], *(one or value == _IN_EXTRA for one, value in zip(left_out[2:], told[2:], strict=True)))
    if any(one != other and not gone for one, other, gone in zip(stated, told, left_out, strict=True)):
        raise ZipFault(f"{member.filename!r:.200} has two headers that contradict each other")


@contextmanager
def open_zip(stream: BinaryIO) -> Iterator[Zip]:
    """Open a zip; ZipFault where it is none, a truncated one (its directory stands at the end) or has no sane one."""
    try:
        archive = zipfile.ZipFile(_Bounded(stream))
    except _FAULTS as error:
        raise ZipFault(first_line(error)) from error
    with archive:
        yield Zip(archive, stream)


class _Bounded(io.RawIOBase):
    """A file of which no more is read at a time than a directory of a zip may take: zipfile reads that at once."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read as a file does; ValueError for more than the bound."""
        data = self._stream.read(_MOST_DIRECTORY + 1 if size < 0 else min(size, _MOST_DIRECTORY + 1))
        if len(data) > _MOST_DIRECTORY:
            raise ValueError(f"its directory takes more than {_MOST_DIRECTORY >> 20} MiB")
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place, as a file does."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Return where it stands."""
        return self._stream.tell()

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readable(self) -> bool:
        """Return True."""
        return True
