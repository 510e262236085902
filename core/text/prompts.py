"""The one place where a question becomes the text a model reads, in training as in inference."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from core.errors import InputError
from core.files import sha256_text
from core.text.records import Record

_FIELD = re.compile(r"\{(\w*)\}")


class Prompt(BaseModel):
    """A prompt template.

    Attributes:
        name: as in configs/prompts/.
        template: text with {question} and, from a record's `meta`, {instruction} or {passage}.
        bos: whether the tokenizer's BOS goes before the prompt.
        answer_end: text between the answer and EOS in training; where it begins, a generated answer ends.
        special_pieces: control tokens in template or answer_end that the tokenizer must hold as single pieces.
        token_ids: texts of template or answer_end that stand for fixed ids, whatever the tokenizer makes of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    template: str = Field(min_length=1)
    bos: bool = True
    answer_end: str = ""
    special_pieces: tuple[str, ...] = ()
    token_ids: dict[str, tuple[int, ...]] = {}

    @field_validator("template")
    @classmethod
    def _known_fields(cls, template: str) -> str:
        fields = set(_FIELD.findall(template))
        unknown = fields - {"question", "instruction", "passage"}
        if unknown:
            raise ValueError(f"{{{sorted(unknown)[0]}}} is none of {{question}}, {{instruction}}, {{passage}}")
        if "question" not in fields:
            raise ValueError("{question} is missing")
        return template

    @property
    def sha256(self) -> str:
        """Hash of everything that decides the rendered text and its tokens."""
        return sha256_text(self.model_dump_json(exclude={"name"}, exclude_defaults=True))


def render(prompt: Prompt, record: Record) -> str:
    """Return the text that precedes the answer to `record`; InputError where it lacks a field of the template.

    Values are put in as they are: braces in a question are never read as fields.
    """
    values: dict[str, Any] = {**record.meta, "question": record.question}

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if not isinstance(found, str):
            raise InputError(
                f"{record.source or record.id}: prompt {prompt.name!r} asks for {{{match[1]}}}, the record has none; "
                "choose another one of configs/prompts/ with prompt=NAME"
            )
        return found

    return _FIELD.sub(value, prompt.template)


def first_difference(expected: str, found: str) -> str:
    """Say at which UTF-8 byte two prompts part, and what stands there in each."""
    left, right = expected.encode("utf-8"), found.encode("utf-8")
    length = min(len(left), len(right))
    at = next((number for number in range(length) if left[number] != right[number]), length)
    return f"byte {at}: {left[at : at + 24]!r} in training, {right[at : at + 24]!r} in inference"
