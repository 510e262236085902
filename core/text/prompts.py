"""The one place where a question becomes the text a model reads, in training as in inference.

A conversation of several rounds is written round by round: the template, the earlier answer and its end, the template
of a further round, and so on up to the question that is asked. What comes before an answer in training is what `render`
returns in inference, part for part, so the two cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.errors import InputError
from core.files import sha256_text
from core.text.chat import Chat, ChatValue
from core.text.records import Record
from core.text.rendered import Part, Rendered
from core.text.rounds import HISTORY, Round, history_of, history_rows, system_of

_FIELD = re.compile(r"\{(\w*)\}")
_FIELDS = ("question", "instruction", "passage", "system")


class Prompt(BaseModel):
    """A prompt template.

    Attributes:
        name: as in configs/prompts/.
        template: text with {question} and, from a record's `meta`, {instruction} or {passage}; {system} is where a
            system text goes. Names of the tokenizer's control tokens in it are these tokens; in a record's texts they
            are plain text.
        bos: whether the tokenizer's BOS goes before the prompt.
        answer_end: text between the answer and EOS in training; where it begins, a generated answer ends.
        special_pieces: control tokens in template or answer_end that the tokenizer must hold as single pieces.
        token_ids: texts of template or answer_end that stand for fixed ids, whatever the tokenizer makes of them.
        system_part: what stands for {system} where there is a system text; nothing does where there is none.
        default_system: the system text of records that bring none.
        next_round: the template of a conversation's further rounds, with {question}; empty: there can be none.
        round_end: text between an earlier answer and the next round; empty: answer_end.
        chat_template: "tokenizer": the one in the tokenizer's own files writes the conversation, of which `template` is
            what the user says; a path that ends in .jinja: that file does. A run keeps the text itself.
        chat_values: further names that the chat template knows, such as {enable_thinking: false}; `today` is the date
            that it may write, for with the day's own a prompt would be another one tomorrow.
        chat_tokens: names of tokens that the chat template knows, such as bos_token; read from the tokenizer's files.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    template: str = Field(min_length=1)
    bos: bool = True
    answer_end: str = ""
    special_pieces: tuple[str, ...] = ()
    token_ids: dict[str, tuple[int, ...]] = {}
    system_part: str = "{system}"
    default_system: str = ""
    next_round: str = ""
    round_end: str = ""
    chat_template: str = ""
    chat_values: dict[str, ChatValue] = {}
    chat_tokens: dict[str, str] = {}

    @field_validator("template")
    @classmethod
    def _known_fields(cls, template: str) -> str:
        return _checked_fields(template, "question", _FIELDS)

    @field_validator("next_round")
    @classmethod
    def _round_fields(cls, template: str) -> str:
        return _checked_fields(template, "question", ("question",)) if template else ""

    @field_validator("system_part")
    @classmethod
    def _system_fields(cls, template: str) -> str:
        return _checked_fields(template, "system", ("system",))

    @field_validator("chat_values", mode="before")
    @classmethod
    def _dates_are_text(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}

    @model_validator(mode="after")
    def _parts_fit(self) -> Prompt:
        if self.chat_template:
            given = ("answer_end", "next_round", "round_end", "token_ids", "special_pieces")
            if wrong := [name for name in given if getattr(self, name)]:
                raise ValueError(f"the chat template writes the marks of a conversation: leave out {', '.join(wrong)}")
            if "{system}" in self.template:
                raise ValueError("the chat template says where a system text goes: leave {system} out of template")
        elif self.default_system and not self.holds_system:
            raise ValueError("default_system is given, and the template has no {system}")
        return self

    @property
    def sha256(self) -> str:
        """Hash of everything that decides the rendered text and its tokens."""
        return sha256_text(self.model_dump_json(exclude={"name"}, exclude_defaults=True))

    @property
    def holds_system(self) -> bool:
        """Whether a system text stands in the prompt."""
        return bool(self.chat_template) or "{system}" in self.template

    @property
    def holds_rounds(self) -> bool:
        """Whether conversations of several rounds can be written."""
        return bool(self.chat_template or self.next_round)

    @property
    def chat(self) -> Chat:
        """The tokenizer's own conversation; only where there is a `chat_template`."""
        if self.chat_template == "tokenizer":
            raise InputError(
                f"prompt {self.name!r}: the tokenizer's folder is not there, nor its chat template with it"
            )
        return Chat(self.name, self.chat_template, {**self.chat_tokens, **self.chat_values})


def _checked_fields(template: str, needed: str, known: tuple[str, ...]) -> str:
    fields = set(_FIELD.findall(template))
    if unknown := sorted(fields - set(known)):
        raise ValueError(f"{{{unknown[0]}}} is none of {', '.join(f'{{{name}}}' for name in known)}")
    if needed not in fields:
        raise ValueError(f"{{{needed}}} is missing")
    return template


def render(prompt: Prompt, record: Record) -> Rendered:
    """Return the text that precedes the answer to `record`: its system text, its earlier rounds and its question.

    Values are put in as they are: braces in a question are never read as fields, and no text of a record is ever read
    as a control token.

    Raises:
        InputError: the record lacks a field of the template, or has earlier rounds that the prompt cannot write, or the
            chat template refuses it.
    """
    if prompt.chat_template:
        return prompt.chat.prompt(*_said(prompt, record), where=record.source or record.id)
    return Rendered(_rounds(prompt, record))


def render_after(prompt: Prompt, shown: Sequence[Record], record: Record) -> Rendered:
    """Return `render` of a record whose conversation begins with examples; only for a prompt with a chat template."""
    first = tuple(Round(_user_text(prompt, shot), shot.answer) for shot in shown)
    history = history_rows((*first, *history_of(record)))
    return render(prompt, replace(record, meta={**record.meta, HISTORY: history}))


def answer_end(prompt: Prompt) -> str:
    """Return what stands behind an answer: the prompt's `answer_end`, or what its chat template writes there."""
    return prompt.chat.end if prompt.chat_template else prompt.answer_end


def render_answer(prompt: Prompt, record: Record) -> Rendered:
    """Return what a model learns to write after `render(prompt, record)`, but for EOS: the answer and its end."""
    if prompt.chat_template:
        said = _said(prompt, record)
        return prompt.chat.answer(*said, answer=record.answer, where=record.source or record.id)
    return Rendered([Part(record.answer, learned=True, apart=True), *_end(prompt.answer_end)])


def _rounds(prompt: Prompt, record: Record) -> Iterator[Part]:
    history = history_of(record)
    if history and not prompt.next_round:
        raise InputError(f"{record.source or record.id}: {cannot_write_rounds(prompt, len(history) + 1)}")
    values: dict[str, Any] = {**record.meta, "system": system_of(record) or prompt.default_system}
    first = history[0].question if history else record.question
    yield from _filled(prompt, prompt.template, {**values, "question": first}, record)
    for number, earlier in enumerate(history, start=1):
        yield Part(earlier.answer, apart=True, learned=earlier.learned is not False)
        yield from (
            part._replace(learned=earlier.learned is not False) for part in _end(prompt.round_end or prompt.answer_end)
        )
        asked = history[number].question if number < len(history) else record.question
        opening, *others = _filled(prompt, prompt.next_round, {"question": asked}, record)
        yield opening._replace(apart=True)
        yield from others


def _end(text: str) -> Iterator[Part]:
    if text:
        yield Part(text, own=True, apart=True, learned=True)


def has_system(prompt: Prompt, record: Record) -> bool:
    """Tell whether a system text, the record's or the default one, belongs before a record's question."""
    return bool(system_of(record) or prompt.default_system)


def cannot_write_rounds(prompt: Prompt, rounds: int) -> str:
    """Say that a prompt has no form for a conversation of so many rounds, and what helps."""
    return (
        f"a conversation of {rounds} rounds, and prompt {prompt.name!r} writes one; choose a prompt with `next_round` "
        "or `chat_template`, such as chat or chatml"
    )


def _filled(prompt: Prompt, template: str, values: Mapping[str, Any], record: Record) -> Iterator[Part]:
    """Yield the parts of a template with its values put in; the first is the template's own, if only an empty text."""
    words = _FIELD.split(template)
    yield Part(words[0], own=True)
    for name, fixed in zip(words[1::2], words[2::2], strict=True):
        found = values.get(name)
        if not isinstance(found, str):
            raise InputError(
                f"{record.source or record.id}: prompt {prompt.name!r} asks for {{{name}}}, the record has none; "
                "choose another one of configs/prompts/ with prompt=NAME"
            )
        if name != "system":
            yield Part(found)
        elif found:
            before, *rest = prompt.system_part.split("{system}")
            yield Part(before, own=True)
            for behind in rest:
                yield from (Part(found), Part(behind, own=True))
        yield Part(fixed, own=True)


def _said(prompt: Prompt, record: Record) -> tuple[str, list[str], list[tuple[str, bool]]]:
    """Return the system text, what the user says in each round, and the earlier answers, whether each is learned."""
    history = history_of(record)
    answers = [(one.answer, one.learned is not False) for one in history]
    asked = [*(one.question for one in history), _user_text(prompt, record)]
    return system_of(record) or prompt.default_system, asked, answers


def _user_text(prompt: Prompt, record: Record) -> str:
    values = {**record.meta, "question": record.question}
    return "".join(part.text for part in _filled(prompt, prompt.template, values, record))


def first_difference(expected: str, found: str) -> str:
    """Say at which UTF-8 byte two prompts part, and what stands there in each."""
    left, right = expected.encode("utf-8"), found.encode("utf-8")
    length = min(len(left), len(right))
    at = next((number for number in range(length) if left[number] != right[number]), length)
    return f"byte {at}: {left[at : at + 24]!r} in training, {right[at : at + 24]!r} in inference"
