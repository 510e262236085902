"""Drawing by seed: a lottery in which each record's number depends on its own key and the seed alone.

So the same records are drawn whatever the order of the corpus, the number of processes or the version of a random
number generator, and a corpus that grows changes a draw only by the records that are new.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from data_convert.selection.dedup import Keys, Rows

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def draw(keys: Keys, count: int, seed: int) -> Rows:
    """Draw `count` of n records.

    Args:
        keys: uint64 (n, 2), fingerprints; equal keys are drawn in the order of the records.
        count: how many to draw; all where there are no more.
        seed: the same seed draws the same.

    Returns:
        int64, the drawn records' places, ascending.
    """
    if count >= len(keys):
        return np.arange(len(keys))
    with np.errstate(over="ignore"):
        start = mix(np.array([seed % 2**64], np.uint64) + _GOLDEN)
        tickets = mix(keys[:, 0] ^ mix(keys[:, 1] ^ start))
    return np.sort(np.lexsort((keys[:, 1], keys[:, 0], tickets))[:count])


def mix(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return 64-bit numbers well stirred, one to one: the finaliser of SplitMix64 (Steele, Lea, Flood, 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
