"""A JSON text read piece by piece: of a file of any size, one value is in memory at a time."""

from __future__ import annotations

import codecs
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from core.errors import InputError
from data_convert.readers.bad import Fault
from data_convert.readers.json_text import Decoder, measure

_CHUNK = 1 << 20
# A value that takes more, be it all of SQuAD as one article, is none; so memory stays bounded.
_LONGEST = 64 << 20
_SPACE = re.compile("[ \t\n\r\ufeff]*")  # files that were put behind each other bring a byte order mark each
# What of a number, a literal or an escape can be missing at the end of a piece.
_LONGEST_TOKEN_END = 16
_UNTERMINATED = "Unterminated string"


class Element(NamedTuple):
    """One value of a JSON text.

    Attributes:
        value: as Python's decoder returns it.
        fault: what is wrong with it though it is JSON, see `Decoder`; "" for nothing.
        text: as it stands in the file.
        line: of its first character, from 1.
    """

    value: Any
    fault: str
    text: str
    line: int


class JsonStream:
    """Walks through a JSON text.

    `peek` and `take` are for brackets and commas, `element` for a value, `elements` for those of an array.

    Every method raises InputError with file and line where the text is not JSON: what follows such a place cannot be
    told apart any more, so nothing is skipped.
    """

    def __init__(self, stream: BinaryIO, path: Path, line: int = 1, size: int = sys.maxsize) -> None:
        """Begin where a file stands.

        Args:
            stream: the file.
            path: its name, for messages.
            line: the number of the line it stands at.
            size: how many bytes are read of it.
        """
        self._stream, self._path, self._left = stream, path, size
        # Bytes that are no UTF-8 become surrogates, by which the decoder tells the one value that holds them.
        encoding = "utf-8" if stream.tell() else "utf-8-sig"
        self._bytes = codecs.getincrementaldecoder(encoding)(errors="surrogateescape")
        self._decoder = Decoder()
        self._text, self._at, self._line, self._ended = "", 0, line, False

    def peek(self) -> str:
        """Return the next character that is no white space; "" at the end of the file."""
        while True:
            match = _SPACE.match(self._text, self._at)
            assert match is not None
            self._advance(match.end())
            if self._at < len(self._text) or self._ended:
                return self._text[self._at : self._at + 1]
            self._fill()

    def take(self, expected: str) -> None:
        """Pass over the next character, which must be `expected`."""
        if self.peek() != expected:
            raise self._malformed(f"expected {expected!r}")
        self._advance(self._at + 1)

    def end(self) -> None:
        """Make sure that nothing but white space is left."""
        if found := self.peek():
            error = self._malformed("text after the end")
            if found in "[{":
                error = InputError(f"{error}; were files joined? Give them as several: data.train=[a.json, b.json]")
            raise error

    def element(self) -> Element:
        """Return the next value."""
        self.peek()
        while True:
            try:
                value, end, fault = self._decoder.value_at(self._text, self._at)
            except json.JSONDecodeError as error:
                if self._ended or not self._may_be_cut(error):
                    self._advance(error.pos)
                    raise self._malformed(error.msg) from None
            except RecursionError:
                raise self._malformed("nested too deeply") from None
            else:
                # At the end of a piece, 12 may be the beginning of 123 or of 12E3.
                if end <= len(self._text) - _LONGEST_TOKEN_END or self._ended:
                    found = Element(value, fault, self._text[self._at : end], self._line)
                    self._advance(end)
                    return found
            if len(self._text) - self._at > 2 * _CHUNK:
                # It is as long again each time, so that all these walks together are one of twice its length.
                try:
                    measure(self._text[self._at :])
                except Fault as fault:
                    raise self._malformed(str(fault)) from None
            if len(self._text) - self._at > _LONGEST:
                raise self._malformed(f"a value longer than {_LONGEST >> 20} MiB, or a text without its closing quote")
            self._fill()

    def elements(self, begins: bool = True, ends: bool = True) -> Iterator[Element]:
        """Yield the elements of the array that comes next, or of a part of one.

        Args:
            begins: the array's bracket comes before the first element; else the part goes on after a comma.
            ends: the array's bracket comes after the last element; else the part stops after a comma.
        """
        if begins:
            self.take("[")
            if self.peek() == "]":
                return self.take("]")
        while ends or self.peek():
            yield self.element()
            if ends and self.peek() == "]":
                return self.take("]")
            self.take(",")
        return None

    def _may_be_cut(self, error: json.JSONDecodeError) -> bool:
        """Tell whether what follows the text in memory may mend an error."""
        return error.msg.startswith(_UNTERMINATED) or error.pos >= len(self._text) - _LONGEST_TOKEN_END

    def _advance(self, at: int) -> None:
        self._line += self._text.count("\n", self._at, at)
        self._at = at

    def _fill(self) -> None:
        # As much again as is there: a long value is then not decoded from its beginning for every piece of it.
        raw = self._stream.read(min(self._left, max(_CHUNK, len(self._text) - self._at)))
        self._left -= len(raw)
        self._ended = not raw
        self._text = self._text[self._at :] + self._bytes.decode(raw, final=self._ended)
        self._at = 0

    def _malformed(self, reason: str) -> InputError:
        if self._ended and (self._at >= len(self._text) or reason.startswith(_UNTERMINATED)):
            reason += "; the file ends here; is it truncated?"
        return InputError(f"{self._path}:{self._line}: malformed JSON ({reason})")
