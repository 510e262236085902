"""The bytes of a sentencepiece model file: what they say, and how they are changed so that text stays text.

A model's user-defined pieces are found in any text, so `<eoa>` in a question would end an answer. Made "unused", a
piece keeps its id and its name, and no text is ever turned into it. protobuf itself is not used: MindSpore refuses to
be imported after an implementation of it other than its own.

An example, the two bytes of a piece's type among others:

>>> model = message(1, message(1, b"<eoa>") + bytes([0x18, USER_DEFINED])) + message(1, message(1, b"a"))
>>> [(piece.text, piece.kind) for piece in pieces(model)]
[('<eoa>', 4), ('a', 1)]
>>> [(piece.text, piece.kind) for piece in pieces(unused(model, pieces(model, b"<")))]
[('<eoa>', 5), ('a', 1)]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

# Kinds of pieces and numbers of fields in sentencepiece_model.proto.
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED = 1, 2, 3, 4, 5
NORMALIZER_SPEC, CHARACTER_MAP, REMOVE_EXTRA_WHITESPACES = 3, 2, 4
_PIECE, _TEXT, _KIND = 1, 1, 3
_VARINT, _BYTES, _EIGHT = 0, 2, 1
_TAG = _PIECE << 3 | _BYTES  # also of a piece's text within the piece


class Field(NamedTuple):
    """A field of a message: its number, and where its value (of a varint: its bytes) begins and ends."""

    number: int
    begin: int
    end: int


class Piece(NamedTuple):
    """A piece of the vocabulary; `at` and `end` are where it stands in the file, tag and length left out."""

    text: str
    kind: int
    at: int
    end: int


def fields(message: bytes, at: int = 0, end: int | None = None) -> Iterator[Field]:
    """Yield the fields of a protobuf message; IndexError or ValueError where it is none."""
    end = len(message) if end is None else end
    while at < end:
        tag, at = _varint(message, at)
        kind, begin = tag & 7, at
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind == _BYTES:
            length, begin = _varint(message, at)
            at = begin + length
        else:
            at += 8 if kind == _EIGHT else 4
        yield Field(tag >> 3, begin, at)


def last_field(message: bytes, wanted: int) -> bytes:
    """Return the bytes of a field of a message (a varint's own bytes); empty where it is not there."""
    found = b""
    for number, begin, end in fields(message):
        if number == wanted:
            found = message[begin:end]
    return found


def pieces(model: bytes, firsts: bytes = b"") -> Iterator[Piece]:
    """Yield the pieces of a model file, in the order of their ids.

    Args:
        model: the file.
        firsts: only those whose text begins with one of these bytes; empty: all.
    """
    at, end = 0, len(model)
    while at < end:
        # Of 100,000 pieces few are asked for: one that begins in another way is passed over without a further look.
        if model[at] == _TAG and (size := model[at + 1]) < 128:
            begin, at = at + 2, at + 2 + size
            if not firsts or model[begin + 2] in firsts or model[begin] != _TAG:
                yield _piece(model, begin, at)
            continue
        number, begin, at = next(fields(model, at))
        if number == _PIECE:
            yield _piece(model, begin, at)


def _piece(model: bytes, begin: int, end: int) -> Piece:
    text, kind = "", NORMAL
    for number, at, until in fields(model, begin, end):
        if number == _TEXT:
            text = model[at:until].decode("utf-8", "replace")
        elif number == _KIND:
            kind = model[at]
    return Piece(text, kind, begin, end)


def unused(model: bytes, some: Iterable[Piece]) -> bytes:
    """Return a model file in which no text is turned into some of its pieces; all else is as it was."""
    changed, done = [], 0
    for piece in sorted(some, key=lambda piece: piece.at):
        # The last value of a field counts, so the new kind is added at the piece's end, and its length grows by two.
        grown = model[piece.at : piece.end] + bytes([_KIND << 3 | _VARINT, UNUSED])
        before = piece.at - len(_number(piece.end - piece.at))
        changed += [model[done:before], _number(len(grown)), grown]
        done = piece.end
    return b"".join([*changed, model[done:]])


def with_symbol(model: bytes, symbol: str) -> bytes:
    """Return a model file with one more piece, the last: a symbol that is found in any text and parts it there."""
    return model + message(_PIECE, message(_TEXT, symbol.encode()) + bytes([_KIND << 3 | _VARINT, USER_DEFINED]))


def message(number: int, value: bytes) -> bytes:
    """Return a field of bytes as it stands in a message."""
    return _number(number << 3 | _BYTES) + _number(len(value)) + value


def _number(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at a byte, and where the next field begins."""
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
