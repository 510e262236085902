"""The tokens of a prompt, in training as in inference.

The text of a prompt is in parts (`core.text.rendered`). Control tokens are looked for in those parts alone that are the
template's own; a record's texts are plain text, whatever they hold. Stretches that stand apart, such as the earlier
answers of a conversation, are tokenised by themselves, as an answer is while it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.errors import InputError
from core.text.prompts import Prompt
from core.text.rendered import Part, Rendered, parts_of
from core.text.tokenizers import Tokenizer

# What a control token's text stands for: fixed ids, or one token of the tokenizer's own.
Control = Sequence[int]
Span = tuple[int, int]


@dataclass(frozen=True)
class Tokens:
    """Ids of a text, and the spans (begin, end) of those that are learned."""

    ids: list[int]
    learned: list[Span]


def prompt_ids(prompt: Prompt, text: str, tokenizer: Tokenizer) -> list[int]:
    """Return the tokens of a rendered prompt, as training and inference both use them.

    Args:
        prompt: the template.
        text: what `render` made of it; in a plain `str` no control token is looked for.
        tokenizer: of the model.
    """
    return prompt_tokens(prompt, text, tokenizer).ids


def prompt_tokens(prompt: Prompt, text: str, tokenizer: Tokenizer) -> Tokens:
    """Return the tokens of a rendered prompt, with the earlier answers that are learned."""
    return _tokens(prompt, text, tokenizer, [tokenizer.bos_id] * has_bos(prompt))


def answer_ids(prompt: Prompt, text: Rendered, tokenizer: Tokenizer) -> list[int]:
    """Return the tokens of an answer as `render_answer` makes it, with EOS behind them, or up to its own EOS."""
    ids = _tokens(prompt, text, tokenizer, []).ids
    if prompt.chat_template and tokenizer.eos_id in ids:
        return ids[: ids.index(tokenizer.eos_id) + 1]
    return [*ids, tokenizer.eos_id]


def text_ids(prompt: Prompt, text: str, tokenizer: Tokenizer) -> list[int]:
    """Return the ids of a text of the template, in which the names of control tokens stand for these."""
    return _tokens(prompt, Rendered([Part(text, own=True)]), tokenizer, []).ids


def has_bos(prompt: Prompt) -> bool:
    """Tell whether the tokenizer's BOS goes before a prompt; a chat template writes its own."""
    return prompt.bos and not prompt.chat_template


def adds_blank(tokenizer: Tokenizer) -> bool:
    """Tell whether a tokenizer begins each text with a blank of its own, as most sentencepiece models do."""
    return tokenizer.decode(tokenizer.encode("a") + tokenizer.encode("b")) == "a b"


def check_pieces(prompt: Prompt, tokenizer: Tokenizer) -> None:
    """Make sure that the tokenizer has the prompt's control tokens and fixed ids; InputError where it lacks one."""
    for piece in prompt.special_pieces:
        if tokenizer.piece_id(piece) is None:
            raise InputError(f"prompt {prompt.name!r} uses {piece!r}, which is not a piece of the model's tokenizer")
        if piece not in tokenizer.controls and piece not in "".join(prompt.token_ids):
            raise InputError(
                f"prompt {prompt.name!r} uses {piece!r}, which the tokenizer was not told is a control token: a "
                "question that mentions it would hold it; load it with model_tokenizer(model, prompts)"
            )
    for text, ids in prompt.token_ids.items():
        if not all(0 <= number < tokenizer.vocab_size for number in ids):
            raise InputError(f"prompt {prompt.name!r} sets ids for {text!r} outside {tokenizer.vocab_size} pieces")


def control_tokens(prompt: Prompt, tokenizer: Tokenizer, own: str) -> dict[str, Control]:
    """Return what in a template's text `own` stands for control tokens, and their ids; longer texts come first."""
    found: dict[str, Control] = {text: ids for text, ids in prompt.token_ids.items() if text in own}
    fixed = [piece for piece in prompt.special_pieces if any(piece in text for text in prompt.token_ids)]
    for piece, number in tokenizer.controls.items():
        if piece in own and piece not in found and piece not in fixed:
            found[piece] = (number,)
    return dict(sorted(found.items(), key=lambda item: -len(item[0])))


def parted(text: str, known: Mapping[str, Control]) -> Iterator[str]:
    """Yield a template's text in pieces: every second one is a control token."""
    yield from re.split("(" + "|".join(map(re.escape, known)) + ")", text) if known else [text]


def _tokens(prompt: Prompt, text: str, tokenizer: Tokenizer, ids: list[int]) -> Tokens:
    parts = parts_of(text)
    known = control_tokens(prompt, tokenizer, "\0".join(part.text for part in parts if part.own))
    learned = []
    drops_blank = bool(prompt.chat_template) and adds_blank(tokenizer)
    for stretch in _stretches(parts):
        begin = len(ids)
        if drops_blank and stretch[0].apart and not all(part.own for part in stretch):
            # The blank between "[/INST]" and an answer is the one that the tokenizer begins a text with.
            stretch[0] = stretch[0]._replace(text=stretch[0].text.removeprefix(" "))
        ids += _stretch_ids(stretch, known, prompt, tokenizer)
        if stretch[0].learned:
            # A chat template may write a line's end behind EOS; no model comes to write it.
            ended = bool(prompt.chat_template) and tokenizer.eos_id in ids[begin:]
            learned.append((begin, ids.index(tokenizer.eos_id, begin) + 1 if ended else len(ids)))
    return Tokens(ids, learned)


def _stretches(parts: Iterable[Part]) -> Iterator[list[Part]]:
    """Yield the parts that are tokenised together."""
    stretch: list[Part] = []
    for part in parts:
        if part.apart and stretch:
            yield stretch
            stretch = []
        stretch.append(part)
    if stretch:
        yield stretch


def _stretch_ids(
    parts: Sequence[Part], known: Mapping[str, Control], prompt: Prompt, tokenizer: Tokenizer
) -> Iterator[int]:
    texts, controls = [""], list[int]()
    for part in parts:
        pieces = list(parted(part.text, known)) if part.own else [part.text]
        texts[-1] += pieces[0]
        for name, behind in zip(pieces[1::2], pieces[2::2], strict=True):
            if name in prompt.token_ids:
                # Whatever the tokenizer makes of that text; so it is no token that it knows how to go on from.
                yield from tokenizer.encode_around(texts, controls)
                yield from known[name]
                texts, controls = [behind], []
            else:
                controls += known[name]
                texts.append(behind)
    yield from tokenizer.encode_around(texts, controls)


def target_delimiter(tokenizer: Tokenizer) -> str:
    """Return what stands between prompt and answer when both are one text: a space where the tokenizer adds one.

    In training they are tokenised apart, and a sentencepiece model begins each part with a space.
    """
    return " " if adds_blank(tokenizer) else ""
