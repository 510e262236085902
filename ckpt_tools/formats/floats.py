"""Types of floating-point tensors: rounding from one to another, and finding what is not finite. Pure."""

from __future__ import annotations

import numpy as np

from ckpt_tools.formats.tensor_file import DTYPES, Array

_EXPONENTS = {
    "float16": (np.uint16, 0x7C00),
    "bfloat16": (np.uint16, 0x7F80),
    "float32": (np.uint32, 0x7F800000),
    "float64": (np.uint64, 0x7FF0000000000000),
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


def summing_type(dtype: str) -> str:
    """Return the type that a weight of type `dtype` is summed in."""
    return "float64" if dtype == "float64" else "float32"
