"""A sentencepiece model as llama.cpp's tokenizer "llama", which merges pairs by their scores.

Format: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from ckpt_tools.conversion.gguf_file.vocabulary import TokenType, Vocabulary
from ckpt_tools.formats.protobuf import Window
from ckpt_tools.formats.regular import open_regular
from core.errors import InputError

# Numbers of fields, and what stands where one is missing.
_PIECES, _TRAINER, _NORMALIZER = 1, 2, 3
_TEXT, _SCORE, _TYPE = 1, 2, 3
_MODEL_TYPE, _UNIGRAM, _PAIRS = 3, 1, 2
_CHARACTER_MAP, _DUMMY_PREFIX, _REMOVE_EXTRA, _ESCAPE = 2, 3, 4, 5
_MODELS = {1: "unigram", 3: "word", 4: "char"}

Fields = dict[int, int | bytes]


def from_sentencepiece(path: Path) -> Vocabulary:
    """Read a sentencepiece model that is sound.

    Raises:
        InputError: it finds its pieces otherwise than by merging pairs, rewrites characters, drops blanks,
            or has no bytes for what is no piece: none of that has llama.cpp's tokenizer.
    """
    pieces, trainer, normalizer = _parts(path)
    _refuse_unknown_ways(path, trainer, normalizer)
    types = [TokenType(_number(piece, _TYPE, TokenType.NORMAL)) for piece in pieces]
    texts = [_bytes(piece, _TEXT) for piece in pieces]
    if types.count(TokenType.BYTE) != 256:
        raise InputError(f"{path}: has no pieces for bytes (byte_fallback), without which llama.cpp fails at new ones")
    if TokenType.UNUSED in types:
        raise InputError(
            f"{path}: piece {texts[types.index(TokenType.UNUSED)].decode('utf-8', 'replace')!r} is marked unused, "
            "which llama.cpp would use"
        )
    # One character alone is found in either way, and as a plain piece llama.cpp puts no space after it.
    own = TokenType.USER_DEFINED
    types = [
        TokenType.NORMAL if kind is own and len(text.decode("utf-8", "replace")) == 1 else kind
        for kind, text in zip(types, texts, strict=True)
    ]
    space_first = bool(_number(normalizer, _DUMMY_PREFIX, 1))
    marks = [text.decode("utf-8", "replace") for kind, text in zip(types, texts, strict=True) if kind is own]
    notes = []
    if marks and space_first:
        notes.append(
            f"of text, llama.cpp puts a space behind {', '.join(marks[:3])}{' …' if len(marks) > 3 else ''}, which "
            "sentencepiece does not: send prompts with such marks as token ids (eval.http.prompts=tokens)"
        )
    return Vocabulary(
        model="llama",
        tokens=texts,
        types=types,
        scores=[_float(piece) for piece in pieces],
        unknown=next((number for number, kind in enumerate(types) if kind is TokenType.UNKNOWN), None),
        space_first=space_first,
        notes=tuple(notes),
    )


def _refuse_unknown_ways(path: Path, trainer: Fields, normalizer: Fields) -> None:
    model = _number(trainer, _MODEL_TYPE, _UNIGRAM)
    if model != _PAIRS:
        raise InputError(
            f"{path}: a {_MODELS.get(model, 'strange')} model of sentencepiece, which llama.cpp's tokenizer for Llama "
            "does not read; it merges pairs (bpe)"
        )
    if _bytes(normalizer, _CHARACTER_MAP):
        raise InputError(f"{path}: rewrites characters before it looks for pieces, which llama.cpp does not")
    if _number(normalizer, _REMOVE_EXTRA, 1):
        raise InputError(f"{path}: drops blanks of a text (remove_extra_whitespaces), which llama.cpp does not")
    if not _number(normalizer, _ESCAPE, 1):
        raise InputError(f"{path}: keeps spaces as they are (escape_whitespaces), where llama.cpp writes ▁")


def _parts(path: Path) -> tuple[list[Fields], Fields, Fields]:
    """Return the pieces, and the settings of training and of normalising, of a sound file."""
    with open_regular(path) as stream:
        window = Window(path, stream.fileno())
        pieces: list[Fields] = []
        settings: dict[int, Fields] = {_TRAINER: {}, _NORMALIZER: {}}
        for number, place in window.fields(0, os.fstat(stream.fileno()).st_size):
            if isinstance(place, int):
                continue
            if number == _PIECES:
                pieces.append(dict(_values(window, place)))
            elif number in settings:
                settings[number] = dict(_values(window, place))
    return pieces, settings[_TRAINER], settings[_NORMALIZER]


def _values(window: Window, place: tuple[int, int]) -> Iterator[tuple[int, int | bytes]]:
    for number, value in window.fields(*place):
        yield number, value if isinstance(value, int) else window.take(*value)


def _number(fields: Fields, number: int, default: int) -> int:
    value = fields.get(number, default)
    return value if isinstance(value, int) else default


def _bytes(fields: Fields, number: int) -> bytes:
    value = fields.get(number, b"")
    return value if isinstance(value, bytes) else b""


def _float(piece: Fields) -> float:
    data = _bytes(piece, _SCORE)
    return float(struct.unpack("<f", data)[0]) if len(data) == 4 else 0.0
