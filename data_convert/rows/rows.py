"""From tokenised records to rows of `input_ids` and `labels`, and the account of what became of each record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError
from core.packed import SEGMENTS
from core.text.tokenizers import Tokenizer
from data_convert.rows.packing import Places, one_a_row, pack
from data_convert.rows.tokenise import Example

IGNORED = -100
Overlong = Literal["drop", "cut", "refuse"]
Block = dict[str, NDArray[np.int32]]


@dataclass(frozen=True)
class RowSettings:
    """What a row looks like.

    Attributes:
        width: tokens of a row: seq_length + 1, as MindFormers shifts labels itself.
        pad_id: the token that fills it up.
        overlong: a record longer than a row is dropped, is cut at its prompt, or is an error.
        packing: several records share a row.
        bos_id: of packed rows: the token that each record begins with and has nowhere else, so that it tells where one
            begins; None: nothing does, and rows get a column with the number of each token's record.
    """

    width: int
    pad_id: int
    overlong: Overlong = "drop"
    packing: bool = False
    bos_id: int | None = None


@dataclass
class Audit:
    """What became of the records: every one that came in is counted here.

    Attributes:
        records: tokenised; rewritten: of these, with another question or answer than in the corpus; converted: of
            these, in a row; cut: of these, with a shortened prompt.
        system_unheard: of these, with a system text that their prompt does not hold.
        rows: rows made; masked_rows: of these, without a single learned label.
        tokens, answer_tokens: of the converted records, as they stand in the rows.
        lengths: tokens of a record, before any cut -> number of records.
        skipped: for each record that is in no row: "where" and "reason".
    """

    records: int = 0
    rewritten: int = 0
    system_unheard: int = 0
    converted: int = 0
    cut: int = 0
    rows: int = 0
    masked_rows: int = 0
    tokens: int = 0
    answer_tokens: int = 0
    lengths: Counter[int] = field(default_factory=Counter)
    skipped: list[dict[str, str]] = field(default_factory=list)

    def add(self, other: Audit) -> None:
        """Count in what became of other records."""
        for name, value in vars(self).items():
            if isinstance(value, int):
                setattr(self, name, value + getattr(other, name))
        self.lengths.update(other.lengths)
        self.skipped += other.skipped

    def as_json(self) -> dict[str, Any]:
        """Return the account as plain data; `from_json` is its inverse."""
        return {**vars(self), "lengths": {str(length): count for length, count in sorted(self.lengths.items())}}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Audit:
        """Read what `as_json` wrote."""
        lengths: Counter[int] = Counter({int(length): count for length, count in row["lengths"].items()})
        return cls(**{**row, "lengths": lengths})


def rows(examples: Sequence[Example], settings: RowSettings, audit: Audit, tokenizer: Tokenizer) -> Block:
    """Lay records out as rows, and keep the account.

    A record of up to `settings.width` tokens fits; its EOS is always among its labels. The prompt and the padding are
    labelled -100. In a packed row the first token of every record is too, whatever it is: MindFormers takes the label
    at place i + 1 for what is predicted at place i, so it would be predicted from the record before.

    Returns:
        input_ids and labels, int32 of shape (rows, width), and segments where BOS does not tell packed records apart;
        no row where no record fits.

    Raises:
        InputError: settings.overlong is "refuse" and a record does not fit, or BOS was to tell records apart and does
            not.
    """
    audit.records += len(examples)
    audit.lengths.update([len(item.ids) for item in examples])
    kept = [fitted for item in examples if (fitted := _fit(item, settings, audit, tokenizer)) is not None]
    lengths = np.array([len(item.ids) for item in kept], dtype=np.int64)
    if settings.packing and settings.bos_id is not None:
        _check_begins(kept, settings.bos_id)
    places = pack(lengths.tolist(), settings.width) if settings.packing else one_a_row(len(kept))
    total = int(lengths.sum())
    flat = np.fromiter(chain.from_iterable(item.ids for item in kept), dtype=np.int32, count=total)
    # Each token's place within its record, then within the block.
    within = np.arange(total) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    place = np.repeat(places.row * settings.width + places.column, lengths) + within
    learned = within >= np.repeat(np.array([item.answer_start for item in kept], dtype=np.int64), lengths)
    begins = np.cumsum(lengths) - lengths
    for begin, item in zip(begins.tolist(), kept, strict=True):
        for first, last in item.earlier:
            learned[begin + first : begin + last] = True
    if settings.packing:
        learned &= within > 0
    ids = np.full((places.rows, settings.width), settings.pad_id, dtype=np.int32)
    labels = np.full((places.rows, settings.width), IGNORED, dtype=np.int32)
    ids.reshape(-1)[place] = flat
    labels.reshape(-1)[place[learned]] = flat[learned]
    audit.converted += len(kept)
    audit.rows += places.rows
    audit.masked_rows += int((labels == IGNORED).all(axis=1).sum())
    audit.tokens += total
    audit.answer_tokens += int(learned.sum())
    block = {"input_ids": ids, "labels": labels}
    if settings.packing and settings.bos_id is None:
        block[SEGMENTS] = np.zeros_like(ids)
        block[SEGMENTS].reshape(-1)[place] = np.repeat(_numbers(places), lengths)
    return block


def _numbers(places: Places) -> NDArray[np.int32]:
    """Return each record's number in its row, from 1."""
    in_order = np.lexsort((places.column, places.row))
    begins = np.searchsorted(places.row[in_order], np.arange(places.rows))
    numbers = np.empty(len(in_order), dtype=np.int32)
    numbers[in_order] = np.arange(len(in_order)) - begins[places.row[in_order]] + 1
    return numbers


def _check_begins(kept: Sequence[Example], bos_id: int) -> None:
    for item in kept:
        if item.ids[0] != bos_id or bos_id in item.ids[1:]:
            raise InputError(
                f"{item.record.source or item.record.id}: id {bos_id} (BOS) does not stand at its beginning alone, so "
                "packed records cannot be told apart by it; is model.bos_token_id that of the tokenizer?"
            )


def _fit(item: Example, settings: RowSettings, audit: Audit, tokenizer: Tokenizer) -> Example | None:
    """Return the record as it goes into a row, or None where it is left out."""
    length = len(item.ids)
    excess = length - settings.width
    if excess <= 0:
        return item
    where = item.record.source or item.record.id
    if settings.overlong == "refuse":
        raise InputError(
            f"{where}: {length} tokens, {settings.width} fit; raise data.seq_length, or set data.overlong to drop or "
            "cut"
        )
    if settings.overlong == "cut":
        # The end of the prompt is what the model has just read when it answers; BOS stays where it is.
        first = int(item.ids[0] == tokenizer.bos_id)
        if item.answer_start - excess > first:
            audit.cut += 1
            ids = item.ids[:first] + item.ids[first + excess :]
            # Of an earlier answer that is cut only what is left of it is learned.
            spans = [(max(begin - excess, first), end - excess) for begin, end in item.earlier if end - excess > first]
            return item._replace(ids=ids, answer_start=item.answer_start - excess, earlier=tuple(spans))
    audit.skipped.append({"where": where, "reason": f"{length} tokens, {settings.width} fit"})
    return None
