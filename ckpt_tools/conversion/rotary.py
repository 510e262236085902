"""The two orders in which the rows of q and k can lie within a head. Pure.

The rotary embedding turns pairs of entries of a head of size d. Meta's code pairs neighbours, (0, 1), (2, 3), …;
Hugging Face's pairs entry i of the first half with entry i of the second, (0, d/2), (1, d/2 + 1), … (`rotate_half`).
MindFormers' Llama does as Hugging Face's (`RotaryEmbedding.slice_half`). Moving the rows of wq and wk (weights and
biases) from one order to the other leaves the scores q·k as they are.
"""

from __future__ import annotations

from ckpt_tools.formats.tensor_file import Array


def to_halves(rows: Array, head_size: int) -> Array:
    """Bring rows [heads * head_size, …] from neighbouring pairs (Meta) to halves (Hugging Face, MindFormers)."""
    pairs = rows.reshape(-1, head_size // 2, 2, *rows.shape[1:])
    return pairs.swapaxes(1, 2).reshape(rows.shape)


def to_neighbours(rows: Array, head_size: int) -> Array:
    """Bring rows [heads * head_size, …] from halves to neighbouring pairs; the inverse of `to_halves`."""
    halves = rows.reshape(-1, 2, head_size // 2, *rows.shape[1:])
    return halves.swapaxes(1, 2).reshape(rows.shape)
