"""Prompts as tokens that fit a model: the one rule for prompts that are too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.errors import InputError
from core.text.prompt_tokens import prompt_ids
from core.text.prompts import Prompt
from core.text.tokenizers import Tokenizer


class PromptRoom:
    """Tokenises prompts as training did. A prompt that does not fit loses its beginning, but for a leading BOS.

    Args:
        tokenizer: text to ids.
        max_length: most tokens of prompt and continuation together.
        vocab_size: number of tokens that the model knows.

    Attributes:
        prompt: the template whose marks and BOS the prompts have; None: plain text. May be set between calls.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int, vocab_size: int) -> None:
        if max_length < 2:
            raise InputError(f"max_length {max_length} must be at least 2")
        self.tokenizer, self.max_length, self.vocab_size = tokenizer, max_length, vocab_size
        self.prompt: Prompt | None = None

    def room(self, new_tokens: int) -> int:
        """Return how many tokens a prompt may have; InputError where no token is left for it."""
        if not 1 <= new_tokens < self.max_length:
            raise InputError(f"{new_tokens} new tokens must lie between 1 and max_length {self.max_length} - 1")
        return self.max_length - new_tokens

    def ids(self, prompt: str, index: int, room: int) -> list[int]:
        """Return at most `room` tokens of a prompt, its last.

        Raises:
            InputError: it has no tokens, or one that the model does not know.
        """
        tokens = self._all(prompt)
        if not tokens:
            raise InputError(f"prompt {index}: has no tokens; nothing can be continued")
        strange = next((token for token in tokens if not 0 <= token < self.vocab_size), None)
        if strange is not None:
            raise InputError(
                f"prompt {index}: token {strange} lies outside the model's vocabulary of {self.vocab_size}; "
                "the tokenizer does not belong to this model"
            )
        if len(tokens) <= room:
            return tokens
        kept = tokens[-room:]
        return [tokens[0], *kept[1:]] if tokens[0] == self.tokenizer.bos_id else kept

    def pairs(self, prompts: Sequence[str], continuations: Sequence[str]) -> Iterator[tuple[list[int], list[int]]]:
        """Yield the tokens of each prompt and those of its continuation, which is tokenized by itself.

        All continuations of a prompt see the same tokens of it, so that they can be compared.

        Raises:
            InputError: as `ids`; a continuation that leaves no room for its prompt.
        """
        tails = [list(self.tokenizer.encode(continuation)) for continuation in continuations]
        longest: dict[str, int] = {}
        for prompt, tail in zip(prompts, tails, strict=True):
            longest[prompt] = max(1, len(tail), longest.get(prompt, 0))
        known: dict[str, list[int]] = {}
        for index, (prompt, tail) in enumerate(zip(prompts, tails, strict=True)):
            if prompt not in known:
                known[prompt] = self.ids(prompt, index, self.room(longest[prompt]))
            yield known[prompt], tail

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
