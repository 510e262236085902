"""Tokenizers behind one small interface: text to ids and back, special ids by name."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Literal, Protocol

from core.errors import InputError
from core.files import refuse_pointer

TokenizerKind = Literal["sentencepiece", "tiktoken", "hf"]
_KIND = "does model.tokenizer.kind fit it?"
_ERROR = 2  # sentencepiece's levels are those of Abseil: info, warning, error


class Tokenizer(Protocol):
    """What conversion and inference need of a tokenizer."""

    bos_id: int
    eos_id: int
    pad_id: int
    vocab_size: int

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS or EOS."""

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text."""

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`; special ids are dropped."""

    def piece_id(self, piece: str) -> int | None:
        """Return the id of a piece such as `<eoh>`, None where the vocabulary lacks it."""

    def piece(self, number: int) -> str:
        """Return what an id of the vocabulary stands for.

        That is text, a special token's name, or, for bytes that are no whole character, `<0xE4>` for each.
        """

    def may_join(self, left: str, right: str) -> bool:
        """Tell whether one token may span the border between the characters `left` and `right`.

        Where it is False, the text on either side can be encoded by itself and the ids put together. True is always
        a safe answer.
        """


class SentencePieceTokenizer:
    """A sentencepiece model file (Llama-2, InternLM, the practice model)."""

    def __init__(self, path: Path, bos_id: int, eos_id: int, pad_id: int) -> None:
        import sentencepiece

        # Of a file that is sound it warns too: that a piece is a NUL, say.
        sentencepiece.SetMinLogLevel(_ERROR)
        self._model = sentencepiece.SentencePieceProcessor()
        try:
            self._model.LoadFromSerializedProto(path.read_bytes())
        except RuntimeError as error:  # it names lines of the library's own sources, and nothing of use
            raise InputError(f"{path}: not a sentencepiece model that can be read; {_KIND}") from error
        self.bos_id, self.eos_id, self.pad_id = bos_id, eos_id, pad_id
        self.vocab_size = int(self._model.GetPieceSize())
        _check_ids(self, path)

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS or EOS."""
        return list(self._model.EncodeAsIds(text)) if text else []

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text."""
        # One thread: whoever has much to encode runs several processes.
        encoded: list[list[int]] = self._model.Encode(list(texts), out_type=int, num_threads=1)
        return encoded

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`; special and unknown ids are dropped."""
        special = {self.bos_id, self.eos_id, self.pad_id}
        kept = [int(i) for i in ids if 0 <= int(i) < self.vocab_size and int(i) not in special]
        return str(self._model.DecodeIds(kept))

    def piece_id(self, piece: str) -> int | None:
        """Return the id of a piece, None where the vocabulary lacks it."""
        number = int(self._model.PieceToId(piece))
        return None if number == self._model.unk_id() else number

    def piece(self, number: int) -> str:
        """Return the text, name or byte that an id stands for; a space is a space here, not ▁."""
        return _sentencepiece_text(str(self._model.IdToPiece(number)))

    def may_join(self, left: str, right: str) -> bool:
        """Tell whether some piece holds the two characters side by side: all that merging can make are pieces."""
        return (left + right).replace(" ", "▁") in self._pieces or not self._plain

    @cached_property
    def _pieces(self) -> str:
        """All pieces, a NUL between them: a NUL in a text counts as joined to anything."""
        return "\0".join(["", *self._model.IdToPiece(list(range(self.vocab_size))), ""])

    @cached_property
    def _plain(self) -> bool:
        """Whether the model neither rewrites characters nor drops spaces before it looks for pieces."""
        rules = _last_field(self._model.serialized_model_proto(), _NORMALIZER_SPEC)
        # A field that is not there has its default: no character map, blanks dropped.
        return not _last_field(rules, _CHARACTER_MAP) and _last_field(rules, _REMOVE_EXTRA_WHITESPACES) == b"\0"


class TiktokenTokenizer:
    """Llama-3's vocabulary file: a base64 token and its rank on each line; 256 special tokens follow the ranks."""

    def __init__(self, path: Path, bos_id: int, eos_id: int, pad_id: int) -> None:
        import tiktoken

        ranks = tiktoken_ranks(path)
        special = {name: len(ranks) + number for number, name in enumerate(llama3_special())}
        self._encoding = tiktoken.Encoding(
            path.name, pat_str=LLAMA3_PATTERN, mergeable_ranks=ranks, special_tokens=special
        )
        self._special = special
        self.bos_id, self.eos_id, self.pad_id = bos_id, eos_id, pad_id
        self.vocab_size = len(ranks) + len(special)
        _check_ids(self, path)

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS or EOS; a special token's name in it is plain text."""
        return self._encoding.encode_ordinary(text)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text."""
        # The library's own batches go through threads that wait for each other: three times the work.
        return [self._encoding.encode_ordinary(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`; special and unknown ids are dropped."""
        first_special = self.vocab_size - len(self._special)
        return self._encoding.decode([int(i) for i in ids if 0 <= int(i) < first_special])

    def piece_id(self, piece: str) -> int | None:
        """Return the id of a special token, None where there is none of that name."""
        return self._special.get(piece)

    def piece(self, number: int) -> str:
        """Return the text, name or bytes that an id stands for."""
        return _readable(self._encoding.decode_single_token_bytes(number))

    def may_join(self, left: str, right: str) -> bool:
        """Tell whether a word of the pattern that splits the text may span the border; see `LLAMA3_PATTERN`."""
        before, after = _kind(left), _kind(right)
        if before in ("letter", "number"):
            return after in (before, "unknown")
        if before == "newline":
            return after in ("newline", "blank", "unknown")
        return before != "symbol" or after not in ("number", "blank")


class HuggingFaceTokenizer:
    """A `tokenizer.json` of the tokenizers library."""

    def __init__(self, path: Path, bos_id: int, eos_id: int, pad_id: int) -> None:
        from tokenizers import Tokenizer as Library

        try:
            self._model = Library.from_str(path.read_text(encoding="utf-8"))
        except Exception as error:  # the library raises Exception itself
            raise InputError(f"{path}: not a tokenizer.json that can be read ({error}); {_KIND}") from error
        # A special token's name in a question is plain text; where the prompt means the token, it says so.
        self._model.encode_special_tokens = True
        self.bos_id, self.eos_id, self.pad_id = bos_id, eos_id, pad_id
        self.vocab_size = int(self._model.get_vocab_size())
        _check_ids(self, path)

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS or EOS."""
        return list(self._model.encode(text, add_special_tokens=False).ids)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text."""
        # One thread, as above.
        return [self.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`; special ids are dropped."""
        special = {self.bos_id, self.eos_id, self.pad_id}
        return str(self._model.decode([int(i) for i in ids if int(i) not in special], skip_special_tokens=True))

    def piece_id(self, piece: str) -> int | None:
        """Return the id of a piece, None where the vocabulary lacks it."""
        found: int | None = self._model.token_to_id(piece)
        return found

    def piece(self, number: int) -> str:
        """Return the text, name or bytes that an id stands for."""
        name = self._model.id_to_token(number)
        if name is None:
            return f"<unused {number}>"
        if type(self._model.decoder).__name__ != "ByteLevel":
            return _sentencepiece_text(name)
        whole = _BYTE_OF.keys() >= set(name)  # an added token may hold any character
        return _readable(bytes(_BYTE_OF[char] for char in name)) if whole else str(name)

    def may_join(self, left: str, right: str) -> bool:
        """Return True: what the tokenizer's own rules do at a border is not known."""
        return True


# Numbers of fields in sentencepiece_model.proto.
_NORMALIZER_SPEC, _CHARACTER_MAP, _REMOVE_EXTRA_WHITESPACES = 3, 2, 4


def _last_field(message: bytes, wanted: int) -> bytes:
    """Return the bytes of a field of a protobuf message (a varint's own bytes); empty where it is not there.

    protobuf itself is not used: MindSpore refuses to be imported after an implementation of it other than its own.
    """
    at, found = 0, b""
    while at < len(message):
        tag, at = _varint(message, at)
        kind, begin = tag & 7, at
        if kind == 0:
            _, at = _varint(message, at)
        elif kind == 2:
            length, begin = _varint(message, at)
            at = begin + length
        else:
            at += 8 if kind == 1 else 4
        if tag >> 3 == wanted:
            found = message[begin:at]
    return found


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Return the number that begins at a byte, and where the next field begins."""
    number = shift = 0
    while True:
        byte = message[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at


# The characters that byte-level vocabularies are written in: a byte whose Latin-1 character is visible is that
# character, the others are, in their order, the characters from number 256 on.
_VISIBLE = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
_BYTE_OF = {chr(byte): byte for byte in _VISIBLE} | {
    chr(256 + place): byte for place, byte in enumerate(byte for byte in range(256) if byte not in _VISIBLE)
}
BYTE_CHARACTERS = {byte: char for char, byte in _BYTE_OF.items()}
_BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")


def _sentencepiece_text(piece: str) -> str:
    """Return a sentencepiece piece as text: ▁ is a space, and the byte piece of an ASCII character that character."""
    byte = _BYTE_PIECE.fullmatch(piece)
    return _readable(bytes.fromhex(byte[1])) if byte else piece.replace("▁", " ")


def _readable(token: bytes) -> str:
    """Return UTF-8 bytes as text; bytes that are no whole character stand as <0xE4>."""
    text = token.decode("utf-8", "surrogateescape")
    return "".join(f"<0x{ord(char) - 0xDC00:02X}>" if "\udc80" <= char <= "\udcff" else char for char in text)


# How Llama-3 splits text before merging bytes (its published tokenizer). A word is letters with at the most one other
# character before them, up to three digits, symbols with newlines behind them, or white space.
LLAMA3_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def _kind(char: str) -> str:
    """Return what Llama-3's pattern takes a character for; "unknown" where other tables than Python's may differ."""
    if char in "\r\n":
        return "newline"
    if char in " \t":
        return "blank"
    category = unicodedata.category(char)
    kinds = {"L": "letter", "N": "number", "C": "unknown", "Z": "unknown"}
    return kinds.get(category[0], "symbol")


def llama3_special() -> list[str]:
    """Return the names of Llama-3's 256 special tokens, in the order of their ids."""
    named = {0: "begin_of_text", 1: "end_of_text", 6: "start_header_id", 7: "end_header_id", 9: "eot_id"}
    reserved = iter(range(256))
    return [f"<|{named[i]}|>" if i in named else f"<|reserved_special_token_{next(reserved)}|>" for i in range(256)]


def tiktoken_ranks(path: Path) -> dict[bytes, int]:
    """Read Llama-3's file; InputError where it is damaged or something else."""
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            token, rank = line.split()
            ranks[base64.b64decode(token, validate=True)] = int(rank)
        except ValueError as error:
            raise InputError(
                f"{path}:{number}: not a base64 token and its rank, as in Llama-3's file; {_KIND}"
            ) from error
    if sorted(ranks.values()) != list(range(len(ranks))) or not ranks:
        raise InputError(f"{path}: the ranks are not 0, 1, 2, …; the file is damaged")
    return ranks


def _check_ids(tokenizer: Tokenizer, path: Path) -> None:
    for name in ("bos", "eos", "pad"):
        number = getattr(tokenizer, f"{name}_id")
        if not 0 <= number < tokenizer.vocab_size:
            raise InputError(f"{path}: {name}_token_id {number} is outside its {tokenizer.vocab_size} pieces")


_KINDS: dict[TokenizerKind, Callable[[Path, int, int, int], Tokenizer]] = {
    "sentencepiece": SentencePieceTokenizer,
    "tiktoken": TiktokenTokenizer,
    "hf": HuggingFaceTokenizer,
}


def load_tokenizer(kind: TokenizerKind, path: Path, bos_id: int, eos_id: int, pad_id: int) -> Tokenizer:
    """Load a tokenizer.

    Raises:
        InputError: the file is missing or not of its kind, or a special id is outside its vocabulary.
    """
    if not path.is_file():
        raise InputError(f"{path}: tokenizer file not found; set model.tokenizer.file=PATH")
    refuse_pointer(path)
    return _KINDS[kind](path, bos_id, eos_id, pad_id)
