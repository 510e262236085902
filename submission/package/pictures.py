"""Looking at a picture that somebody else made: its header first, and its pixels where they are not too many."""

from __future__ import annotations

import io
import struct
import zlib
from dataclasses import dataclass

from core.untrusted import is_text

MOST_BYTES = 8 << 20
# A screen of 5120 x 2880 has 14.7 million pixels, the kit's own pictures have 2.
MOST_PIXELS = 16_000_000
MOST_PIXELS_IN_ALL = 64_000_000
_MOST_CHUNKS = 4096
_MOST_OTHER_CHUNKS = 64
_PACKED = (b"zTXt", b"iTXt", b"iCCP")
_MOST_PACKED_CHUNKS = 4  # each of them may unpack to a megabyte
_LONGEST_TEXT = 64 << 10
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHUNK = struct.Struct(">I4s")
_SIZE = struct.Struct(">II")


class NoPicture(ValueError):
    """It is no whole PNG; says why."""


@dataclass(frozen=True)
class Picture:
    """A whole picture.

    Attributes:
        pixels: how many it has.
        sources: what it says of the logs it was drawn from; None where it says nothing.
    """

    pixels: int
    sources: str | None


def pixels_of(body: bytes) -> tuple[int, int]:
    """Return width and height by the header of a PNG; NoPicture where its chunks are not those of one.

    A picture has one header: whoever unpacks the pixels would believe the last of several.
    """
    if not body.startswith(_SIGNATURE):
        raise NoPicture("it does not begin as one")
    at, count, others, packed, size = len(_SIGNATURE), 0, 0, 0, (0, 0)
    while at + _CHUNK.size <= len(body):
        length, kind = _CHUNK.unpack_from(body, at)
        if count == 0 and (kind, length) != (b"IHDR", 13):
            raise NoPicture("it has no header")
        if count and kind == b"IHDR":
            raise NoPicture("it has two headers")
        if count == 0 and len(body) >= at + _CHUNK.size + _SIZE.size:
            size = _SIZE.unpack_from(body, at + _CHUNK.size)
        count, others, packed = count + 1, others + (kind != b"IDAT"), packed + (kind in _PACKED)
        if count > _MOST_CHUNKS or others > _MOST_OTHER_CHUNKS or packed > _MOST_PACKED_CHUNKS:
            most = f"{_MOST_CHUNKS} pieces, {_MOST_OTHER_CHUNKS} besides pixels, or {_MOST_PACKED_CHUNKS} packed texts"
            raise NoPicture(f"more than {most}")
        if kind == b"IEND":
            return size
        at += _CHUNK.size + length + 4
    raise NoPicture("it is truncated")


def look_at(body: bytes) -> Picture:
    """Return what a picture is; its pixels are unpacked for that, so `pixels_of` is asked first how many there are.

    Raises:
        NoPicture: it is no whole PNG.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(body), formats=("PNG",)) as image:
            image.load()
            sources = image.info.get("sources")
            pixels = image.width * image.height
    except (OSError, SyntaxError, ValueError, LookupError, struct.error, zlib.error) as error:
        raise NoPicture(str(error)) from error
    except Image.DecompressionBombError as error:
        raise NoPicture(str(error)) from error
    whole = isinstance(sources, str) and len(sources) <= _LONGEST_TEXT and is_text(sources)
    return Picture(pixels, str(sources) if whole else None)
