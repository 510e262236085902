"""Weights of a model with another vocabulary to begin with: all layers as they are, the vocabulary's rows by piece."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ckpt_tools.formats.tensors import open_tensors, write_tensors
from core.text.tokenizers import SentencePieceTokenizer

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

# The tensors with one row for each piece.
_ROWS = ("model.tok_embeddings.embedding_weight", "lm_head.weight")


def carry_over(weights: Path, old: SentencePieceTokenizer, new: SentencePieceTokenizer, path: Path) -> None:
    """Write the weights of a model of the vocabulary `old` as one of the vocabulary `new`.

    A piece that both have keeps its row; another one begins as the mean of the rows of the pieces that `old` makes of
    its text.
    """
    sources = [_pieces(old, new.piece(number)) for number in range(new.vocab_size)]
    with open_tensors(weights) as held:
        tensors = {info.name: held.read(info.name) for info in held.infos()}
    for name in _ROWS:
        rows = tensors[name]
        tensors[name] = np.stack([rows[ids].mean(axis=0) for ids in sources]).astype(rows.dtype)
    write_tensors(path, tensors)


def _pieces(old: SentencePieceTokenizer, piece: str) -> list[int]:
    same = old.piece_id(piece.replace(" ", "▁"))
    if same is not None:
        return [same]
    ids = old.encode(piece.removeprefix(" "))
    # The space that is put before any text is not the piece's own, if it is a token of its own.
    return ids[1:] if len(ids) > 1 and old.piece(ids[0]) == " " else ids
