"""Tokenizers behind one small interface: text to ids and back, special ids by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from core.errors import InputError

TokenizerKind = Literal["sentencepiece", "tiktoken", "hf"]


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


class SentencePieceTokenizer:
    """A sentencepiece model file (Llama-2, InternLM, the practice model)."""

    def __init__(self, path: Path, bos_id: int, eos_id: int, pad_id: int) -> None:
        import sentencepiece

        self._model = sentencepiece.SentencePieceProcessor()
        try:
            self._model.LoadFromSerializedProto(path.read_bytes())
        except (OSError, RuntimeError) as error:
            raise InputError(f"{path}: not a sentencepiece model that can be read ({error})") from error
        self.bos_id, self.eos_id, self.pad_id = bos_id, eos_id, pad_id
        self.vocab_size = int(self._model.GetPieceSize())
        for name, number in (("bos", bos_id), ("eos", eos_id), ("pad", pad_id)):
            if not 0 <= number < self.vocab_size:
                raise InputError(f"{path}: {name}_token_id {number} is outside its {self.vocab_size} pieces")

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS or EOS."""
        return list(self._model.EncodeAsIds(text)) if text else []

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text."""
        encoded: Any = self._model.Encode(list(texts), out_type=int)
        return [list(ids) for ids in encoded]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`; special and unknown ids are dropped."""
        special = {self.bos_id, self.eos_id, self.pad_id}
        kept = [int(i) for i in ids if 0 <= int(i) < self.vocab_size and int(i) not in special]
        return str(self._model.DecodeIds(kept))

    def piece_id(self, piece: str) -> int | None:
        """Return the id of a piece, None where the vocabulary lacks it."""
        number = int(self._model.PieceToId(piece))
        return None if number == self._model.unk_id() else number


def load_tokenizer(kind: TokenizerKind, path: Path, bos_id: int, eos_id: int, pad_id: int) -> Tokenizer:
    """Load a tokenizer.

    Raises:
        InputError: the file is missing or not of its kind, or the kind is not built in.
    """
    if not path.is_file():
        raise InputError(f"{path}: tokenizer file not found; set model.tokenizer.file=PATH")
    if kind == "sentencepiece":
        return SentencePieceTokenizer(path, bos_id, eos_id, pad_id)
    raise InputError(f"tokenizer kind {kind!r} is not supported yet; sentencepiece is")
