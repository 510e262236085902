"""A batch of sequences on its way through the decoder: masks, key/value cache, shrinking as sequences finish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn
from mindspore.ops import operations as P

from inference.llama_cells import Prefill, Step, Weights
from inference.llama_weights import LlamaShape

Array = np.ndarray[Any, np.dtype[Any]]
_MASKED = np.float32(-10000.0)  # MindFormers' value for a position that must not be seen
_PREFILL_TOKENS = 2048  # tokens of all sequences together that one prefill call takes: bounds its memory
_WINDOW = 32


class _Keep(nn.Cell):  # type: ignore[misc]
    """Keeps some rows of every tensor of the cache."""

    def __init__(self) -> None:
        super().__init__(auto_prefix=False)
        self.gather = P.Gather()

    def construct(self, rows: Tensor, cache: Any) -> Any:
        kept: Any = ()
        for tensor in cache:
            kept += (self.gather(tensor, rows, 0),)
        return kept


class _Append(nn.Cell):  # type: ignore[misc]
    """Appends the positions of the second cache to the first."""

    def __init__(self) -> None:
        super().__init__(auto_prefix=False)
        self.concat = P.Concat(1)

    def construct(self, first: Any, second: Any) -> Any:
        joined: Any = ()
        for left, right in zip(first, second):  # noqa: B905 - the graph compiler knows no strict=
            joined += (self.concat((left, right)),)
        return joined


class Networks:
    """The compiled networks of one model shape, with its weights.

    Args:
        shape: the model.
        max_length: most positions of a sequence.
        pad_id: token that fills up shorter sequences; positions that hold it are never attended to.
    """

    def __init__(self, shape: LlamaShape, max_length: int, pad_id: int) -> None:
        # Graph mode is a setting of the whole process; everything of this engine runs inside networks.
        ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
        self.shape, self.pad_id = shape, pad_id
        self.weights = Weights(shape, max_length)
        self.prefill = Prefill(shape, self.weights, every=False)
        self.score = Prefill(shape, self.weights, every=True)
        self.step = Step(shape, self.weights)
        cache = [
            ms.mutable(tuple(_any_size(shape.head_dim) for _ in range(count * shape.num_layers))) for count in (2, 4)
        ]
        self.keep, self.append = _Keep(), _Append()
        self.keep.set_inputs(Tensor(shape=[None], dtype=ms.int32), cache[1])
        self.append.set_inputs(cache[0], cache[0])
        for network in (self.prefill, self.score, self.step, self.keep, self.append):
            network.set_train(False)

    def empty_cache(self, batch: int, length: int) -> tuple[Tensor, ...]:
        """Return a cache of zeros: keys of each layer, then values, each [batch·G, length, D]."""
        zeros = np.zeros((batch * self.shape.kv_heads, length, self.shape.head_dim), np.float32)
        return tuple(Tensor(zeros) for _ in range(2 * self.shape.num_layers))


def _any_size(head_dim: int) -> Tensor:
    return Tensor(shape=[None, None, head_dim], dtype=ms.float32)


class Batch:
    """Sequences that are computed together, padded on the right to the longest.

    The prompt's cache starts with one masked position of zeros, so that it is never empty.

    Args:
        networks: the model.
        prompts: token ids of each prompt, none empty.
    """

    def __init__(self, networks: Networks, prompts: Sequence[Sequence[int]]) -> None:
        self.networks = networks
        self.lengths = np.array([len(prompt) for prompt in prompts], np.int32)
        self.tokens = np.full((len(prompts), int(self.lengths.max())), networks.pad_id, np.int32)
        for row, prompt in enumerate(prompts):
            self.tokens[row, : len(prompt)] = prompt
        seen = np.where(self.tokens == networks.pad_id, _MASKED, np.float32(0))
        self.mask = np.pad(seen, ((0, 0), (1, 0)), constant_values=_MASKED)
        self.cache = networks.empty_cache(len(prompts), 1)
        self.window: tuple[Tensor, ...] = ()
        self.filled = 0

    def prefill(self) -> Array:
        """Compute the prompts; return the logits after each prompt's last token, [B, vocabulary]."""
        logits = np.empty((len(self.lengths), self.networks.shape.vocab_size), np.float32)
        for start, stop in self._chunks():
            last = np.clip(self.lengths - 1, start, stop - 1)
            rows = np.arange(len(last)) * (stop - start) + last - start
            ends_here = (self.lengths > start) & (self.lengths <= stop)
            logits[ends_here] = self._extend(self.networks.prefill, start, stop, rows, last)[ends_here]
        return logits

    def score(self, rows: Sequence[Sequence[int]]) -> list[Array]:
        """Compute the prompts; return for each the logits after the tokens at `rows[i]` (ascending positions)."""
        found: list[list[Array]] = [[] for _ in rows]
        for start, stop in self._chunks():
            wanted = [(row, at) for row, places in enumerate(rows) for at in places if start <= at < stop]
            flat = [row * (stop - start) + at - start for row, at in wanted] or [0]
            logits = self._extend(self.networks.score, start, stop, np.array(flat), self.lengths - 1)
            for (row, _), values in zip(wanted, logits, strict=False):
                found[row].append(values)
        return [np.array(values) for values in found]

    def step(self, tokens: Sequence[int] | Array, room: int) -> Array:
        """Append one token to each sequence; return the logits after it, [B, vocabulary].

        Args:
            tokens: the new token of each sequence.
            room: most steps that are still to come, this one included; a shorter cache window suffices near the end.
        """
        if not self.window or self.filled == self._window_length():
            self._new_window(max(2, min(room, _WINDOW)))
        self.filled += 1
        # A generated padding token ends a sequence, so whatever is in the window has been generated and is seen.
        self.mask[:, self.mask.shape[1] - self.filled] = 0
        count = self.networks.shape.num_layers
        logits, keys, values = self.networks.step(
            Tensor(np.array(tokens, np.int32)),
            Tensor(self.lengths),
            Tensor(self._spread(self.mask[:, None, :], self.networks.shape.rep)),
            ms.mutable(self.cache[:count]),
            ms.mutable(self.cache[count:]),
            ms.mutable(self.window[:count]),
            ms.mutable(self.window[count:]),
        )
        self.window = (*keys, *values)
        self.lengths = self.lengths + 1
        result: Array = logits.asnumpy()
        return result

    def keep(self, rows: Sequence[int]) -> None:
        """Drop all sequences but these."""
        groups = self.networks.shape.kv_heads
        window = self.window or self.networks.empty_cache(len(self.lengths), 2)
        index = (np.array(rows)[:, None] * groups + np.arange(groups)).reshape(-1).astype(np.int32)
        kept = self.networks.keep(Tensor(index), ms.mutable((*self.cache, *window)))
        self.cache = tuple(kept[: len(self.cache)])
        self.window = tuple(kept[len(self.cache) :]) if self.window else ()
        self.lengths, self.mask = self.lengths[rows], self.mask[rows]

    def _chunks(self) -> list[tuple[int, int]]:
        """Cut the padded prompts into pieces of equal columns, so that a call takes a bounded number of tokens."""
        width = self.tokens.shape[1]
        size = max(32, _PREFILL_TOKENS // len(self.lengths))
        pieces = -(-width // size)
        bounds = [width * piece // pieces for piece in range(pieces + 1)]
        return list(zip(bounds, bounds[1:], strict=False))

    def _extend(self, network: nn.Cell, start: int, stop: int, rows: Array, last: Array) -> Array:
        """Run the tokens of columns `start` to `stop`; `last` is the position of each sequence's own query."""
        shape, batch, count = self.networks.shape, len(self.lengths), self.networks.shape.num_layers
        padding = self.mask[:, None, : stop + 1]
        columns = np.arange(stop + 1)
        later = columns > np.arange(start, stop)[:, None] + 1
        causal = np.where(later, _MASKED, np.float32(0))[None]
        own = np.where(columns > last[:, None] + 1, _MASKED, np.float32(0))[:, None, :]
        logits, keys, values = network(
            Tensor(self.tokens[:, start:stop]),
            Tensor(np.tile(np.arange(start, stop, dtype=np.int32), batch)),
            Tensor(self._spread(np.minimum(padding, causal), shape.rep)),
            Tensor(rows.astype(np.int32)),
            Tensor(self._spread(np.minimum(padding, own), shape.rep)),
            ms.mutable(self.cache[:count]),
            ms.mutable(self.cache[count:]),
        )
        self.cache = (*keys, *values)
        result: Array = logits.asnumpy()
        return result

    def _spread(self, mask: Array, rep: int) -> Array:
        """Repeat a mask [B, rows, positions] for all heads: [B·G, rep·rows, positions]."""
        batch, rows, positions = mask.shape
        full = np.broadcast_to(mask[:, None, None], (batch, self.networks.shape.kv_heads, rep, rows, positions))
        return np.ascontiguousarray(full.reshape(-1, rep * rows, positions))

    def _window_length(self) -> int:
        return int(self.window[0].shape[1])

    def _new_window(self, length: int) -> None:
        """Move a full window to the prompt's cache and start an empty one."""
        if self.window:
            self.cache = tuple(self.networks.append(ms.mutable(self.cache), ms.mutable(self.window)))
        self.window = self.networks.empty_cache(len(self.lengths), length)
        self.mask = np.pad(self.mask, ((0, 0), (0, length)), constant_values=_MASKED)
        self.filled = 0
