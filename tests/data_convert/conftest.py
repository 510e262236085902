"""Tokenizers of the kinds that the contests' models have."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from core.text.tokenizers import Tokenizer, load_tokenizer


@pytest.fixture(scope="session")
def tiny_tiktoken(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """Llama-3's kind of tokenizer with single bytes for a vocabulary, and its special tokens."""
    file = tmp_path_factory.mktemp("tiktoken") / "tokenizer.model"
    lines = (f"{base64.b64encode(bytes([number])).decode()} {number}" for number in range(256))
    Path(file).write_text("\n".join(lines), encoding="utf-8")
    return load_tokenizer("tiktoken", file, 256, 257, 258)
