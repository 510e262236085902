"""W' = W + update by blocks of rows: the sum itself, and what is measured of it on the way. Pure.

What the update is, the tuning method says (`core.methods.Update`). The sum is taken in float32 (float64 for a float64
base) whatever the stored types are.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ckpt_tools.formats.floats import cast
from ckpt_tools.formats.tensor_file import DTYPES, Array, TensorInfo
from core.methods import Product, Update

# Largest relative error of rounding to nearest, and half the smallest step near zero.
_ROUNDING = {
    "float16": (2.0**-11, 2.0**-25),
    "bfloat16": (2.0**-8, 2.0**-134),
    "float32": (2.0**-24, 2.0**-150),
    "float64": (2.0**-53, 0.0),
}
_SEED = 20240601
# A power of two, so that it changes no digit; it keeps products with the largest weights below infinity.
_X_SCALE = 2.0**-20
# Of a normal distribution, 1 value in 4e11 is farther out than this many standard deviations.
_DEVIATIONS = 7.0


def random_vector(name: str, length: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the vector x that weight `name` is checked on, the same in every run: normal numbers times 2^-20."""
    generator = np.random.default_rng([_SEED, zlib.crc32(name.encode())])
    return generator.standard_normal(length) * _X_SCALE


@dataclass(frozen=True)
class Rows:
    """Some rows of a base weight, as all results need them.

    Attributes:
        start: number of the first row.
        wide: the rows [rows, in] in the summing type.
        rounded: the same in the type of the result: what the rows are where nothing is added.
        norms: Euclidean length of each row, float64.
    """

    start: int
    wide: Array
    rounded: Array
    norms: np.ndarray[Any, np.dtype[np.float64]]


def base_rows(block: Array, start: int, wide: str, dtype: str) -> Rows:
    """Prepare a block of a base weight.

    Args:
        block: rows [rows, in] as stored.
        start: number of the first row.
        wide: the summing type.
        dtype: type of the result.
    """
    summing = cast(block, wide)
    with np.errstate(over="ignore"):
        norms = np.sqrt(np.einsum("ij,ij->i", summing, summing).astype(np.float64))
    return Rows(start, summing, cast(block, dtype), norms)


@dataclass
class RowSum:
    """Adds the update of one tensor to its rows, block by block, and measures what happens.

    Attributes:
        info: name, shape and type of the result; a vector counts as one column.
        update: what is added.
        wide: the summing type, "float32" or "float64".
        x: the vector [in] of the numeric check, float64.
        changed: entries with a delta other than zero.
        absorbed: those of them whose result is the value that the base alone has in the type of the result.
        max_delta: largest |W' - W| before rounding.
        max_error: largest |(W' - W)x - (the update applied to x)| of a row, for an x of standard deviation 1.
        worst: largest such error as a share of what the arithmetic may cost; above 1 the merge is wrong.
        finite: whether all results are finite.
    """

    info: TensorInfo
    update: Update
    wide: str
    x: np.ndarray[Any, np.dtype[np.float64]]
    changed: int = 0
    absorbed: int = 0
    max_delta: float = 0.0
    max_error: float = 0.0
    worst: float = 0.0
    finite: bool = True
    _short_x: Array = field(init=False)
    # Two blocks of rows [2, rows, in] that are used again and again: fresh memory costs more than the sums.
    _scratch: Array = field(init=False)

    def __post_init__(self) -> None:
        self._short_x = self.x.astype(DTYPES[self.wide])
        self._scratch = np.empty((2, 0, len(self.x)), DTYPES[self.wide])

    def add(self, rows: Rows) -> Array:
        """Return the same rows of W' in the type of the result, valid until the next call."""
        delta = self._block(0, len(rows.wide))
        self.update.delta(rows.start, rows.wide, delta)
        nonzero = delta != 0
        self.changed += int(np.count_nonzero(nonzero))
        self.max_delta = max(self.max_delta, float(delta.max(initial=0.0)), -float(delta.min(initial=0.0)))
        total = self.update.total(rows.start, rows.wide, delta)
        result = cast(total, self.info.dtype)
        moved = _bits(result) != _bits(rows.rounded)
        self.absorbed += int(np.count_nonzero(nonzero > moved))
        self._check(rows, total, result)
        return result

    def _block(self, number: int, count: int) -> Array:
        if self._scratch.shape[1] < count:
            self._scratch = np.empty((2, count, len(self.x)), DTYPES[self.wide])
        return self._scratch[number, :count]

    def _check(self, rows: Rows, total: Array, result: Array) -> None:
        """Compare (W' - W)x with the update applied to x, before and after rounding to the type of the result.

        The difference is taken before the product: in float32, W'x and Wx would drown a small delta between them.
        """
        wanted = self.update.product(rows.start, rows.wide, self.x)
        unit, _ = _ROUNDING[self.wide]
        # What the sum costs an entry: one rounding of w', and those of what made the delta.
        cost = unit * (rows.norms + wanted.cost)
        self._compare(total, rows, wanted, cost)
        if result.dtype != total.dtype:
            unit, step = _ROUNDING[self.info.dtype]
            cost = cost + unit * (rows.norms + wanted.norms) + step * np.sqrt(len(self.x))
            self._compare(result, rows, wanted, cost)

    def _compare(self, result: Array, rows: Rows, wanted: Product, cost: Array) -> None:
        """Hold one product against its bound.

        x is random and knows nothing of the roundings, so errors of total length `cost` in a row add up to a normal
        number of that standard deviation (times x's own). The product itself is taken in the summing type; it costs
        about sqrt(in) roundings of |difference|·|x| (https://doi.org/10.1137/18M1226312).
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            difference = self._block(1, len(result))
            np.copyto(difference, result)
            difference -= rows.wide
            product = difference @ self._short_x
            # No entry of x is zero, so one entry that is not finite makes the product of its row so.
            if not np.isfinite(product).all():
                self.finite = False
                return
            error = np.abs(product - wanted.values) / _X_SCALE
            unit, step = _ROUNDING[self.wide]
            length = len(self.x)
            allowed = _DEVIATIONS * (cost + length * unit * (wanted.norms + cost)) + length * step / _X_SCALE
            share = np.where(error == 0, 0.0, error / allowed)
        self.max_error = max(self.max_error, float(error.max(initial=0.0)))
        self.worst = max(self.worst, float(share.max(initial=0.0)))


def _bits(values: Array) -> Array:
    return values.view(f"u{values.dtype.itemsize}")
