"""From records to tokens: the prompt, the answer, EOS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.errors import InputError
from core.text.prompt_tokens import prompt_ids, text_ids
from core.text.prompts import Prompt, render
from core.text.records import Record
from core.text.tokenizers import Tokenizer
from data_convert.rows.prompt_parts import PromptParts


class Example(NamedTuple):
    """The tokens of one record, prompt and answer together; `answer_start` is where the learned part begins."""

    record: Record
    ids: list[int]
    answer_start: int


def example(record: Record, prompt: Prompt, tokenizer: Tokenizer) -> Example:
    """Tokenise one record: prompt, answer, the prompt's answer_end, EOS.

    Prompt and answer are encoded apart, as at inference, so that no token spans the border between them.
    """
    start = prompt_ids(prompt, render(prompt, record), tokenizer)
    answer = tokenizer.encode(record.answer) + _end(prompt, tokenizer)
    return Example(record, start + answer, len(start))


def _end(prompt: Prompt, tokenizer: Tokenizer) -> list[int]:
    return [*text_ids(prompt, prompt.answer_end, tokenizer), tokenizer.eos_id]


class Encoder:
    """Tokenises many records at once, to the same ids as `example`, which is its definition."""

    def __init__(self, prompts: Mapping[str, Prompt], tokenizer: Tokenizer) -> None:
        """Take the prompt of each task, and the tokenizer."""
        self._tokenizer = tokenizer
        self._prompts = {
            task: (PromptParts(prompt, tokenizer), _end(prompt, tokenizer)) for task, prompt in prompts.items()
        }

    def encode(self, records: Sequence[Record]) -> list[Example]:
        """Return one Example a record, in their order.

        Raises:
            InputError: a record lacks a field of its task's template, or there is no prompt for its task.
        """
        for record in records:
            if record.task not in self._prompts:
                where = record.source or record.id
                raise InputError(f"{where}: this contest has no prompt for {record.task!r} records")
        wanted: list[str] = []
        prompts = [self._prompts[record.task][0].of(record, wanted) for record in records]
        encoded = self._tokenizer.encode_batch(wanted)
        answers = self._tokenizer.encode_batch([record.answer for record in records])
        examples = []
        for record, parts, answer in zip(records, prompts, answers, strict=True):
            ids: list[int] = []
            for part in parts:
                ids += part if isinstance(part, list) else encoded[part[0]][part[1] :]
            answer_start = len(ids)
            ids += answer
            ids += self._prompts[record.task][1]
            examples.append(Example(record, ids, answer_start))
        return examples
