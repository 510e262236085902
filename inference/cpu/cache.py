"""Sequences on their way through the decoder: prompts in groups, and the slots in which they are continued.

The key/value cache lies in host memory that the networks read in place, so that a sequence enters or leaves by
copying its own rows and nothing else.

An example: the prompts 5 6 7 and 5 9; 3 is the padding token, -- a column that is masked.

    column                0   1   2   3   4   5     lengths
    Extension     A      --   5   6   7             3        column 0 never holds a token: a cache is never empty
                  B      --   5   9  --             2        padded on the right
    Slots.enter   A      --   5   6   7  --  --              32 columns, and one for the token of the step
                  B      --   5   9  --  --  --
    step([8, 4])  A      --   5   6   7   8  --     4        8 is at position 3, and goes to column 3 + 1
                  B      --   5   9   4  --  --     3        4 is at position 2, and takes the padding's column
    leave(0)      B      --   5   9   4  --  --              A is finished: the last row moves to row 0
    enter         C      --   6  --  --  --  --              a prompt that waited takes the free row
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn

from inference.cpu.cells import Prefill, Step, Weights, swapped
from inference.cpu.weights import LlamaShape

Array = np.ndarray[Any, np.dtype[Any]]
PREFILL_TOKENS = 2048  # tokens of all sequences together that one call of a network takes: bounds its memory
_MASKED = np.float32(-10000.0)  # MindFormers' value for a position that must not be seen
_BLOCK = 32  # a slot's room for positions grows by so many
_FEWEST_COLUMNS = 32


class Networks:
    """The compiled networks of one model shape, with its weights. Each is compiled once, for inputs of any size.

    Args:
        shape: the model.
        max_length: most positions of a sequence.
        pad_id: MindFormers' padding token: positions that hold it are never attended to, within a prompt neither.
    """

    def __init__(self, shape: LlamaShape, max_length: int, pad_id: int) -> None:
        # Graph mode is a setting of the whole process; everything of this engine runs inside networks.
        ms.set_context(mode=ms.GRAPH_MODE)
        if ms.get_context("device_target") != "CPU":
            ms.set_device("CPU")
        _keep_freed_memory()
        self.shape, self.pad_id = shape, pad_id
        self.weights = Weights(shape, max_length)
        self.prefill = Prefill(shape, self.weights, every=False)
        self.score = Prefill(shape, self.weights, every=True)
        self.step = Step(shape, self.weights)
        for network in (self.prefill, self.score, self.step):
            network.set_train(False)

    def spread(self, mask: Array) -> Array:
        """Repeat a mask [B, rows, positions] for all heads: [B·G, R·rows, positions]."""
        batch, rows, positions = mask.shape
        shape = (batch, self.shape.kv_heads, self.shape.rep, rows, positions)
        return np.ascontiguousarray(np.broadcast_to(mask[:, None, None], shape)).reshape(
            -1, self.shape.rep * rows, positions
        )

    def layers(self, cache: Sequence[Array]) -> tuple[Any, Any]:
        """Return keys and values of all layers as a network takes them; `cache` holds all keys, then all values."""
        tensors = tuple(Tensor.from_numpy(part) for part in cache)
        count = self.shape.num_layers
        return ms.mutable(tensors[:count]), ms.mutable(tensors[count:])


def _keep_freed_memory() -> None:
    """Let glibc keep freed memory instead of giving it back to the system, which costs a page fault a page.

    Measured on two cores: 56 prompts of 72 tokens are computed in 127 ms instead of 208.
    """
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # <malloc.h>
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        if not mallopt(mmap_threshold, 1 << 30):
            mallopt(mmap_threshold, 32 << 20)  # the most that glibc before 2.35 takes
        mallopt(trim_threshold, (1 << 31) - 1)
        mallopt(top_pad, 256 << 20)


@dataclass
class Computed:
    """The decoder's state after some tokens of n sequences.

    Attributes:
        cache: keys of each layer, then values, each [n·G, P, D]; column 0 holds no token, so that it is never empty.
        mask: [n, P]: 0 where a column may be attended to, else -10000.
        lengths: [n], number of tokens of each sequence.
    """

    cache: list[Array]
    mask: Array
    lengths: Array

    def take(self, rows: Sequence[int], groups: int) -> Computed:
        """Return the state of these rows, each as often as it is named."""
        index = np.array(rows, np.int64)
        spread = (index[:, None] * groups + np.arange(groups)).reshape(-1)
        return Computed([part[spread] for part in self.cache], self.mask[index], self.lengths[index])


def nothing(networks: Networks) -> Computed:
    """Return the state of one sequence before its first token: column 0 alone, masked."""
    shape = networks.shape
    zeros = np.zeros((shape.kv_heads, 1, shape.head_dim), np.float32)
    return Computed([zeros] * (2 * shape.num_layers), np.full((1, 1), _MASKED), np.zeros(1, np.int32))


class Extension:
    """More tokens of n sequences after a state: computed in pieces of equal columns, padded on the right.

    Args:
        networks: the model.
        past: the state of n sequences, or of one that all of them share.
        rows: the new tokens of each sequence, none empty.
    """

    def __init__(self, networks: Networks, past: Computed, rows: Sequence[Sequence[int]]) -> None:
        self.networks = networks
        count = len(rows)
        past = past.take([0] * count, networks.shape.kv_heads) if len(past.lengths) == 1 < count else past
        self._cache: Sequence[Array] = past.cache
        self._before, self._old = past.mask.shape[1], past.lengths
        self.counts = np.array([len(row) for row in rows], np.int32)
        self._tokens = np.full((count, int(self.counts.max())), networks.pad_id, np.int32)
        for number, row in enumerate(rows):
            self._tokens[number, : len(row)] = row
        fresh = np.where(self._tokens == networks.pad_id, _MASKED, np.float32(0))
        self._mask = np.concatenate([past.mask, fresh], axis=1)

    def last(self) -> tuple[Array, Computed]:
        """Return the logits after each sequence's last token, [n, vocabulary], and the state."""
        logits = np.empty((len(self.counts), self.networks.shape.vocab_size), np.float32)
        for start, stop in self._pieces():
            own = np.clip(self.counts - 1, start, stop - 1)
            flat = np.arange(len(own)) * (stop - start) + own - start
            ends_here = (self.counts > start) & (self.counts <= stop)
            logits[ends_here] = self._run(self.networks.prefill, start, stop, flat, own)[ends_here]
        return logits, self._state()

    def every(self) -> list[Array]:
        """Return the logits after each new token of each sequence, [its tokens, vocabulary]."""
        found: list[list[Array]] = [[] for _ in self.counts]
        for start, stop in self._pieces():
            wanted = [(row, at) for row, count in enumerate(self.counts) for at in range(start, min(stop, count))]
            flat = np.array([row * (stop - start) + at - start for row, at in wanted])
            logits = self._run(self.networks.score, start, stop, flat, self.counts - 1)
            for (row, _), values in zip(wanted, logits, strict=True):
                found[row].append(values)
        return [np.array(values) for values in found]

    def _state(self) -> Computed:
        return Computed(list(self._cache), self._mask, self._old + self.counts)

    def _pieces(self) -> list[tuple[int, int]]:
        """Cut the new columns into pieces of like width, so that a call takes a bounded number of tokens."""
        width = self._tokens.shape[1]
        size = max(_FEWEST_COLUMNS, PREFILL_TOKENS // len(self.counts))
        pieces = -(-width // size)
        bounds = [width * piece // pieces for piece in range(pieces + 1)]
        return list(zip(bounds, bounds[1:], strict=False))

    def _run(self, network: nn.Cell, start: int, stop: int, rows: Array, last: Array) -> Array:
        """Run the tokens of columns `start` to `stop`; `last` is the column of each sequence's own query."""
        before, spread = self._before, self.networks.spread
        columns = np.arange(before + stop)
        seen = self._mask[:, None, : before + stop]
        later = columns > before + np.arange(start, stop)[:, None]
        own = columns > before + last[:, None]
        positions = (self._old[:, None] + np.arange(start, stop)).reshape(-1).astype(np.int32)
        shape, count, width = self.networks.shape, len(self.counts), stop - start
        logits, keys, values = network(
            Tensor(self._tokens[:, start:stop]),
            Tensor(positions),
            Tensor.from_numpy(spread(np.minimum(seen, np.where(later, _MASKED, np.float32(0))[None]))),
            Tensor(rows.astype(np.int32)),
            Tensor.from_numpy(spread(np.minimum(seen, np.where(own, _MASKED, np.float32(0))[:, None]))),
            Tensor(swapped(count, width, shape.num_heads)),
            Tensor(swapped(count, width, shape.kv_heads)),
            Tensor(swapped(count, shape.num_heads, width)),
            *self.networks.layers(self._cache),
        )
        self._cache = [part.asnumpy() for part in (*keys, *values)]
        result: Array = logits.asnumpy()
        return result


class Slots:
    """The sequences that are being continued, one a slot, without a gap; any of them can leave, others enter.

    Args:
        networks: the model.
        most: how many sequences there will be at the most.

    Attributes:
        live: how many sequences there are; they have the rows 0 … live - 1.
    """

    def __init__(self, networks: Networks, most: int) -> None:
        self.networks, self.live, self._most = networks, 0, most
        self._lengths = np.zeros(0, np.int32)
        self._width = 0
        self._allocate(0, _BLOCK)

    def enter(self, state: Computed) -> None:
        """Take in the sequences of a state, padded at their end at the most, behind those that are there."""
        count, width = state.mask.shape
        self._reach(count, max(width, int(state.lengths.max()) + 2))
        rows = slice(self.live, self.live + count)
        for layer, part in enumerate(state.cache):
            self._cache[layer, rows, :, :width] = part.reshape(count, -1, width, part.shape[-1])
        self._mask[rows, :, :, :-1] = _MASKED
        self._mask[rows, :, :, :width] = state.mask[:, None, None]
        self._lengths[rows] = state.lengths
        self.live += count

    def leave(self, row: int) -> None:
        """Drop a sequence; the last one moves to its row."""
        self.live -= 1
        if row != self.live:
            self._cache[:, row] = self._cache[:, self.live]
            self._mask[row] = self._mask[self.live]
            self._lengths[row] = self._lengths[self.live]

    def step(self, tokens: Array) -> Array:
        """Append one token to each sequence; return the logits after it, [live, vocabulary]."""
        live, shape = self.live, self.networks.shape
        self._reach(0, 0)
        lengths = self._lengths[:live]
        logits, fresh = self.networks.step(
            Tensor(tokens.astype(np.int32)),
            Tensor(lengths),
            Tensor.from_numpy(self._mask[:live].reshape(live * shape.kv_heads, shape.rep, -1)),
            *self.networks.layers([part[:live].reshape(-1, self._width, shape.head_dim) for part in self._cache]),
        )
        result: Array = logits.asnumpy()  # first: the network must have read the cache before it is written
        entries = fresh.asnumpy().reshape(live, shape.kv_heads, -1, shape.head_dim)
        rows, columns = np.arange(live), lengths + 1
        self._cache[:, rows, :, columns] = entries.transpose(0, 2, 1, 3)
        # A generated padding token ends a sequence, so whatever has been appended is seen.
        self._mask[rows, :, :, columns] = 0
        lengths += 1
        return result

    def _reach(self, more: int, columns: int) -> None:
        """Make room for `more` sequences, and in each for `columns` and one more token; give up half where it is free.

        The cache is copied to a larger or smaller one, which happens a few times in a hundred steps.
        """
        columns = max(columns, int(self._lengths[: self.live].max(initial=0)) + 2)
        width = -(-columns // _BLOCK) * _BLOCK
        live, rows, needed = self.live, len(self._lengths), self.live + more
        if needed > rows or not width <= self._width <= 2 * width:
            kept = min(self._width, width)
            cache, mask, lengths = self._cache, self._mask, self._lengths
            # Half as many again, so that those who enter a few at a time do not move everybody each time.
            self._allocate(min(self._most, needed * 3 // 2) if needed > rows else min(rows, 2 * needed), width)
            self._cache[:, :live, :, :kept] = cache[:, :live, :, :kept]
            self._mask[:live, :, :, :kept] = mask[:live, :, :, :kept]
            self._lengths[:live] = lengths[:live]

    def _allocate(self, rows: int, width: int) -> None:
        shape = self.networks.shape
        # Not np.zeros: only for an empty array numpy asks the system for large pages. The first 250 SQuAD prompts then
        # cost 90,000 page faults instead of 300,000.
        self._cache = np.empty((2 * shape.num_layers, rows, shape.kv_heads, width, shape.head_dim), np.float32)
        self._cache.fill(0)  # whatever is masked has to be a number all the same
        self._mask = np.full((rows, shape.kv_heads, shape.rep, width + 1), _MASKED)
        self._mask[..., -1] = 0
        self._lengths = np.zeros(rows, np.int32)
        self._width = width
