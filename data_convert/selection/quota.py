"""Quotas: how many records of each type or subject are trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InputError, did_you_mean
from data_convert.selection.dedup import Keys, Rows
from data_convert.selection.draw import draw

OTHERS = "*"


@dataclass(frozen=True)
class QuotaRow:
    """What became of one label: records there are, asked for (None: all), taken, and taken again among those."""

    label: str
    available: int
    asked: int | None
    taken: int
    repeated: int


@dataclass(frozen=True)
class Quotas:
    """Records drawn by quota.

    Attributes:
        rows: int64, places of the records taken, ascending; a place stands as often as its record is repeated.
        table: one row a label, in the labels' order; labels with no record and no quota are left out.
    """

    rows: Rows
    table: tuple[QuotaRow, ...]


def parse_quotas(texts: Sequence[str]) -> dict[str, int]:
    """Read quotas written LABEL=NUMBER; InputError where one is malformed or a label appears twice."""
    quotas: dict[str, int] = {}
    for text in texts:
        label, _, number = text.rpartition("=")
        if not label or not number.isdecimal():
            raise InputError(f"quota {text!r}: write LABEL=NUMBER, such as add=6000, or '*=6000' for each other label")
        if label in quotas:
            raise InputError(f"quota {text!r}: {label!r} has a quota already")
        quotas[label] = int(number)
    return quotas


def take(
    labels: NDArray[np.integer[Any]],
    names: Sequence[str],
    keys: Keys,
    quotas: Mapping[str, int],
    seed: int,
    total: int | None = None,
) -> Quotas:
    """Draw records by quota: fewer than there are of a label, or more, by repeating them.

    Of a label with too few records every one is taken as often as it goes, and the rest is drawn once more.

    Args:
        labels: int (n,), each record's label as a place in `names`.
        names: all labels that are known, distinct.
        keys: uint64 (n, 2), the records' fingerprints, which the draw depends on.
        quotas: records to take of a label; "*" is the quota of each other label that has records.
        seed: the same seed draws the same records.
        total: records to take in all, where "*" is not given: what the quotas leave of it is drawn from the other
            labels together, at most all of their records. None: the other labels are taken whole.

    Raises:
        InputError: an unknown label, a quota of a label without records, quotas beyond the total, "*" with a total.
    """
    _check(quotas, names, total)
    available = np.bincount(labels, minlength=len(names))
    asked = _asked(available, names, quotas)
    drawn = [_of_label(labels, at, names[at], keys, count, seed) for at, count in asked.items()]
    others = np.flatnonzero(~np.isin(labels, list(asked)))
    if total is not None:
        others = others[draw(keys[others], total - sum(asked.values()), seed)]
    rows = np.sort(np.concatenate([*drawn, others]))
    taken = np.bincount(labels[rows], minlength=len(names))
    distinct = np.bincount(labels[np.unique(rows)], minlength=len(names))
    table = tuple(
        QuotaRow(name, int(available[at]), asked.get(at), int(taken[at]), int(taken[at] - distinct[at]))
        for at, name in enumerate(names)
        if available[at] or at in asked
    )
    return Quotas(rows, table)


def _asked(available: NDArray[np.integer[Any]], names: Sequence[str], quotas: Mapping[str, int]) -> dict[int, int]:
    """Return the quota of each label that has one, by its place in `names`."""
    asked = {}
    for at, name in enumerate(names):
        if name in quotas:
            asked[at] = quotas[name]
        elif OTHERS in quotas and available[at]:
            asked[at] = quotas[OTHERS]
    return asked


def _check(quotas: Mapping[str, int], names: Sequence[str], total: int | None) -> None:
    for label, count in quotas.items():
        if count < 0:
            raise InputError(f"quota of {label!r}: {count} records cannot be taken; 0 leaves all of them out")
        if label != OTHERS and label not in names:
            raise InputError(
                f"quota of {label!r}: no such label; there are: {', '.join(names)}{did_you_mean(label, names)}"
            )
    if total is not None:
        if OTHERS in quotas:
            raise InputError("a quota of '*' and a total contradict each other: give only one of them")
        if sum(quotas.values()) > total:
            raise InputError(
                f"the quotas ask for {sum(quotas.values())} records, the total is {total}; raise the total"
            )


def _of_label(labels: NDArray[np.integer[Any]], at: int, name: str, keys: Keys, asked: int, seed: int) -> Rows:
    rows = np.flatnonzero(labels == at)
    if asked and not len(rows):
        raise InputError(f"quota of {name!r}: {asked} records are asked for, the corpus has none")
    whole, rest = divmod(asked, max(1, len(rows)))
    return np.concatenate([np.tile(rows, whole), rows[draw(keys[rows], rest, seed)]])
