"""Prompts as tokens that fit a model: the one rule for prompts that are too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.errors import InputError
from core.text.prompt_tokens import prompt_ids
from core.text.prompts import Prompt
from core.text.tokenizers import Tokenizer
from inference.engine import Request


class PromptFit:
    """Tokenises prompts as training did. A prompt that does not fit loses its beginning, but for a leading BOS.

    Args:
        tokenizer: text to ids.
        max_length: most tokens of prompt and continuation together.
        vocab_size: number of tokens that the model knows.

    Attributes:
        prompt: the template whose special tokens and BOS the prompts have; None: plain text. May be set between calls.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int, vocab_size: int) -> None:
        if max_length < 2:
            raise InputError(f"max_length {max_length} must be at least 2")
        self.tokenizer, self.max_length, self.vocab_size = tokenizer, max_length, vocab_size
        self.prompt: Prompt | None = None

    def limit(self, new_tokens: int) -> int:
        """Return how many tokens a prompt may have beside `new_tokens`; InputError where none is left for it."""
        if not 1 <= new_tokens < self.max_length:
            raise InputError(f"{new_tokens} new tokens must lie between 1 and max_length {self.max_length} - 1")
        return self.max_length - new_tokens

    def ids(self, prompt: str, name: str, limit: int) -> list[int]:
        """Return at most `limit` tokens of a prompt, its last; `name` is the question's, for messages.

        Raises:
            InputError: it has no tokens, or one that the model does not know.
        """
        tokens = self._all(prompt)
        if not tokens:
            raise InputError(f"question {name!r}: its prompt has no tokens; there is nothing to continue")
        strange = next((token for token in tokens if not 0 <= token < self.vocab_size), None)
        if strange is not None:
            raise InputError(
                f"question {name!r}: token {strange} lies outside the model's vocabulary of {self.vocab_size}; "
                "the tokenizer does not belong to this model"
            )
        if len(tokens) <= limit:
            return tokens
        kept = tokens[-limit:]
        return [tokens[0], *kept[1:]] if tokens[0] == self.tokenizer.bos_id else kept

    def pairs(self, requests: Sequence[Request]) -> Iterator[tuple[list[int], list[int]]]:
        """Yield the tokens of each prompt and those of its continuation, which is tokenized by itself.

        All continuations of a prompt see the same tokens of it, so that they can be compared.

        Raises:
            InputError: as `ids`; a continuation that leaves no room for its prompt.
        """
        tails = [list(self.tokenizer.encode(request.continuation)) for request in requests]
        longest: dict[str, int] = {}
        for request, tail in zip(requests, tails, strict=True):
            longest[request.prompt] = max(1, len(tail), longest.get(request.prompt, 0))
        known: dict[str, list[int]] = {}
        for request, tail in zip(requests, tails, strict=True):
            if request.prompt not in known:
                known[request.prompt] = self.ids(request.prompt, request.name, self.limit(longest[request.prompt]))
            yield known[request.prompt], tail

    def count(self, prompt: str) -> int:
        """Return the number of tokens of a whole prompt."""
        return len(self._all(prompt))

    def overlong(self, prompts: Sequence[str], new_tokens: int) -> list[bool]:
        """See `inference.engine.Engine.overlong`."""
        return [self.count(prompt) > self.max_length - new_tokens for prompt in prompts]

    def _all(self, prompt: str) -> list[int]:
        if self.prompt is None:
            return list(self.tokenizer.encode(prompt))
        return prompt_ids(self.prompt, prompt, self.tokenizer)
