"""Greedy decoding of MindFormers' Llama weights on the CPU, in batches, with MindSpore and a cache of the kit's own.

MindFormers' own generation does not run on the CPU. This module imports MindSpore when the engine is made.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from core.errors import InputError
from core.progress import say
from inference.engine import Completion, OnDone, cut_at_stop
from inference.llama_weights import LlamaShape, fuse, read_checkpoint

if TYPE_CHECKING:
    import numpy as np

    from inference.llama_batch import Batch

_CACHE_TOKENS = 8192  # cached positions of a batch; more do not pay: long prompts fill the processor by themselves


class Tokenizer(Protocol):
    """What the engine needs of a tokenizer (`core.tokenizers` provides it); an id that does not exist is negative."""

    @property
    def bos_id(self) -> int:
        """Beginning of a sequence."""

    @property
    def eos_id(self) -> int:
        """End of a sequence."""

    @property
    def pad_id(self) -> int:
        """Padding."""

    def encode(self, text: str) -> list[int]:
        """Return token ids without special tokens."""

    def decode(self, ids: Sequence[int]) -> str:
        """Return text; special ids are dropped."""


class MindSporeEngine:
    """An `Engine` over MindSpore on the CPU; computes in float32 whatever the checkpoint's type.

    Args:
        model: LlamaConfig settings that describe the network (see `LlamaShape`); others are passed over.
        checkpoint: `.ckpt` or safetensors with exactly the model's tensors.
        tokenizer: text to ids and back.
        batch_size: most sequences computed together.
        max_length: most tokens of prompt and completion together. A prompt that does not fit loses its beginning.
        bos: put the beginning-of-sequence token before each prompt; has to be as in training. May be set between calls.

    Attributes:
        truncated: number of prompts that lost their beginning, since the engine was made.
        shape: the model.

    Raises:
        InputError: a model that is not supported, a checkpoint that does not fit it.
    """

    def __init__(
        self,
        model: Mapping[str, Any],
        checkpoint: Path,
        tokenizer: Tokenizer,
        batch_size: int = 64,
        max_length: int = 2048,
        bos: bool = False,
    ) -> None:
        if batch_size < 1 or max_length < 2:
            raise InputError(f"batch_size {batch_size} must be at least 1 and max_length {max_length} at least 2")
        self.shape = LlamaShape.from_settings(model)
        self.tokenizer, self.batch_size, self.max_length, self.bos = tokenizer, batch_size, max_length, bos
        self.truncated = 0
        tensors = fuse(read_checkpoint(checkpoint, self.shape), self.shape)  # before the slow import
        # MindFormers masks whatever equals its padding id, within a prompt too; 0 is its default.
        self._pad = int(model.get("pad_token_id", 0))
        self._ends = {token for token in (tokenizer.eos_id, tokenizer.pad_id) if token >= 0}

        from inference.llama_batch import Networks

        self._networks = Networks(self.shape, max_length, self._pad)
        self._networks.weights.load(tensors)

    def load(self, checkpoint: Path) -> None:
        """Take the weights of another checkpoint of the same model; nothing is compiled again."""
        self._networks.weights.load(fuse(read_checkpoint(checkpoint, self.shape), self.shape))

    def generate(
        self,
        prompts: Sequence[str],
        max_new_tokens: int,
        min_new_tokens: int = 1,
        stop: Sequence[str] = (),
        on_done: OnDone | None = None,
    ) -> list[Completion]:
        """Continue each prompt greedily; see `Engine.generate`. Long prompts come last."""
        room = self.max_length - max_new_tokens
        if max_new_tokens < 1 or room < 1:
            raise InputError(f"max_new_tokens {max_new_tokens} must lie between 1 and max_length {self.max_length} - 1")
        encoded = [self._fit(self._encode(prompt, index), room) for index, prompt in enumerate(prompts)]
        self._report(sum(cut for _, cut in encoded), room)
        ids = [tokens for tokens, _ in encoded]
        found: dict[int, Completion] = {}

        def done(index: int, completion: Completion) -> None:
            found[index] = completion
            if on_done is not None:
                on_done(index, completion)

        for group in self._groups([len(tokens) for tokens in ids]):
            decoding = _Decoding(self, [ids[index] for index in group], (min_new_tokens, max_new_tokens), stop)
            decoding.run(lambda row, completion, group=group: done(group[row], completion))  # type: ignore[misc]
        return [found[index] for index in range(len(prompts))]

    def loglikelihood(self, prompts: Sequence[str], continuations: Sequence[str]) -> list[float]:
        """Return the log-probability of each continuation; see `Engine.loglikelihood`.

        The continuation is tokenized by itself; without tokens its log-probability is 0.
        """
        pairs = list(zip(prompts, continuations, strict=True))
        tails = [self.tokenizer.encode(continuation) for _, continuation in pairs]
        encoded = []
        for index, ((prompt, _), tail) in enumerate(zip(pairs, tails, strict=True)):
            if len(tail) >= self.max_length:
                raise InputError(f"continuation {index}: {len(tail)} tokens do not fit max_length {self.max_length}")
            encoded.append(self._fit(self._encode(prompt, index), self.max_length - len(tail)))
        self._report(sum(cut for _, cut in encoded), self.max_length)
        sums = [0.0] * len(pairs)
        full = [tokens + tail[:-1] for (tokens, _), tail in zip(encoded, tails, strict=True)]
        first = [len(tokens) - 1 for tokens, _ in encoded]
        for group in self._groups([len(tokens) for tokens in full]):
            places = [range(first[index], first[index] + len(tails[index])) for index in group]
            for index, logits in zip(group, self._batch([full[index] for index in group]).score(places), strict=True):
                sums[index] = sum(_log_probability(row, token) for row, token in zip(logits, tails[index], strict=True))
        return sums

    def _batch(self, ids: Sequence[Sequence[int]]) -> Batch:
        from inference.llama_batch import Batch

        return Batch(self._networks, ids)

    def _encode(self, prompt: str, index: int) -> list[int]:
        bos = [self.tokenizer.bos_id] if self.bos else []
        tokens = bos + list(self.tokenizer.encode(prompt))
        if not tokens:
            raise InputError(f"prompt {index}: has no tokens; nothing can be continued")
        strange = [token for token in tokens if not 0 <= token < self.shape.vocab_size]
        if strange:
            raise InputError(
                f"prompt {index}: token {strange[0]} lies outside the model's vocabulary of {self.shape.vocab_size}; "
                "the tokenizer does not belong to this model"
            )
        return tokens

    def _fit(self, tokens: list[int], room: int) -> tuple[list[int], bool]:
        """Cut a prompt to `room` tokens from the left, keeping a leading bos; say whether it was cut."""
        if len(tokens) <= room:
            return tokens, False
        kept = tokens[-room:]
        return [tokens[0], *kept[1:]] if self.bos else kept, True

    def _report(self, cut: int, room: int) -> None:
        self.truncated += cut
        if cut:
            say(f"{cut} prompts are longer than {room} tokens and lost their beginning")

    def _groups(self, lengths: Sequence[int]) -> list[list[int]]:
        """Put prompts of like length together, in batches that the cache has room for."""
        groups: list[list[int]] = []
        for index in sorted(range(len(lengths)), key=lambda place: (lengths[place], place)):
            size = len(groups[-1]) + 1 if groups else 1
            if not groups or size > self.batch_size or size * lengths[index] > _CACHE_TOKENS:
                groups.append([])
            groups[-1].append(index)
        return groups

    @property
    def ends(self) -> frozenset[int]:
        """Tokens that end a completion."""
        return frozenset(self._ends)


class _Decoding:
    """One batch from its prompts to the last finished completion."""

    def __init__(
        self, engine: MindSporeEngine, ids: Sequence[Sequence[int]], limits: tuple[int, int], stop: Sequence[str]
    ) -> None:
        self.engine, self.stop = engine, stop
        self.fewest, self.most = limits
        self.started = time.perf_counter()
        self.batch = engine._batch(ids)
        self.rows = list(range(len(ids)))  # the prompt that each row of the batch belongs to
        self.generated: list[list[int]] = [[] for _ in ids]

    def run(self, on_done: OnDone) -> None:
        """Decode until every sequence is finished; `on_done` gets its row among the batch's prompts."""
        logits = self.batch.prefill()
        live = list(range(len(self.rows)))  # rows of the batch that are not finished
        for count in range(self.most):
            tokens = self._pick(logits, count)
            live = [row for row in live if not self._take(row, int(tokens[row]), on_done)]
            if not live:
                return
            if 2 * len(live) <= len(self.rows):
                self.batch.keep(live)
                self.rows, tokens = [self.rows[row] for row in live], tokens[live]
                live = list(range(len(live)))
            # Finished rows that are still in the batch are computed on with whatever token, and never read.
            logits = self.batch.step(tokens, self.most - count - 1)

    def _pick(self, logits: np.ndarray[Any, Any], count: int) -> np.ndarray[Any, Any]:
        """Return the likeliest token of each row, the end being forbidden before the fewest tokens."""
        if count < self.fewest:
            logits[:, sorted(self.engine.ends)] = -math.inf
        tokens: np.ndarray[Any, Any] = logits.argmax(axis=-1)
        return tokens

    def _take(self, row: int, token: int, on_done: OnDone) -> bool:
        """Add a token to a sequence; report the sequence and return True where that finishes it."""
        generated = self.generated[self.rows[row]]
        ended = token in self.engine.ends
        if not ended:
            generated.append(token)
        text = self.engine.tokenizer.decode(generated) if ended or self.stop or len(generated) == self.most else ""
        cut = cut_at_stop(text, self.stop)
        if not ended and len(generated) < self.most and len(cut) == len(text):
            return False
        on_done(self.rows[row], Completion(cut, len(generated), time.perf_counter() - self.started))
        return True


def _log_probability(logits: np.ndarray[Any, Any], token: int) -> float:
    """Return log softmax(logits)[token]."""
    import numpy as np

    exact = logits.astype(np.float64)
    top = exact.max()
    return float(exact[token] - top - np.log(np.exp(exact - top).sum()))
