"""Numbers drawn for one record from a seed and its id alone, whatever is done to the others."""

from __future__ import annotations

from hashlib import blake2b


def draw(seed: int, identity: str) -> int:
    """Return a whole number from 0 to 2^64 - 1, the same for the same seed and id on every machine."""
    return int.from_bytes(blake2b(f"{seed}/{identity}".encode(), digest_size=8).digest(), "big")
