"""What a weight file says about itself: the names and sizes of its tensors."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from core.methods import all_methods


def tensor_sizes(path: Path) -> dict[str, int]:
    """Return name -> number of entries of each tensor of a `.ckpt` or safetensors file; contents are not read.

    Raises:
        InputError: the file is missing, damaged, or of neither format.
    """
    from ckpt_tools.formats.tensors import open_tensors

    with open_tensors(path) as tensors:
        return {info.name: info.size for info in tensors.infos()}


def adapter_tensor(names: Iterable[str]) -> str | None:
    """Return the first name that belongs to an adapter, None where there is none (merged weights have none)."""
    methods = all_methods()
    return next((name for name in names if any(method.owns(name) for method in methods)), None)
