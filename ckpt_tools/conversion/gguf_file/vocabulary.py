"""What a GGUF file says of a model's tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path

from core.config import kit_path, model_tokenizer
from core.errors import InputError
from core.schema import ModelConfig
from core.text.tokenizers import TokenizerKind

_NEVER = -1e4  # score of a token that nothing is merged to


class TokenType(IntEnum):
    """What kind of token an id is, with GGUF's numbers (`gguf.TokenType`; sentencepiece has the same)."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True)
class Vocabulary:
    """A tokenizer in llama.cpp's terms.

    Attributes:
        model: "llama": sentencepiece's merging of pairs; "gpt2": merging of bytes.
        tokens: text of each id, in order.
        types: kind of each id.
        scores: sentencepiece's, by id: of two neighbours those with the highest score are merged first.
        merges: of bytes, the first first: two tokens with a space between them.
        pre: llama.cpp's name of the rule that splits text before bytes are merged; of "gpt2" only.
        unknown: id of what is no token of it; None where all texts have tokens.
        space_first: whether a space is put before a text.
        notes: sentences on where llama.cpp tokenises text otherwise.
    """

    model: str
    tokens: Sequence[bytes]
    types: Sequence[TokenType]
    scores: Sequence[float] = ()
    merges: Sequence[str] = ()
    pre: str = ""
    unknown: int | None = None
    space_first: bool = False
    notes: tuple[str, ...] = ()


def vocabulary_of(model: ModelConfig) -> Vocabulary:
    """Read the tokenizer of a model, with as many tokens as its embedding has rows.

    Raises:
        InputError: the file is missing or damaged, has more tokens than the model, or tokenises in a way that
            llama.cpp does not know.
    """
    from ckpt_tools.conversion.gguf_file.byte_pairs import from_hugging_face, from_tiktoken
    from ckpt_tools.conversion.gguf_file.sentencepiece_model import from_sentencepiece

    readers: dict[TokenizerKind, Callable[[Path], Vocabulary]] = {
        "sentencepiece": from_sentencepiece,
        "tiktoken": from_tiktoken,
        "hf": from_hugging_face,
    }
    model_tokenizer(model)  # refuses a file that is not there, damaged or of another kind
    path = kit_path(model.tokenizer.file)
    found = readers[model.tokenizer.kind](path)
    lacking = model.vocab_size - len(found.tokens)
    if lacking < 0:
        raise InputError(f"{path}: has {len(found.tokens)} tokens, model {model.name} has {model.vocab_size}")
    # llama.cpp ends a text at a NUL, and finds tokens by their texts: each needs one of its own.
    texts = [f"[NUL{number}]".encode() if b"\0" in text else text for number, text in enumerate(found.tokens)]
    texts += [f"[PAD{number}]".encode() for number in range(len(texts), model.vocab_size)]
    twice = len(texts) - len(set(texts))
    if twice:
        raise InputError(f"{path}: {twice} of its tokens have the text of another one, which llama.cpp cannot hold")
    return replace(
        found,
        tokens=texts,
        types=[*found.types, *[TokenType.UNUSED] * lacking],
        scores=[*found.scores, *[_NEVER] * lacking] if found.scores else (),
    )
