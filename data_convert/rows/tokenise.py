"""From records to tokens: the prompt, the answer, EOS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.errors import InputError
from core.text.prompt_tokens import Span, answer_ids, prompt_tokens, text_ids
from core.text.prompts import Prompt, render, render_answer
from core.text.records import Record
from core.text.rounds import HISTORY, system_of
from core.text.tokenizers import Tokenizer
from data_convert.rows.prompt_parts import PromptParts


class Example(NamedTuple):
    """The tokens of one record, prompt and answer together.

    Attributes:
        record: the record.
        ids: its tokens.
        answer_start: where its answer begins, which is learned to the end.
        earlier: spans (begin, end) before it that are learned too: answers of earlier rounds.
    """

    record: Record
    ids: list[int]
    answer_start: int
    earlier: tuple[Span, ...] = ()


def example(record: Record, prompt: Prompt, tokenizer: Tokenizer) -> Example:
    """Tokenise one record: prompt, answer, the prompt's answer_end, EOS.

    Prompt and answer are encoded apart, as at inference, so that no token spans the border between them.
    """
    start = prompt_tokens(prompt, render(prompt, record), tokenizer)
    answer = answer_ids(prompt, render_answer(prompt, record), tokenizer)
    return Example(record, start.ids + answer, len(start.ids), tuple(start.learned))


class Encoder:
    """Tokenises many records at once, to the same ids as `example`, which is its definition."""

    def __init__(self, prompts: Mapping[str, Prompt], tokenizer: Tokenizer) -> None:
        """Take the prompt of each task, and the tokenizer."""
        self._tokenizer = tokenizer
        self._whole = prompts
        self._prompts = {
            task: (PromptParts(prompt, tokenizer), [*text_ids(prompt, prompt.answer_end, tokenizer), tokenizer.eos_id])
            for task, prompt in prompts.items()
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
        apart = [bool(self._whole[record.task].chat_template or record.meta.get(HISTORY)) for record in records]
        simple = iter(self._encoded([record for record, is_apart in zip(records, apart, strict=True) if not is_apart]))
        return [
            example(record, self._whole[record.task], self._tokenizer) if is_apart else next(simple)
            for record, is_apart in zip(records, apart, strict=True)
        ]

    def system_unheard(self, records: Sequence[Record]) -> int:
        """Return how many records have a system text that the prompt of their task does not hold."""
        return sum(bool(system_of(record)) and not self._whole[record.task].holds_system for record in records)

    def _encoded(self, records: Sequence[Record]) -> list[Example]:
        """Encode records of one round, whose prompts are text with fields: all their texts together."""
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
