"""W' = W + s·B·A by blocks of rows: the sum itself, and what is measured of it on the way. Pure.

The sum follows LoRA (https://arxiv.org/abs/2106.09685, section 4.1) with the scaling s = alpha / rank that MindFormers
trains with; it is taken in float32 (float64 for a float64 base) whatever the stored types are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ckpt_tools.layout import DTYPES, Array

_EXPONENTS = {
    "float16": (np.uint16, 0x7C00),
    "bfloat16": (np.uint16, 0x7F80),
    "float32": (np.uint32, 0x7F800000),
    "float64": (np.uint64, 0x7FF0000000000000),
}
# Largest relative error of rounding to nearest, and half the smallest step near zero.
_ROUNDING = {
    "float16": (2.0**-11, 2.0**-25),
    "bfloat16": (2.0**-8, 2.0**-134),
    "float32": (2.0**-24, 2.0**-150),
    "float64": (2.0**-53, 0.0),
}


def all_finite(values: Array, dtype: str) -> bool:
    """Tell whether no entry is NaN or infinite, by the bits of the exponents (bfloat16 has no fast `isfinite`)."""
    if dtype not in _EXPONENTS or not values.size:
        return True
    word, mask = _EXPONENTS[dtype]
    bits = np.ascontiguousarray(values).reshape(-1).view(word)
    return not bool(((bits & word(mask)) == mask).any())


def cast(values: Array, dtype: str) -> Array:
    """Round to another type; overflow becomes infinity without a warning (the caller checks)."""
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(DTYPES[dtype], copy=False)


@dataclass
class PairSum:
    """Adds one LoRA pair to one weight, block of rows by block of rows, and measures what happens.

    Attributes:
        a: A [rank, in], float32 (or float64).
        b: B [out, rank], same type.
        scaling: alpha / rank.
        dtype: type of the result.
        x: a random vector [in], float64, for the numeric check.
        changed: entries with a delta other than zero.
        absorbed: those of them whose result is the value that the base alone has in `dtype`.
        max_delta: largest |s·B·A|.
        max_error: largest |W'x - (Wx + s·B(Ax))| of a row.
        worst: largest such error as a share of what the arithmetic may cost; above 1 the merge is wrong.
        finite: whether all results are finite.
    """

    a: Array
    b: Array
    scaling: float
    dtype: str
    x: np.ndarray[Any, np.dtype[np.float64]]
    changed: int = 0
    absorbed: int = 0
    max_delta: float = 0.0
    max_error: float = 0.0
    worst: float = 0.0
    finite: bool = True
    _ax: Array = field(init=False)
    _norms: tuple[float, float, float] = field(init=False)

    def __post_init__(self) -> None:
        self._ax = self.a.astype(np.float64) @ self.x
        self._norms = (
            float(np.linalg.norm(self.x)),
            float(np.abs(self.x).sum()),
            float(np.linalg.norm(self.a.astype(np.float64))),
        )

    def add(self, base: Array, start: int) -> Array:
        """Return rows of W' in `dtype`.

        Args:
            base: rows of W [rows, in], already of the summing type (float32 or float64).
            start: number of the first of them.
        """
        b = self.b[start : start + len(base)]
        delta = (b @ self.a) * base.dtype.type(self.scaling)
        result = cast(base + delta, self.dtype)
        changed = delta != 0
        self.changed += int(np.count_nonzero(changed))
        self.absorbed += int(np.count_nonzero(changed & (result == cast(base, self.dtype))))
        self.max_delta = max(self.max_delta, float(np.abs(delta).max(initial=0.0)))
        if not all_finite(result, self.dtype):
            self.finite = False
            return result
        self._check(base, b, result)
        return result

    def _check(self, base: Array, b: Array, result: Array) -> None:
        """Compare W'x with Wx + s·B(Ax) in float64, against a bound on what rounding can do.

        Of a row w, rounding to `dtype` costs at most u·|w'|·|x| (and half the smallest step times the sum of |x|);
        the sum and the products of length `rank` cost (rank + 8)·2^-24 of |w| + s·|b|·|A|, times |x|.
        """
        wide, wide_result, wide_b = (part.astype(np.float64) for part in (base, result, b))
        error = np.abs(wide_result @ self.x - (wide @ self.x + self.scaling * (wide_b @ self._ax)))
        x_norm, x_sum, a_norm = self._norms
        unit, step = _ROUNDING[self.dtype]
        summing = _ROUNDING["float64" if base.dtype == np.float64 else "float32"][0] * (self.a.shape[0] + 8)
        terms = np.linalg.norm(wide, axis=1) + abs(self.scaling) * np.linalg.norm(wide_b, axis=1) * a_norm
        # float64 is not free of rounding either: 1e-13 is far above its cost for rows of any real length.
        allowed = (
            x_norm * (1.01 * unit * np.linalg.norm(wide_result, axis=1) + (summing + 1e-13) * terms) + step * x_sum
        )
        self.max_error = max(self.max_error, float(error.max(initial=0.0)))
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(error == 0, 0.0, error / allowed)
        self.worst = max(self.worst, float(share.max(initial=0.0)))
