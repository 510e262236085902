"""From records to tokens: the prompt, the answer, EOS."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from core.errors import InputError
from core.prompt_tokens import marked_ids, marks, prompt_ids
from core.prompts import Prompt, render
from core.records import Record
from core.tokenizers import Tokenizer

_FIELD = re.compile(r"\{(\w*)\}")
# Texts that recur (the instructions of a corpus' subjects) are encoded once; so many are remembered.
_REMEMBERED = 4096
# A character of this list that no piece joins to a text's first character stands before it while it is encoded.
_ANCHORS = "\n。)a0"


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
    answer = tokenizer.encode(record.answer) + marked_ids(prompt, prompt.answer_end, tokenizer) + [tokenizer.eos_id]
    return Example(record, start + answer, len(start))


class Encoder:
    """Tokenises many records at once, to the same ids as `example`, which is its definition.

    Most of a prompt is its template's fixed text. Where no token can span the border between fixed text and a value,
    the fixed text is encoded once for all records; where one could, the whole prompt is encoded.
    """

    def __init__(self, prompts: Mapping[str, Prompt], tokenizer: Tokenizer) -> None:
        """Take the prompt of each task, and the tokenizer."""
        self._tokenizer = tokenizer
        self._templates = {task: _Template(prompt, tokenizer) for task, prompt in prompts.items()}

    def encode(self, records: Sequence[Record]) -> list[Example]:
        """Return one Example a record, in their order.

        Raises:
            InputError: a record lacks a field of its task's template, or there is no prompt for its task.
        """
        starts = self._starts(records)
        answers = self._tokenizer.encode_batch([record.answer for record in records])
        examples = []
        for record, start, answer in zip(records, starts, answers, strict=True):
            end = self._templates[record.task].end
            examples.append(Example(record, start + answer + end, len(start)))
        return examples

    def _starts(self, records: Sequence[Record]) -> list[list[int]]:
        wanted: list[str] = []
        plans = [self._template(record).parts(record, wanted) for record in records]
        encoded = self._tokenizer.encode_batch(wanted)
        starts = []
        for parts in plans:
            ids: list[int] = []
            for part in parts:
                ids += encoded[part[0]][part[1] :] if isinstance(part, tuple) else part
            starts.append(ids)
        return starts

    def _template(self, record: Record) -> _Template:
        template = self._templates.get(record.task)
        if template is None:
            raise InputError(f"{record.source or record.id}: this contest has no prompt for {record.task!r} records")
        return template


# A part of a prompt: ids, or the number of a text that is still to be encoded and how many of its ids to pass over.
_Part = list[int] | tuple[int, int]


class _Template:
    """One prompt's fixed text, encoded, and the places of the values between."""

    def __init__(self, prompt: Prompt, tokenizer: Tokenizer) -> None:
        self._prompt, self._tokenizer = prompt, tokenizer
        self.end = marked_ids(prompt, prompt.answer_end, tokenizer) + [tokenizer.eos_id]
        self._marked = bool(marks(prompt, tokenizer))
        words = _FIELD.split(prompt.template)
        self._fixed, self._fields = words[0::2], words[1::2]
        self._bos = [tokenizer.bos_id] * prompt.bos
        self._fixed_ids = [tokenizer.encode(self._fixed[0]), *map(self._after_a_value, self._fixed[1:-1])]
        self._fixed_ids.append(self._after_a_value(self._fixed[-1]) if self._fixed[-1] else [])
        self._first_ids = self._bos + (self._fixed_ids[0] or [])
        self._skip = [len(tokenizer.encode(text[-1:])) for text in self._fixed]
        self._remembered: dict[tuple[int, str], list[int]] = {}

    def parts(self, record: Record, wanted: list[str]) -> list[_Part]:
        """Return the parts of a record's prompt; texts that are still to be encoded are added to `wanted`."""
        if self._marked:
            return [prompt_ids(self._prompt, render(self._prompt, record), self._tokenizer)]
        before = len(wanted)
        parts: list[_Part] = []
        ahead = self._first_ids
        for number, name in enumerate(self._fields):
            value = record.question if name == "question" else record.meta.get(name)
            behind = self._fixed_ids[number + 1]
            if not isinstance(value, str) or behind is None or not self._stands_apart(number, value):
                del wanted[before:]
                wanted.append(render(self._prompt, record))
                return [self._bos, (before, 0)]
            parts += (ahead, self._value(number, name, value, wanted))
            ahead = behind
        parts.append(ahead)
        return parts

    def _value(self, number: int, name: str, value: str, wanted: list[str]) -> _Part:
        text = self._fixed[number][-1:] + value
        if name == "question":
            wanted.append(text)
            return len(wanted) - 1, self._skip[number]
        if (ids := self._remembered.get((number, value))) is None:
            ids = self._tokenizer.encode(text)[self._skip[number] :]
            if len(self._remembered) < _REMEMBERED:
                self._remembered[number, value] = ids
        return ids

    def _stands_apart(self, number: int, value: str) -> bool:
        """Tell whether no token can reach from a value into the fixed text on either side."""
        if not value:
            return False
        ahead, behind = self._fixed[number], self._fixed[number + 1]
        joins = self._tokenizer.may_join
        return not (ahead and joins(ahead[-1], value[0])) and not (behind and joins(value[-1], behind[0]))

    def _after_a_value(self, text: str) -> list[int] | None:
        """Return the ids of fixed text in the middle of a text; None where nothing parts it from what is before it."""
        for anchor in _ANCHORS:
            if text and not self._tokenizer.may_join(anchor, text[0]):
                return self._tokenizer.encode(anchor + text)[len(self._tokenizer.encode(anchor)) :]
        return None
