"""Log-likelihoods from one forward pass of MindFormers' Llama without a cache, as its evaluation runs it.

Only the positions that a continuation needs go through the output layer: a vocabulary of 128,256 makes half a megabyte
of each. MindSpore is imported when something is computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_SHORTEST = 128  # tokens of a row; longer ones are padded to twice as many, and so on, so that few shapes are compiled
_TOGETHER = 16_384  # tokens of a batch: its widest activation is 0.5 GB for 8B parameters
_WANTED = 16  # tokens of continuations for each row of a full batch


@dataclass
class Row:
    """A sequence of tokens, and the tokens after it and within it whose probabilities are wanted.

    Attributes:
        tokens: what the model reads.
        wanted: of each such token the position whose logits speak of it, the token, and its pair.
    """

    tokens: list[int]
    wanted: list[tuple[int, int, int]] = field(default_factory=list)


def rows_of(pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Row]:
    """Return what has to be read for pairs of prompt and continuation, shortest first.

    Continuations that differ in nothing but their last token share a row, as the four letters do.
    """
    rows: dict[tuple[int, ...], Row] = {}
    for pair, (prompt, continuation) in enumerate(pairs):
        if not continuation:
            continue
        tokens = (*prompt, *continuation[:-1])
        row = rows.setdefault(tokens, Row(list(tokens)))
        row.wanted += [(len(prompt) - 1 + place, token, pair) for place, token in enumerate(continuation)]
    return sorted(rows.values(), key=lambda row: len(row.tokens))


def padded_length(tokens: int, longest: int) -> int:
    """Return to how many tokens a row is padded: 128, 256, 512 …, or the model's length."""
    length = _SHORTEST
    while length < tokens:
        length *= 2
    return min(length, longest)


@dataclass
class Batch:
    """Rows that are computed together.

    Attributes:
        rows: at most `count`.
        count: rows of the arrays; the last is repeated.
        length: tokens of a row.
        places: wanted tokens of the arrays.
    """

    rows: list[Row]
    count: int
    length: int
    places: int


def batches(rows: Sequence[Row], most: int, longest: int) -> Iterator[Batch]:
    """Share rows, shortest first, out among batches of few different shapes.

    Args:
        rows: see `rows_of`.
        most: most rows of a batch.
        longest: tokens that the model reads at most.
    """
    waiting = list(rows)
    while waiting:
        # The first row decides: longer ones that would make it longer wait for the next batch.
        length = padded_length(len(waiting[0].tokens), longest)
        count = max(1, min(most, _TOGETHER // length))
        places, wanted, taken = _WANTED * count, 0, 0
        for row in waiting[:count]:
            wanted += len(row.wanted)
            if len(row.tokens) > length or (taken and wanted > places):
                break
            taken += 1
        while places < len(waiting[0].wanted):
            places *= 2
        yield Batch(waiting[:taken], count, length, places)
        del waiting[:taken]


class LikelihoodScorer:
    """Adds up the log-probabilities of continuations.

    Args:
        network: MindFormers' LlamaForCausalLM, made with `use_past: False` and `is_dynamic: True`.
        most: most rows computed together.
        longest: tokens that the model reads at most.
        padding: token with which rows are filled up.
    """

    def __init__(self, network: Any, most: int, longest: int, padding: int) -> None:
        self._cell = _cell(network)
        self._most, self._longest, self._padding = most, longest, padding

    def sums(self, pairs: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Iterator[Mapping[int, float]]:
        """Yield, batch by batch, pair and log-probability of its continuation; 0 where that has no tokens."""
        yield {pair: 0.0 for pair, (_, continuation) in enumerate(pairs) if not continuation}
        for batch in batches(rows_of(pairs), self._most, self._longest):
            found: dict[int, float] = {}
            wanted = [item for row in batch.rows for item in row.wanted]
            for (_, _, pair), value in zip(wanted, self._logs(batch), strict=False):
                found[pair] = found.get(pair, 0.0) + value
            yield found

    def _logs(self, batch: Batch) -> list[float]:
        """Return the log-probability of each wanted token, row by row; more follow that nobody asked for."""
        import mindspore as ms
        import numpy as np

        tokens = np.full((batch.count, batch.length), self._padding, np.int32)
        places, chosen = np.zeros(batch.places, np.int32), np.zeros((batch.places, 1), np.int32)
        at = 0
        for number, row in enumerate(batch.rows):
            tokens[number, : len(row.tokens)] = row.tokens
            for position, token, _ in row.wanted:
                places[at], chosen[at] = number * batch.length + position, token
                at += 1
        tokens[len(batch.rows) :] = tokens[len(batch.rows) - 1]
        logs = self._cell(ms.Tensor(tokens), ms.Tensor(places), ms.Tensor(chosen))
        return [float(value) for value in logs.asnumpy()[:, 0]]


def _cell(network: Any) -> Any:
    import mindspore as ms
    from mindspore import nn, ops

    class TokenLogs(nn.Cell):  # type: ignore[misc, unused-ignore]
        """Log-probabilities of single tokens: input ids [rows, length], flat positions [n], tokens [n, 1] to [n, 1]."""

        def __init__(self) -> None:
            super().__init__(auto_prefix=False)
            self.network = network

        def construct(self, tokens: Any, places: Any, chosen: Any) -> Any:
            hidden = self.network.model(tokens)
            hidden = ops.reshape(hidden, (-1, hidden.shape[-1]))
            logits = self.network.lm_head(ops.gather(hidden, places, 0))
            return ops.gather_elements(ops.log_softmax(ops.cast(logits, ms.float32), -1), 1, chosen)

    cell = TokenLogs()
    cell.set_train(False)
    return cell
