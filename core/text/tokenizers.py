"""Tokenizers behind one small interface: text to ids and back, special ids by name."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

from core.errors import InputError
from core.files import refuse_pointer
from core.text import sentencepiece_file
from core.text.control_names import looks_like_control
from core.text.hugging_face import HuggingFaceTokenizer as HuggingFaceTokenizer
from core.text.sentencepiece_file import (
    CHARACTER_MAP,
    CONTROL,
    NORMALIZER_SPEC,
    REMOVE_EXTRA_WHITESPACES,
    USER_DEFINED,
    last_field,
)
from core.text.token_text import WHICH_KIND, check_ids, one_sentence, readable, sentencepiece_text, side_by_side
from core.text.tokenizer_probe import try_tokenizer

TokenizerKind = Literal["sentencepiece", "tiktoken", "hf"]
_ERROR = 2  # sentencepiece's levels are those of Abseil: info, warning, error
# What is no character of any text (Unicode, "noncharacters"): one that a text lacks can stand for its control tokens.
_SYMBOLS = "".join(map(chr, range(0xFDD0, 0xFDF0)))


class Tokenizer(Protocol):
    """What conversion and inference need of a tokenizer."""

    bos_id: int
    eos_id: int
    pad_id: int
    vocab_size: int

    @property
    def controls(self) -> Mapping[str, int]:
        """The control tokens, name -> id: no text that is encoded ever becomes one of them."""

    @property
    def parts_at_controls(self) -> bool:
        """Whether `encode_around` makes the same ids of each text, with the token before it, as of all at once."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS or EOS; the name of a control token in it is plain text."""

    def encode_around(self, texts: Sequence[str], controls: Sequence[int]) -> list[int]:
        """Return the ids of plain texts with a control token between each two (so `controls` is one shorter).

        They are those that the tokenizer's own library gives for the whole text with the tokens' names in it.
        """

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

    def __init__(self, path: Path, bos_id: int, eos_id: int, pad_id: int, controls: Collection[str] = ()) -> None:
        try:
            content = path.read_bytes()
            found = [
                piece
                for piece in sentencepiece_file.pieces(
                    content, b"<[" + b"".join(name.encode()[:1] for name in controls)
                )
                if _is_control(piece, controls)
            ]
            self._content = sentencepiece_file.unused(content, [piece for piece in found if piece.kind != CONTROL])
        except (IndexError, ValueError, StopIteration) as error:
            raise InputError(f"{path}: not a sentencepiece model that can be read; {WHICH_KIND}") from error
        self._path, self._model = path, _sentencepiece(self._content, path)
        self.bos_id, self.eos_id, self.pad_id = bos_id, eos_id, pad_id
        self.vocab_size = int(self._model.GetPieceSize())
        self.controls = {piece.text: int(self._model.PieceToId(piece.text)) for piece in found}
        # The library's own control tokens part a text in no call: it goes on from them as from its beginning.
        self._within = {self.controls[piece.text] for piece in found if piece.kind != CONTROL}
        self._with_symbol: dict[str, Any] = {}
        check_ids(path, self.vocab_size, {"bos": bos_id, "eos": eos_id, "pad": pad_id})

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS or EOS; the name of a control token in it is plain text."""
        return list(self._model.EncodeAsIds(text)) if text else []

    def encode_around(self, texts: Sequence[str], controls: Sequence[int]) -> list[int]:
        """Return the ids of texts with control tokens between them; see `Tokenizer`."""
        ids: list[int] = []
        first = 0
        for place, control in enumerate(controls):
            if control not in self._within:
                ids += [*self._joined(texts[first : place + 1], controls[first:place]), control]
                first = place + 1
        return ids + self._joined(texts[first:], controls[first:])

    def _joined(self, texts: Sequence[str], controls: Sequence[int]) -> list[int]:
        """Encode texts in one call, with a symbol between them that none of them holds; it stands for the controls."""
        if not controls:
            return self.encode(texts[0])
        held = "".join(texts)
        symbol = next((symbol for symbol in _SYMBOLS if symbol not in held), None)
        if symbol is None:
            raise InputError("a text holds all characters that are none (U+FDD0 to U+FDEF); take them out")
        if symbol not in self._with_symbol:
            content = sentencepiece_file.with_symbol(self._content, symbol)
            self._with_symbol[symbol] = _sentencepiece(content, self._path)
        between = iter(controls)
        found = self._with_symbol[symbol].EncodeAsIds(symbol.join(texts))
        return [next(between) if number == self.vocab_size else int(number) for number in found]

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
        return sentencepiece_text(str(self._model.IdToPiece(number)))

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
        try:
            rules = last_field(self._content, NORMALIZER_SPEC)
        except IndexError:  # it ends within a field; then nothing is known, and the answer is the safe one
            return False
        # A field that is not there has its default: no character map, blanks dropped.
        return not last_field(rules, CHARACTER_MAP) and last_field(rules, REMOVE_EXTRA_WHITESPACES) == b"\0"

    @property
    def parts_at_controls(self) -> bool:
        """See `Tokenizer`: where blanks are dropped, those beside a control token are kept in one call alone."""
        return self._plain


def _sentencepiece(content: bytes, path: Path) -> Any:
    import sentencepiece

    # Of a file that is sound it warns too: that a piece is a NUL, say.
    sentencepiece.SetMinLogLevel(_ERROR)
    model = sentencepiece.SentencePieceProcessor()
    try:
        model.LoadFromSerializedProto(content)
    except RuntimeError as error:  # it names lines of the library's own sources, and nothing of use
        raise InputError(f"{path}: not a sentencepiece model that can be read; {WHICH_KIND}") from error
    return model


def _is_control(piece: sentencepiece_file.Piece, named: Collection[str]) -> bool:
    """Tell whether a piece is a control token: by its kind, by its name, or because a prompt uses it as one."""
    if piece.text in named:
        return piece.kind != sentencepiece_file.UNKNOWN
    return piece.kind == CONTROL or (piece.kind == USER_DEFINED and looks_like_control(piece.text))


class TiktokenTokenizer:
    """Llama-3's vocabulary file: a base64 token and its rank on each line; 256 special tokens follow the ranks."""

    parts_at_controls = True

    def __init__(self, path: Path, bos_id: int, eos_id: int, pad_id: int, controls: Collection[str] = ()) -> None:
        import tiktoken

        ranks = tiktoken_ranks(path)
        special = {name: len(ranks) + number for number, name in enumerate(llama3_special())}
        self._path = path
        with one_sentence(path):
            self._encoding = tiktoken.Encoding(
                path.name, pat_str=LLAMA3_PATTERN, mergeable_ranks=ranks, special_tokens=special
            )
        self._special = self.controls = special
        self.bos_id, self.eos_id, self.pad_id = bos_id, eos_id, pad_id
        self.vocab_size = len(ranks) + len(special)
        check_ids(path, self.vocab_size, {"bos": bos_id, "eos": eos_id, "pad": pad_id})

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS or EOS; a special token's name in it is plain text."""
        with one_sentence(self._path):
            return self._encoding.encode_ordinary(text)

    def encode_around(self, texts: Sequence[str], controls: Sequence[int]) -> list[int]:
        """Return the ids of texts with control tokens between them; see `Tokenizer`."""
        return side_by_side(map(self.encode, texts), controls)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text."""
        # The library's own batches go through threads that wait for each other: three times the work.
        with one_sentence(self._path):
            return [self._encoding.encode_ordinary(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`; special and unknown ids are dropped."""
        first_special = self.vocab_size - len(self._special)
        with one_sentence(self._path):
            return self._encoding.decode([int(i) for i in ids if 0 <= int(i) < first_special])

    def piece_id(self, piece: str) -> int | None:
        """Return the id of a special token, None where there is none of that name."""
        return self._special.get(piece)

    def piece(self, number: int) -> str:
        """Return the text, name or bytes that an id stands for."""
        return readable(self._encoding.decode_single_token_bytes(number))

    def may_join(self, left: str, right: str) -> bool:
        """Tell whether a word of the pattern that splits the text may span the border; see `LLAMA3_PATTERN`."""
        before, after = _kind(left), _kind(right)
        if before in ("letter", "number"):
            return after in (before, "unknown")
        if before == "newline":
            return after in ("newline", "blank", "unknown")
        return before != "symbol" or after not in ("number", "blank")


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
                f"{path}:{number}: not a base64 token and its rank, as in Llama-3's file; {WHICH_KIND}"
            ) from error
    if sorted(ranks.values()) != list(range(len(ranks))) or not ranks:
        raise InputError(f"{path}: the ranks are not 0, 1, 2, …; the file is damaged")
    return ranks


_KINDS: dict[TokenizerKind, Callable[[Path, int, int, int, Collection[str]], Tokenizer]] = {
    "sentencepiece": SentencePieceTokenizer,
    "tiktoken": TiktokenTokenizer,
    "hf": HuggingFaceTokenizer,
}


def load_tokenizer(
    kind: TokenizerKind, path: Path, bos_id: int, eos_id: int, pad_id: int, controls: Collection[str] = ()
) -> Tokenizer:
    """Load a tokenizer.

    Args:
        kind: of the file.
        path: the file.
        bos_id: the id of a text's beginning.
        eos_id: the id of its end.
        pad_id: the id of padding.
        controls: pieces that a prompt uses as control tokens: no text becomes one of them, whatever the file says.

    Raises:
        InputError: the file is missing or not of its kind, or a special id is outside its vocabulary.
    """
    if not path.is_file():
        raise InputError(f"{path}: tokenizer file not found; set model.tokenizer.file=PATH")
    refuse_pointer(path)
    try_tokenizer(kind, path)
    return _KINDS[kind](path, bos_id, eos_id, pad_id, controls)


def opened(kind: str, path: Path) -> Tokenizer:
    """Load a tokenizer whose special ids do not matter; InputError as `load_tokenizer`. Any damage may happen here."""
    return {str(name): one for name, one in _KINDS.items()}[kind](path, 0, 0, 0, ())
