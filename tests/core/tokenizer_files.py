"""Small tokenizers of every kind, with control tokens that their files mark in every way there is."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from core.text.tokenizers import Tokenizer, load_tokenizer

CONTROLS = ("<turn>", "</turn>", "<|end|>")
_WORDS = [f"a cat has {number} legs, an ox too; say it and end the turn |." for number in range(200)]


def sentencepiece_file(path: Path, model_type: str, **how: bool) -> Path:
    """Train a model whose control tokens are user-defined pieces, as InternLM's are; "word" beside them is text."""
    import sentencepiece

    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_WORDS), model_writer=out, model_type=model_type, vocab_size=380, byte_fallback=True,
        user_defined_symbols=[*CONTROLS, "legs"], pad_id=3, minloglevel=2, hard_vocab_limit=False, **how,
    )  # fmt: skip
    path.write_bytes(out.getvalue())
    return path


def byte_level_file(path: Path) -> Path:
    """Write a tokenizer.json in which "<|end|>" alone is called special, as Qwen's and DeepSeek's files do."""
    library = pytest.importorskip("tokenizers")
    alphabet = sorted(library.pre_tokenizers.ByteLevel.alphabet())
    model = library.Tokenizer(library.models.BPE({char: number for number, char in enumerate(alphabet)}, []))
    model.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = library.decoders.ByteLevel()
    model.add_special_tokens(["<s>", "</s>", "<|end|>"])
    model.add_tokens(["<turn>", "</turn>", "legs"])
    model.save(str(path))
    return path


def word_level_file(path: Path) -> Path:
    """Write a tokenizer.json whose vocabulary has the control tokens' names as words that a text may bring."""
    library = pytest.importorskip("tokenizers")
    words = ["<unk>", "<s>", "</s>", *CONTROLS, "a", "cat", "<", "turn>", "|end|>", "/turn>"]
    model = library.Tokenizer(library.models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="<unk>"))
    model.pre_tokenizer = library.pre_tokenizers.WhitespaceSplit()
    model.save(str(path))
    return path


def tiktoken_file(path: Path) -> Path:
    """Write the vocabulary of single bytes; Llama-3's special tokens follow it."""
    lines = [base64.b64encode(bytes([byte])) + b" %d" % byte for byte in range(256)]
    path.write_bytes(b"\n".join(lines))
    return path


def _sentencepiece(folder: Path, model_type: str, **how: bool) -> Tokenizer:
    return load_tokenizer("sentencepiece", sentencepiece_file(folder / "tokenizer.model", model_type, **how), 1, 2, 3)


KINDS: dict[str, Callable[[Path], Tokenizer]] = {
    "bpe": lambda folder: _sentencepiece(folder, "bpe", remove_extra_whitespaces=False),
    "bpe without a first blank": lambda folder: _sentencepiece(folder, "bpe", add_dummy_prefix=False),
    "unigram": lambda folder: _sentencepiece(folder, "unigram"),
    "tiktoken": lambda folder: load_tokenizer("tiktoken", tiktoken_file(folder / "tokenizer.model"), 256, 257, 258),
    "byte level": lambda folder: load_tokenizer("hf", byte_level_file(folder / "tokenizer.json"), 256, 257, 257),
    "word level": lambda folder: load_tokenizer("hf", word_level_file(folder / "tokenizer.json"), 1, 2, 2, CONTROLS),
}
