"""Decoding of MindFormers' Llama weights on the CPU, in batches, with MindSpore and a cache of the kit's own.

MindFormers' own generation does not run on the CPU. This module imports MindSpore when the engine is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import InputError
from core.text.prompts import Prompt
from core.text.tokenizers import Tokenizer
from inference.copying import MarkedCopies
from inference.cpu.weights import LlamaShape, fuse, read_checkpoint
from inference.engine import Completion, GenerationSettings, OnDone, OnScored, Request
from inference.prompt_fit import PromptFit

if TYPE_CHECKING:
    import numpy as np

    from inference.cpu.cache import Computed

_CACHE_BYTES = 512 << 20  # most memory of the caches of all sequences that are continued together


class CpuEngine:
    """An `Engine` over MindSpore on the CPU; computes in float32 whatever the checkpoint's type.

    Args:
        model: LlamaConfig settings that describe the network (see `LlamaShape`); others are passed over.
        checkpoint: `.ckpt` or safetensors with exactly the model's tensors.
        tokenizer: text to ids and back.
        batch_size: most sequences computed together.
        max_length: most tokens of prompt and completion together. A prompt that does not fit loses its beginning.

    Attributes:
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
    ) -> None:
        if batch_size < 1:
            raise InputError(f"batch_size {batch_size} must be at least 1")
        self.shape = LlamaShape.from_settings(model)
        self._fit = PromptFit(tokenizer, max_length, self.shape.vocab_size)
        self.tokenizer, self.batch_size = tokenizer, batch_size
        tensors = fuse(read_checkpoint(checkpoint, self.shape), self.shape)  # before the slow import

        from inference.cpu.cache import Networks

        # MindFormers masks whatever equals its padding id, within a prompt too; 0 is its default.
        self._networks = Networks(self.shape, max_length, int(model.get("pad_token_id", 0)))
        self._networks.weights.load(tensors)

    def load(self, checkpoint: Path) -> None:
        """Take the weights of another checkpoint of the same model; nothing is compiled again."""
        self._networks.weights.load(fuse(read_checkpoint(checkpoint, self.shape), self.shape))

    def use(self, prompt: Prompt) -> None:
        """Tokenise prompts as this template's from now on, with its special tokens and BOS."""
        self._fit.prompt = prompt

    def generate(
        self, requests: Sequence[Request], settings: GenerationSettings, on_done: OnDone | None = None
    ) -> list[Completion]:
        """Continue each prompt; see `Engine.generate`. Long prompts come last."""
        from inference.cpu.batching import Decoding

        limit = self._fit.limit(settings.max_new_tokens)
        ids = [self._fit.ids(request.prompt, request.name, limit) for request in requests]
        found: dict[int, Completion] = {}

        def done(index: int, completion: Completion) -> None:
            found[index] = completion
            if on_done is not None:
                on_done(index, completion)

        Decoding(
            self._networks,
            ids,
            [request.name for request in requests],
            settings,
            self.tokenizer,
            done,
            self.batch_size,
            _CACHE_BYTES // (8 * self.shape.num_layers * self.shape.kv_width),
            [None if request.copied is None else self._copies.cursor(request.copied) for request in requests],
        ).run()
        return [found[index] for index in range(len(requests))]

    @cached_property
    def _copies(self) -> MarkedCopies:
        return MarkedCopies(self.tokenizer)

    def loglikelihood(self, requests: Sequence[Request], on_done: OnScored | None = None) -> list[float]:
        """Return the log-likelihood of each continuation; see `Engine.loglikelihood`.

        The continuation is tokenized by itself.
        """
        from inference.cpu.batching import PromptQueue

        pairs = list(self._fit.pairs(requests))
        tails = [tail for _, tail in pairs]
        sums = [0.0] * len(tails)
        asked: dict[str, list[int]] = {}
        for place, request in enumerate(requests):
            asked.setdefault(request.prompt, []).append(place)
        places = list(asked.values())
        queue = PromptQueue(self._networks, [pairs[found[0]][0] for found in places])
        while queue.waiting:
            indices, logits, state = queue.take(self.batch_size)
            rows = [(row, place) for row, index in enumerate(indices) for place in places[index]]
            for row, place in rows:
                if tails[place]:
                    sums[place] = _log_probability(logits[row], tails[place][0])
            self._add_rest(state, [(row, place) for row, place in rows if len(tails[place]) > 1], tails, sums)
            if on_done is not None:
                for _, place in rows:
                    on_done(place, sums[place])
        return sums

    def overlong(self, prompts: Sequence[str], new_tokens: int) -> list[bool]:
        """See `Engine.overlong`."""
        return self._fit.overlong(prompts, new_tokens)

    def _add_rest(
        self, state: Computed, places: list[tuple[int, int]], tails: list[list[int]], sums: list[float]
    ) -> None:
        """Add the log-probabilities of all but the first token of some continuations.

        Args:
            state: the prompts.
            places: of each continuation the prompt's row in `state`, and its place in `tails` and `sums`.
            tails: the continuations' tokens.
            sums: what is added to.
        """
        from inference.cpu.cache import Extension

        for start in range(0, len(places), self.batch_size):
            group = places[start : start + self.batch_size]
            past = state.take([row for row, _ in group], self.shape.kv_heads)
            rows = Extension(self._networks, past, [tails[place][:-1] for _, place in group]).every()
            for (_, place), logits in zip(group, rows, strict=True):
                sums[place] += sum(
                    _log_probability(values, token) for values, token in zip(logits, tails[place][1:], strict=True)
                )


def _log_probability(logits: np.ndarray[Any, Any], token: int) -> float:
    """Return log softmax(logits)[token]."""
    import numpy as np

    exact = logits.astype(np.float64)
    top = exact.max()
    return float(exact[token] - top - np.log(np.exp(exact - top).sum()))
