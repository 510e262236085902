"""A tokenizer file is tried in a process of its own."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from core.errors import InputError
from core.text.tokenizer_probe import repeats_repeated, try_tokenizer
from core.text.tokenizers import load_tokenizer

IN_USE = (
    r"(?i:'s|'t|'re|'ve|'m)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}]*[\p{Ll}\p{Lm}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}",
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+",
)


@pytest.mark.parametrize("pattern", IN_USE)
def test_patterns_in_use_are_read(pattern: str) -> None:
    assert not repeats_repeated(pattern)


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)*", "(?:a?){40}", "((a*)b)+", r"(\s*\s*)*x", "([a]+)+", "(a+){9}"]
)
def test_patterns_that_may_hang_are_noticed(pattern: str) -> None:
    assert repeats_repeated(pattern)


def _ranks(count: int) -> bytes:
    return b"".join(base64.b64encode(bytes([byte])) + b" %d\n" % byte for byte in range(count))


def test_a_whole_file_is_loaded_and_a_damaged_one_is_a_sentence(tmp_path: Path) -> None:
    whole, few = tmp_path / "whole.model", tmp_path / "few.model"
    whole.write_bytes(_ranks(256))
    few.write_bytes(_ranks(40))
    assert load_tokenizer("tiktoken", whole, 0, 1, 2).encode("ab") == [97, 98]
    with pytest.raises(InputError, match=r"few\.model: not a tokenizer that can be used .*does model\.tokenizer\.kind"):
        try_tokenizer("tiktoken", few)


def test_a_file_that_is_too_large_is_not_even_tried(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as out:
        out.truncate(65 << 20)
    with pytest.raises(InputError, match="no tokenizer has more than 64 MiB"):
        load_tokenizer("hf", large, 0, 0, 0)
