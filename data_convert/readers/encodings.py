"""In which encoding a text file is written, and such a file read as if it were UTF-8.

UTF-16 and UTF-32 are told by their byte order mark or by their zeros. Chinese in GBK or GB18030 is told where it is
certain: not UTF-8, every byte read, and what comes out is nearly all common characters. An example: `多少？` in GBK is
b6 e0, c9 d9, a3 bf. Pairs that begin with b0 to d7 are the 3,755 characters of GB 2312's first level, a1 to a9 its
signs; nine tenths of any Chinese text are of these, and of what is no Chinese text much less.
"""

from __future__ import annotations

import codecs
import io
from os import SEEK_SET
from typing import BinaryIO

_CHUNK = 1 << 20
_SAMPLE = 1 << 16
_MARKS = {  # the longer ones first: that of UTF-32 begins as that of UTF-16 does
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WIDE = ("utf-16", "utf-32")
_FEWEST_PAIRS = 4
_COMMON_SHARE = 0.9
_BAD = "corpus_bad_bytes"


def _mark_bad(error: UnicodeError) -> tuple[str, int]:
    """Put what is no UTF-8 in the place of bytes that cannot be decoded: the record that holds it is then reported."""
    assert isinstance(error, UnicodeDecodeError)
    return "\udcff", error.end


codecs.register_error(_BAD, _mark_bad)


def is_text_encoding(name: str) -> bool:
    """Tell whether Python knows a text encoding of this name."""
    try:
        return codecs.lookup(name)._is_text_encoding and bool("a".encode(name))
    except (LookupError, UnicodeError, ValueError):
        return False


def encoding_of(stream: BinaryIO, asked: str | None = None) -> str | None:
    """Tell in which encoding a file is.

    Args:
        stream: the file, at its beginning; it is there again afterwards.
        asked: what the caller takes it for where it is no UTF-8.

    Returns:
        A name that Python knows; None for UTF-8, and for what cannot be told.
    """
    start = stream.read(_SAMPLE)
    stream.seek(0)
    mark = next((name for begin, name in _MARKS.items() if start.startswith(begin)), None)
    if mark or start.startswith(codecs.BOM_UTF8):
        return mark
    if wide := _wide(start):
        return wide
    if asked and codecs.lookup(asked).name.startswith(_WIDE) and b"\0" in start:
        return asked
    sample = _sample(stream)
    stream.seek(0)
    if _is_utf8(sample):
        return None
    return asked or ("gb18030" if is_certainly_chinese(sample) else None)


def _wide(start: bytes) -> str | None:
    """Tell UTF-16 without a mark: ASCII to begin with, and a zero beside each letter."""
    head = start[:16]
    if len(head) < 8 or len(head) % 2:
        return None
    for name, zeros, letters in (("utf-16-le", head[1::2], head[::2]), ("utf-16-be", head[::2], head[1::2])):
        if not any(zeros) and all(0 < byte < 0x80 for byte in letters):
            return name
    return None


def _sample(stream: BinaryIO) -> bytes:
    """Return a piece of a file in which something is not ASCII, from the beginning of a line; empty where all is."""
    while chunk := stream.read(_CHUNK):
        if chunk.isascii():
            continue
        first = len(chunk) - len(chunk.lstrip(bytes(range(0x80))))
        begin = chunk.rfind(b"\n", 0, first) + 1
        return chunk[begin : begin + _SAMPLE] + (b"" if len(chunk) - begin >= _SAMPLE else stream.read(_SAMPLE))
    return b""


def _is_utf8(sample: bytes) -> bool:
    """Tell whether a sample is UTF-8, or so much of it that the rest is damage: lines that are no UTF-8 are faults."""
    sound = damaged = 0
    for line in sample.splitlines()[:-1] or [sample]:
        if not line.isascii():
            try:
                codecs.getincrementaldecoder("utf-8")().decode(line)  # the sample's last character may be cut
                sound += 1
            except UnicodeDecodeError:
                damaged += 1
    return sound >= damaged


def is_certainly_chinese(sample: bytes) -> bool:
    """Tell whether bytes that are no UTF-8 are Chinese in GB18030 for certain; a character cut at the end is none."""
    decoder = codecs.getincrementaldecoder("gb18030")()
    try:
        text = decoder.decode(sample)
    except UnicodeDecodeError:
        return False
    pairs = common = 0
    for char in text:
        if char >= "\x80":
            pairs += 1
            raw = char.encode("gb18030")
            common += len(raw) == 2 and raw[1] >= 0xA1 and (0xB0 <= raw[0] <= 0xD7 or 0xA1 <= raw[0] <= 0xA9)
    return pairs >= _FEWEST_PAIRS and common >= _COMMON_SHARE * pairs and not _may_be_another(sample)


def _may_be_another(sample: bytes) -> bool:
    """Tell whether the same bytes are Korean or Japanese, whose codes lie where those of Chinese lie.

    Chinese read as Korean is Hangul for some six tenths of it, Korean for nearly all; read as Japanese it has no kana.
    """
    for name, first, last, share in (("euc_kr", "가", "힣", 0.8), ("euc_jp", "ぁ", "ヶ", 0.3)):
        try:
            text = codecs.getincrementaldecoder(name)().decode(sample)
        except UnicodeDecodeError:
            continue
        foreign = [char for char in text if char > "\u2fff"]
        if sum(first <= char <= last for char in foreign) > share * len(foreign):
            return True
    return False


def may_be_chinese(raw: bytes) -> bool:
    """Tell whether bytes that are no UTF-8 could be GB18030."""
    try:
        raw.decode("gb18030")
    except UnicodeDecodeError:
        return False
    return True


def as_utf8(stream: BinaryIO, encoding: str | None) -> BinaryIO:
    """Return a file as a stream of UTF-8, whose only jump is back to its beginning; UTF-8 itself as it is."""
    return stream if encoding is None else io.BufferedReader(_Recoded(stream, encoding))


class _Recoded(io.RawIOBase):
    """A stream decoded and encoded anew, piece by piece."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream, self._encoding = stream, encoding
        self._rewind()

    def _rewind(self) -> None:
        self._stream.seek(0)
        self._decoder = codecs.getincrementaldecoder(self._encoding)(errors=_BAD)
        self._waiting, self._at, self._ended = b"", 0, False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        if whence != SEEK_SET or offset not in (0, self._at):
            raise io.UnsupportedOperation("only back to the beginning")
        if offset != self._at:
            self._rewind()
        return offset

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._waiting and not self._ended:
            raw = self._stream.read(_SAMPLE)
            self._ended = not raw
            self._waiting = self._decoder.decode(raw, self._ended).encode("utf-8", "surrogateescape")
        count = min(len(buffer), len(self._waiting))
        buffer[:count] = self._waiting[:count]
        self._waiting = self._waiting[count:]
        self._at += count
        return count
