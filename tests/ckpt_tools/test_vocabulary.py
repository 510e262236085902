"""Weights carried over to another vocabulary: a shared piece keeps its row, others begin as their parts' mean."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ckpt_tools.conversion.vocabulary import carry_over
from ckpt_tools.formats.tensors import open_tensors
from core.config import kit_path, load_model
from core.text.tokenizers import SentencePieceTokenizer


def _tokenizer(model: str) -> SentencePieceTokenizer:
    return SentencePieceTokenizer(kit_path(load_model(model).tokenizer.file), 1, 2, 3)


def test_rows_follow_their_pieces_and_layers_stay(tmp_path: Path) -> None:
    source = kit_path(load_model("practice").checkpoint)
    old, new = _tokenizer("practice"), _tokenizer("practice_choice")
    carry_over(source, old, new, tmp_path / "start.ckpt")
    with open_tensors(source) as before, open_tensors(tmp_path / "start.ckpt") as after:
        assert sorted(before) == sorted(after)
        for name in before:
            one, other = before.read(name), after.read(name)
            if one.shape[0] != old.vocab_size:
                assert np.array_equal(one, other)
                continue
            assert other.shape == (new.vocab_size, one.shape[1])
            for special in (new.bos_id, new.eos_id, new.pad_id):
                assert np.array_equal(other[special], one[special])
            # "dog" is one piece in both; "blizzard" is one in the new vocabulary alone.
            (was,), (now,) = old.encode("dog"), new.encode("dog")
            assert np.array_equal(other[now], one[was])
            parts, (whole,) = old.encode("blizzard"), new.encode("blizzard")
            assert len(parts) > 1
            assert np.allclose(other[whole], one[parts].mean(axis=0))
            # 老虎: no space is before it, and none goes into the mean.
            tiger = new.piece_id("老虎")
            assert tiger is not None
            assert np.allclose(other[tiger], one[old.encode("老虎")[1:]].mean(axis=0))
