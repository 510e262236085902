"""LoRA."""

from __future__ import annotations

from core.errors import InputError
from core.models.llama import ModelShape, target_linears


def lora_parameters(model: ModelShape, rank: int, targets: str) -> int:
    """Return the number of trainable parameters of a LoRA of this rank on these targets.

    Raises:
        InputError: rank below 1, or targets that are malformed or adapt nothing.
    """
    if rank < 1:
        raise InputError(f"LoRA rank {rank}: has to be at least 1")
    return rank * sum(out + into for out, into in target_linears(model, targets).values())
