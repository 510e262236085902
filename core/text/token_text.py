"""What tokens stand for, as text that can be shown; and the check of a tokenizer's special ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import InputError, first_line

WHICH_KIND = "does model.tokenizer.kind fit it?"

# The characters that byte-level vocabularies are written in: a byte whose Latin-1 character is visible is that
# character, the others are, in their order, the characters from number 256 on.
_VISIBLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
BYTE_OF = {chr(byte): byte for byte in _VISIBLE} | {
    chr(256 + place): byte for place, byte in enumerate(byte for byte in range(256) if byte not in _VISIBLE)
}
BYTE_CHARACTERS = {byte: char for char, byte in BYTE_OF.items()}
_BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")


def sentencepiece_text(piece: str) -> str:
    """Return a sentencepiece piece as text: ▁ is a space, and the byte piece of an ASCII character that character."""
    byte = _BYTE_PIECE.fullmatch(piece)
    return readable(bytes.fromhex(byte[1])) if byte else piece.replace("▁", " ")


def readable(token: bytes) -> str:
    """Return UTF-8 bytes as text; bytes that are no whole character stand as <0xE4>."""
    text = token.decode("utf-8", "surrogateescape")
    return "".join(f"<0x{ord(char) - 0xDC00:02X}>" if "\udc80" <= char <= "\udcff" else char for char in text)


@contextmanager
def one_sentence(path: Path) -> Iterator[None]:
    """Turn what the library of a tokenizer file raises, a panic of Rust among it, into one sentence (InputError)."""
    try:
        yield
    except (InputError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        said = first_line(error)
        raise InputError(f"{path}: not a tokenizer that can be used ({said}); {WHICH_KIND}") from error


def side_by_side(parts: Iterable[Sequence[int]], controls: Iterable[int]) -> list[int]:
    """Return ids of texts with a control token between each two."""
    return list(_alternating(iter(parts), controls))


def _alternating(parts: Iterator[Sequence[int]], controls: Iterable[int]) -> Iterator[int]:
    yield from next(parts)
    for control, ids in zip(controls, parts, strict=True):
        yield control
        yield from ids


def check_ids(path: Path, vocab_size: int, ids: Mapping[str, int]) -> None:
    """Refuse special ids, by name, that lie outside a tokenizer's vocabulary (InputError)."""
    for name, number in ids.items():
        if not 0 <= number < vocab_size:
            raise InputError(f"{path}: {name}_token_id {number} is outside its {vocab_size} pieces")
