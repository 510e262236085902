"""The three kinds of tokenizer files, and damaged ones."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from core.config import kit_path, load_contest
from core.errors import InputError
from core.text.tokenizers import LLAMA3_PATTERN, Tokenizer, load_tokenizer

PRACTICE = kit_path(load_contest("practice_math").model.tokenizer.file)


@pytest.fixture(scope="module")
def llama3_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Llama-3's file format, with the 256 bytes and a few merges."""
    tokens = [bytes([byte]) for byte in range(256)] + [b"he", b"ll", b"hell", b"hello"]
    file = tmp_path_factory.mktemp("tiktoken") / "tokenizer.model"
    file.write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens)))
    return file


@pytest.fixture(scope="module")
def llama3(llama3_file: Path) -> Tokenizer:
    return load_tokenizer("tiktoken", llama3_file, 260, 261, 262)


def test_tiktoken(llama3_file: Path) -> None:
    tokenizer = load_tokenizer("tiktoken", llama3_file, 260, 261, 262)
    assert tokenizer.vocab_size == 260 + 256
    assert tokenizer.encode("hello") == [259]
    assert tokenizer.decode([260, 259, 261]) == "hello"
    assert tokenizer.piece_id("<|begin_of_text|>") == 260
    assert tokenizer.piece_id("<|eot_id|>") == 269
    # Digits go in groups of three, and a special token's name in a question is plain text.
    assert tokenizer.decode(tokenizer.encode("12345 <|end_of_text|>")) == "12345 <|end_of_text|>"


@given(st.text())
def test_tiktoken_loses_no_text(llama3: Tokenizer, text: str) -> None:
    assert llama3.decode(llama3.encode(text)) == text


@given(st.text(alphabet=st.characters(exclude_characters="\x00▁", exclude_categories=["Cs"])))
def test_the_practice_tokenizer_loses_no_text(text: str) -> None:
    tokenizer = load_tokenizer("sentencepiece", PRACTICE, 1, 2, 3)
    assert tokenizer.decode(tokenizer.encode(text)) == text


# Characters of every kind that the pattern tells apart, and some that Unicode's tables call odd.
KINDS = "aSs'’中٣5½ \t\n\r.,？#_\u0301\u200b\u3000\u2028\x1c\x85ʰſ\ud7b0"


@settings(max_examples=500)
@given(st.text(st.one_of(st.sampled_from(KINDS), st.characters()), min_size=2, max_size=12))
def test_no_word_spans_what_may_not_join(llama3: Tokenizer, text: str) -> None:
    words = regex.compile(LLAMA3_PATTERN).findall
    for at in range(1, len(text)):
        if not llama3.may_join(text[at - 1], text[at]):
            assert words(text[:at]) + words(text[at:]) == words(text)


def test_what_a_tiktoken_id_stands_for(llama3_file: Path) -> None:
    tokenizer = load_tokenizer("tiktoken", llama3_file, 260, 261, 262)
    assert [tokenizer.piece(number) for number in (259, 10, 0xE4, 260, 269)] == [
        "hello", "\n", "<0xE4>", "<|begin_of_text|>", "<|eot_id|>"
    ]  # fmt: skip


def test_what_a_sentencepiece_id_stands_for() -> None:
    tokenizer = load_tokenizer("sentencepiece", PRACTICE, 1, 2, 3)
    # The second character is in no piece: it comes as the three bytes of its UTF-8 form.
    assert [tokenizer.piece(number) for number in tokenizer.encode("3 +\n龘")] == [
        " ", "3", " +", "\n", "<0xE9>", "<0xBE>", "<0x98>"
    ]  # fmt: skip
    assert [tokenizer.piece(number) for number in (0, 1, 2, 3, 7)] == ["<unk>", "<s>", "</s>", "<pad>", "<eoh>"]
    assert all(tokenizer.piece(number) for number in range(tokenizer.vocab_size))


@given(text=st.text(st.characters(exclude_characters="<两", exclude_categories=["Cs"])))
def test_what_a_byte_level_id_stands_for(byte_level_file: Path, text: str) -> None:
    tokenizer = load_tokenizer("hf", byte_level_file, 256, 257, 257)
    assert [tokenizer.piece(number) for number in tokenizer.encode(text)] == [
        chr(byte) if byte < 0x80 else f"<0x{byte:02X}>" for byte in text.encode()
    ]
    assert (tokenizer.piece(256), tokenizer.piece(258)) == ("<s>", "两 个")


@pytest.fixture(scope="module")
def byte_level_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte-level vocabulary without merges, as GPT-2's and Llama-3's tokenizer.json are."""
    library = pytest.importorskip("tokenizers")
    alphabet = sorted(library.pre_tokenizers.ByteLevel.alphabet())
    model = library.Tokenizer(library.models.BPE({char: number for number, char in enumerate(alphabet)}, []))
    model.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    model.decoder = library.decoders.ByteLevel()
    model.add_special_tokens(["<s>", "</s>"])
    model.add_tokens(["两 个"])
    file = tmp_path_factory.mktemp("hf") / "tokenizer.json"
    model.save(str(file))
    return file


def test_hugging_face(tmp_path: Path) -> None:
    library = pytest.importorskip("tokenizers")
    model = library.Tokenizer(library.models.BPE({"a": 0, "b": 1, "ab": 2, "<s>": 3, "</s>": 4}, [("a", "b")]))
    model.add_special_tokens(["<s>", "</s>"])
    file = tmp_path / "tokenizer.json"
    model.save(str(file))
    tokenizer = load_tokenizer("hf", file, 3, 4, 4)
    assert tokenizer.encode("abab") == [2, 2]
    assert tokenizer.encode_batch(["ab", "a"]) == [[2], [0]]
    assert tokenizer.piece_id("</s>") == 4
    assert 4 not in tokenizer.encode("a</s>"), "the name of a special token in a question is plain text"
    assert (tokenizer.piece(2), tokenizer.piece(4)) == ("ab", "</s>")


@pytest.mark.parametrize("kind", ["sentencepiece", "tiktoken", "hf"])
@pytest.mark.parametrize("content", [b"", b"not a tokenizer", b"\x00\xff" * 50])
def test_a_damaged_file_is_one_sentence(tmp_path: Path, kind: str, content: bytes) -> None:
    file = tmp_path / "tokenizer"
    file.write_bytes(content)
    with pytest.raises(InputError):
        load_tokenizer(kind, file, 1, 2, 3)  # type: ignore[arg-type]


def test_a_missing_file_and_an_id_outside_the_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not found"):
        load_tokenizer("sentencepiece", tmp_path / "absent", 1, 2, 3)
    with pytest.raises(InputError, match="pad_token_id 5000"):
        load_tokenizer("sentencepiece", PRACTICE, 1, 2, 5000)


def test_internlm(shared_data: Path) -> None:
    model = load_contest("choice_internlm").model
    file = shared_data / "tokenizers" / "internlm_7b" / "tokenizer.model"
    tokenizer = load_tokenizer("sentencepiece", file, model.bos_token_id, model.eos_token_id, model.pad_token_id)
    assert tokenizer.vocab_size == model.vocab_size
    # The ids of this public file, which differ from those hard-coded in the official converter.
    assert (tokenizer.piece_id("<eoh>"), tokenizer.piece_id("<eoa>")) == (103027, 103028)
