"""Attention within a record only, for rows in which several records stand one behind the other.

Rows of eight tokens, two records and padding (P):

    tokens    b  x  y  b  z  w  P  P
    begins    1  0  0  1  0  0  0  0
    number    1  1  1  2  2  2  2  2     how many records have begun so far

A token sees the tokens before it, and itself, that have its number and are no padding: w sees b, z and w of the second
record, as if the first one were not there. Rotary positions need no new beginning in each record: attention depends on
the distance of two tokens alone. Padding counts as the last record's, for a token that sees nothing at all would make a
kernel divide by zero; what comes out of it is never learned.

How a record's beginning is told: by BOS, where every record begins with it and it occurs nowhere else; otherwise rows
have a third column with the number of each token's record, which `construct` is given beside the tokens and the labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mindspore as ms
from mindspore import nn, ops

from backend.changes import NetworkChange
from core.errors import KitError

# MindFormers' own number for what is hidden, where attention adds the mask to the scores.
_HIDDEN = -10000.0


class RecordMask(nn.Cell):  # type: ignore[misc]
    """Which token sees which: stands in for MindFormers' causal mask, which knows no records.

    Args:
        bos: the token that begins each record; None: a record's first token comes marked, as -1 - token.
        pad: the token that fills rows up.
        dtype: of the mask that is added to the scores.
        flash: whether the mask is for flash attention.
    """

    def __init__(self, bos: int | None, pad: int, dtype: Any, flash: bool) -> None:
        super().__init__()
        self.bos, self.pad, self.flash, self.dtype = bos, pad, flash, dtype

    def construct(self, tokens: Any) -> Any:
        """Return the mask of a batch.

        Args:
            tokens: int32 [batch, length].

        Returns:
            [batch, 1, length, length], a row for each token that looks, a column for each that is looked at; for
            flash attention uint8, 1 for what is hidden; otherwise what is added to the scores, 0 or -10000.
        """
        length = tokens.shape[1]
        if self.bos is None:
            begins = ops.cast(tokens < 0, ms.int32)
            tokens = ops.where(tokens < 0, -1 - tokens, tokens)
        else:
            begins = ops.cast(ops.equal(tokens, self.bos), ms.int32)
        number = ops.cumsum(begins, 1)
        place = ops.arange(length)
        seen = ops.logical_and(
            ops.equal(ops.expand_dims(number, 2), ops.expand_dims(number, 1)),
            ops.less_equal(ops.expand_dims(place, 0), ops.expand_dims(place, 1)),
        )
        seen = ops.logical_and(seen, ops.expand_dims(ops.not_equal(tokens, self.pad), 1))
        hidden = ops.expand_dims(ops.logical_not(seen), 1)
        if self.flash:
            return ops.cast(hidden, ms.uint8)
        return ops.cast(hidden, self.dtype) * ops.cast(_HIDDEN, self.dtype)


def _construct(self: Any, input_ids: Any, labels: Any, segments: Any) -> Any:
    """Take the rows' third column: mark the first token of each record for the mask; the embedding gets plain tokens.

    Args:
        self: MindFormers' network; `whole` is its own `construct`.
        input_ids: int32 [batch, length].
        labels: int32 [batch, length].
        segments: int32 [batch, length], the number of each token's record in its row, from 1; 0: padding.
    """
    length = input_ids.shape[1]
    before = ops.pad(segments, (1, 0))[:, :length]
    begins = ops.logical_and(ops.not_equal(segments, before), ops.greater(segments, 0))
    marked = ops.where(begins, -1 - input_ids, input_ids)
    # In training MindFormers leaves out the last token, which predicts nothing.
    shown = input_ids[:, : length - 1] if self.training else input_ids
    return self.whole(marked, labels, input_embeds=self.model.tok_embeddings(shown))


class Packing(NetworkChange):
    """Puts the mask of records into MindFormers' network, and lets it take the column of record numbers.

    Args:
        network: MindFormers' network, with or without an adapter around it.
        settings: `bos`, `pad`: token ids (bos None: rows have the third column); `flash`: flash attention is used.
    """

    def __init__(self, network: Any, settings: Mapping[str, Any]) -> None:
        super().__init__(network, settings)
        found = [cell for _, cell in network.cells_and_names() if hasattr(getattr(cell, "model", None), "casual_mask")]
        if len(found) != 1:
            raise KitError(f"packing: {type(network).__name__} has no causal mask of MindFormers' Llama to replace")
        (whole,) = found
        mask = whole.model.casual_mask
        whole.model.casual_mask = RecordMask(settings["bos"], settings["pad"], mask.dtype, settings["flash"])
        if settings["bos"] is None:
            own = type(whole)
            # In place, for the network is held by the adapter's cells, by the trainer and by other changes.
            members = {"construct": _construct, "whole": own.construct}
            whole.__class__ = type(f"Packed{own.__name__}", (own,), members)


CHANGE = Packing
