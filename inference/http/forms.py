"""The two forms of OpenAI's interface: a prompt that is completed, and a conversation that is answered.

https://platform.openai.com/docs/api-reference/completions, https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from inference.http.address import Api
from inference.http.answers import Answer, completion, message

Sent = str | list[int]


class Form(Protocol):
    """How a prompt is sent, and how the answer is read."""

    @property
    def api(self) -> Api:
        """The form's name."""

    def prompt(self, prompt: Sent) -> dict[str, Any]:
        """Return the fields of a request that hold the prompt."""

    def candidates(self, count: int) -> dict[str, Any]:
        """Return the fields that ask for the `count` likeliest tokens with their log-probabilities."""

    def read(self, value: Any) -> Answer:
        """Read the JSON of an answer; ValueError where it is none."""


@dataclass(frozen=True)
class Completions:
    """A prompt, as text or as token ids, that the server goes on with."""

    api: ClassVar[Api] = "completions"

    def prompt(self, prompt: Sent) -> dict[str, Any]:
        """See `Form.prompt`."""
        return {"prompt": prompt}

    def candidates(self, count: int) -> dict[str, Any]:
        """See `Form.candidates`."""
        return {"logprobs": count}

    def read(self, value: Any) -> Answer:
        """See `Form.read`."""
        return completion(value)


@dataclass(frozen=True)
class Chat:
    """The prompt as one turn of a user, around which the server puts its model's chat template.

    Attributes:
        template_kwargs: what the template is given besides, such as enable_thinking; vLLM, SGLang and llama.cpp
            take it.
    """

    template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    api: ClassVar[Api] = "chat"

    def prompt(self, prompt: Sent) -> dict[str, Any]:
        """See `Form.prompt`; the prompt is text."""
        fields: dict[str, Any] = {"messages": [{"role": "user", "content": prompt}]}
        return {**fields, "chat_template_kwargs": dict(self.template_kwargs)} if self.template_kwargs else fields

    def candidates(self, count: int) -> dict[str, Any]:
        """See `Form.candidates`."""
        return {"logprobs": True, "top_logprobs": count}

    def read(self, value: Any) -> Answer:
        """See `Form.read`."""
        return message(value)
