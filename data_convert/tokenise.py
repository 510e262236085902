"""From a record to the tokens and labels of one MindRecord row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from core.errors import InputError
from core.prompts import Prompt, render
from core.records import Record
from core.tokenizers import Tokenizer

IGNORED = -100


@dataclass(frozen=True)
class Example:
    """The tokens of one record, prompt and answer together; `answer_start` is where the learned part begins."""

    record: Record
    ids: list[int]
    answer_start: int


@dataclass
class Audit:
    """What became of the records: every one that came in is counted here."""

    records: int = 0
    converted: int = 0
    overlong: list[str] = field(default_factory=list)
    tokens: int = 0
    answer_tokens: int = 0
    longest: int = 0
    lengths: dict[int, int] = field(default_factory=dict)


def prompt_ids(prompt: Prompt, text: str, tokenizer: Tokenizer) -> list[int]:
    """Return the tokens of a rendered prompt, as training and inference both use them."""
    return [tokenizer.bos_id] * prompt.bos + tokenizer.encode(text)


def check_pieces(prompt: Prompt, tokenizer: Tokenizer) -> None:
    """Make sure that the prompt's marks are single pieces of the tokenizer; InputError where one is not."""
    for piece in prompt.special_pieces:
        if tokenizer.piece_id(piece) is None:
            raise InputError(f"prompt {prompt.name!r} uses {piece!r}, which is no piece of the model's tokenizer")


def example(record: Record, prompt: Prompt, tokenizer: Tokenizer) -> Example:
    """Tokenise one record: prompt, answer, the prompt's answer_end, EOS.

    Prompt and answer are encoded apart, as at inference, so that no token spans the border between them.
    """
    start = prompt_ids(prompt, render(prompt, record), tokenizer)
    answer = tokenizer.encode(record.answer) + tokenizer.encode(prompt.answer_end) + [tokenizer.eos_id]
    return Example(record, start + answer, len(start))


def rows(
    examples: Iterable[Example], seq_length: int, pad_id: int, audit: Audit, refuse_overlong: bool = False
) -> Iterator[tuple[list[int], list[int]]]:
    """Yield (input_ids, labels) of seq_length + 1 numbers each, and keep the audit.

    A record of up to seq_length + 1 tokens fits; its EOS is always among its labels. The prompt and the padding
    are labelled -100.

    Raises:
        InputError: with `refuse_overlong`, a record does not fit.
    """
    width = seq_length + 1
    for item in examples:
        length = len(item.ids)
        audit.records += 1
        audit.longest = max(audit.longest, length)
        audit.lengths[length] = audit.lengths.get(length, 0) + 1
        if length > width:
            place = item.record.source or item.record.id
            audit.overlong.append(f"{place}: {length} tokens")
            if refuse_overlong:
                raise InputError(f"{place}: {length} tokens, {width} fit; raise data.seq_length or data.overlong=drop")
            continue
        audit.converted += 1
        audit.tokens += length
        audit.answer_tokens += length - item.answer_start
        padding = width - length
        labels = [IGNORED] * item.answer_start + item.ids[item.answer_start :] + [IGNORED] * padding
        yield item.ids + [pad_id] * padding, labels
