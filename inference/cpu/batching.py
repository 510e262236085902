"""Continuous batching: sequences leave the batch as they are finished, and waiting prompts take their place."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from core.text.tokenizers import Tokenizer
from inference.copying import Cursor
from inference.cpu.cache import Array, Computed, Extension, Networks, Slots, nothing
from inference.cpu.prefix_groups import prefix_groups
from inference.engine import Completion, GenerationSettings, OnDone, cut_at_stop
from inference.sampling import draw, end_tokens

# Prompts that are computed together: so many tokens, and within these bounds. Measured on two cores, milliseconds for a
# prompt of 460 tokens: alone 18.6, with 3 others 14.5, with 7 others 13.7, with 15 or 31 others 13.5; of 70 tokens:
# alone 6.9, with 7 others 2.0, with 15 others 1.6.
_TOGETHER = 4096
_FEWEST, _MOST = 8, 32
_WAVE_TOKENS = 1024  # prompts enter when there is room for so many of their tokens; a smaller call wastes its overhead


class PromptQueue:
    """Prompts that wait to be computed; what a group of them begins with is computed once.

    Args:
        networks: the model.
        ids: tokens of each prompt, none empty.
    """

    def __init__(self, networks: Networks, ids: Sequence[Sequence[int]]) -> None:
        self._networks, self._ids = networks, ids
        self._groups = prefix_groups(ids)[::-1]
        self._place = 0
        self._shared = nothing(networks)
        self.waiting = len(ids)
        self._open()

    @property
    def next_length(self) -> int:
        """Number of tokens of the prompt that comes next."""
        return len(self._ids[self._groups[-1].members[self._place]])

    def take(self, most: int) -> tuple[list[int], Array, Computed]:
        """Compute up to `most` of the next prompts; return their indices, the logits after each, and the state."""
        group = self._groups[-1]
        count = min(most, _MOST, max(_FEWEST, _TOGETHER // self.next_length))
        chosen = list(group.members[self._place : self._place + count])
        fresh = [self._ids[index][group.shared :] for index in chosen]
        logits, state = Extension(self._networks, self._shared, fresh).last()
        self._place += len(chosen)
        self.waiting -= len(chosen)
        if self._place == len(group.members):
            self._groups.pop()
            self._open()
        return chosen, logits, state

    def _open(self) -> None:
        """Compute what the next group begins with."""
        self._place, self._shared = 0, nothing(self._networks)
        if self._groups and (shared := self._groups[-1].shared):
            start = self._ids[self._groups[-1].members[0]][:shared]
            _, self._shared = Extension(self._networks, self._shared, [start]).last()


@dataclass
class _Sequence:
    index: int
    started: float
    new: list[int] = field(default_factory=list)


class Decoding:
    """Continues many prompts.

    Args:
        networks: the model.
        ids: tokens of each prompt.
        names: a name for each, for sampling.
        settings: how they are continued.
        tokenizer: says which tokens end a sequence, and turns new tokens into text.
        on_done: is told of each finished completion.
        batch_size: most sequences that are continued together.
        cache_tokens: most positions of all their caches together.
        cursors: for each prompt what its tokens are chosen among; None: all of them.
    """

    def __init__(
        self,
        networks: Networks,
        ids: Sequence[Sequence[int]],
        names: Sequence[str],
        settings: GenerationSettings,
        tokenizer: Tokenizer,
        on_done: OnDone,
        batch_size: int,
        cache_tokens: int,
        cursors: Sequence[Cursor | None],
    ) -> None:
        self._cursors = cursors
        self._queue = PromptQueue(networks, ids)
        self._names, self._settings, self._tokenizer, self._on_done = names, settings, tokenizer, on_done
        self._batch_size, self._cache_tokens = batch_size, cache_tokens
        self._slots = Slots(networks, batch_size)
        self._running: list[_Sequence] = []  # one for each slot, in the order of the slots
        self._ends = end_tokens(tokenizer)

    def run(self) -> None:
        """Continue all prompts to their end."""
        while self._queue.waiting or self._running:
            room = self._room()
            if room:
                self._enter(room)
            else:
                self._step()

    def _room(self) -> int:
        """Return how many prompts may enter now: none while there is not room enough for a call that pays."""
        if not self._queue.waiting:
            return 0
        length = self._queue.next_length
        capacity = max(1, min(self._batch_size, self._cache_tokens // length))
        room = max(0, capacity - len(self._running))
        wave = min(max(1, capacity // 4), max(1, _WAVE_TOKENS // length))
        return room if room >= wave or not self._running else 0

    def _enter(self, room: int) -> None:
        started = time.perf_counter()
        indices, logits, state = self._queue.take(room)
        fresh = [_Sequence(index, started) for index in indices]
        finished = self._append(fresh, logits)
        if len(finished) < len(fresh):
            # Those that are finished enter too and leave at once: rare, and simpler than leaving them out.
            self._slots.enter(state)
            self._running += fresh
            self._leave([len(self._running) - len(fresh) + row for row in finished])

    def _step(self) -> None:
        logits = self._slots.step(np.array([sequence.new[-1] for sequence in self._running], np.int32))
        self._leave(self._append(self._running, logits))

    def _leave(self, rows: Sequence[int]) -> None:
        for row in sorted(rows, reverse=True):
            self._slots.leave(row)
            last = self._running.pop()
            if row < len(self._running):
                self._running[row] = last

    def _append(self, sequences: Sequence[_Sequence], logits: Array) -> list[int]:
        """Add the next token to each sequence; report what that finishes and return its places."""
        for row, sequence in enumerate(sequences):
            if len(sequence.new) < self._settings.min_new_tokens:
                logits[row, self._ends] = -math.inf
            if (cursor := self._cursors[sequence.index]) is not None:
                allowed = cursor.allowed()
                kept = logits[row, allowed]
                logits[row] = -math.inf
                logits[row, allowed] = kept
        tokens = self._choose(sequences, logits)
        return [row for row, token in enumerate(tokens) if self._take(sequences[row], int(token))]

    def _choose(self, sequences: Sequence[_Sequence], logits: Array) -> Sequence[int] | Array:
        sampling = self._settings.sampling
        if sampling.is_greedy:
            tokens: Array = logits.argmax(axis=-1)
            return tokens
        return [
            draw(row, sampling, self._names[sequence.index], len(sequence.new))
            for row, sequence in zip(logits, sequences, strict=True)
        ]

    def _take(self, sequence: _Sequence, token: int) -> bool:
        """Add a token; report the sequence and return True where that finishes it."""
        settings, new = self._settings, sequence.new
        ended = token in self._ends
        if not ended:
            new.append(token)
            if (cursor := self._cursors[sequence.index]) is not None:
                cursor.take(token)
        ended = ended or len(new) == settings.max_new_tokens
        if not ended and not settings.stop:
            return False
        text = self._tokenizer.decode(new)
        cut = cut_at_stop(text, settings.stop)
        if not ended and len(cut) == len(text):
            return False
        self._on_done(sequence.index, Completion(cut, len(new), time.perf_counter() - sequence.started))
        return True
