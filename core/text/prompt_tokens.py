"""The tokens of a prompt, in training as in inference."""

from __future__ import annotations

import re

from core.errors import InputError
from core.text.prompts import Prompt
from core.text.tokenizers import Tokenizer


def prompt_ids(prompt: Prompt, text: str, tokenizer: Tokenizer) -> list[int]:
    """Return the tokens of a rendered prompt, as training and inference both use them."""
    return [tokenizer.bos_id] * prompt.bos + text_ids(prompt, text, tokenizer)


def check_pieces(prompt: Prompt, tokenizer: Tokenizer) -> None:
    """Make sure that the tokenizer has the prompt's control tokens and fixed ids; InputError where it lacks one."""
    for piece in prompt.special_pieces:
        if tokenizer.piece_id(piece) is None:
            raise InputError(f"prompt {prompt.name!r} uses {piece!r}, which is not a piece of the model's tokenizer")
    for text, ids in prompt.token_ids.items():
        if not all(0 <= number < tokenizer.vocab_size for number in ids):
            raise InputError(f"prompt {prompt.name!r} sets ids for {text!r} outside {tokenizer.vocab_size} pieces")


def text_ids(prompt: Prompt, text: str, tokenizer: Tokenizer) -> list[int]:
    """Return the ids of a text in which the prompt's control tokens stand for themselves."""
    known = control_tokens(prompt, tokenizer)
    if not known:
        return tokenizer.encode(text)
    ids: list[int] = []
    for part in re.split("(" + "|".join(map(re.escape, known)) + ")", text):
        ids += known[part] if part in known else tokenizer.encode(part)
    return ids


def control_tokens(prompt: Prompt, tokenizer: Tokenizer) -> dict[str, list[int]]:
    """Return the texts that the tokenizer's `encode` would not turn into the ids they stand for, and these ids."""
    found = {text: list(ids) for text, ids in prompt.token_ids.items()}
    for piece in prompt.special_pieces:
        number = tokenizer.piece_id(piece)
        if number is not None and number not in tokenizer.encode(piece) and not any(piece in text for text in found):
            found[piece] = [number]
    return found


def target_delimiter(tokenizer: Tokenizer) -> str:
    """Return what stands between prompt and answer when both are one text: a space where the tokenizer adds one.

    In training they are tokenised apart, and a sentencepiece model begins each part with a space.
    """
    return " " if tokenizer.decode(tokenizer.encode("a") + tokenizer.encode("b")) == "a b" else ""
