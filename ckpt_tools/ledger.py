"""The ledger beside each merged checkpoint: what it was made of, what was measured, and whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ckpt_tools.adapter import AdapterInfo
from ckpt_tools.arithmetic import PairSum
from ckpt_tools.layout import TensorInfo
from core.errors import InputError

SCHEMA = 1


@dataclass(frozen=True)
class Recipe:
    """Everything that determines the bytes of one merged checkpoint.

    Attributes:
        base_sha256: of the base file.
        adapter_sha256: of `adapter.safetensors`.
        adapter: the content of `adapter.json`.
        file_format: "ckpt" or "safetensors".
        dtype: type of the floating tensors, "keep" for that of the base.
    """

    base_sha256: str
    adapter_sha256: str
    adapter: AdapterInfo
    file_format: str
    dtype: str

    def head(self) -> dict[str, Any]:
        """Return the part of the ledger that says what was asked for."""
        return {
            "schema": SCHEMA,
            "step": self.adapter.step,
            "file": self.file_name,
            "format": self.file_format,
            "dtype": self.dtype,
            "base_sha256": self.base_sha256,
            "adapter_sha256": self.adapter_sha256,
            "adapter": asdict(self.adapter),
            "scaling": self.adapter.scaling,
        }

    @property
    def file_name(self) -> str:
        """Name of the merged file, from the step: two merges never overwrite each other."""
        return f"step_{self.adapter.step}.{self.file_format}"

    @property
    def ledger_name(self) -> str:
        """Name of the ledger."""
        return f"step_{self.adapter.step}.json"


def valid_ledger(out: Path, recipe: Recipe) -> dict[str, Any] | None:
    """Return the ledger in `out` where it and its checkpoint are of this recipe and whole; None otherwise."""
    try:
        ledger = json.loads((out / recipe.ledger_name).read_text(encoding="utf-8"))
        size = (out / recipe.file_name).stat().st_size
    except (OSError, ValueError, RecursionError):
        return None
    # A round trip through JSON, so that tuples and numbers compare as they are stored.
    wanted = json.loads(json.dumps(recipe.head()))
    if not isinstance(ledger, dict) or any(ledger.get(key) != value for key, value in wanted.items()):
        return None
    return ledger if ledger.get("size") == size else None


def full_ledger(
    recipe: Recipe, sha256: str, size: int, sums: Mapping[str, tuple[TensorInfo, PairSum]], untouched: Mapping[str, int]
) -> dict[str, Any]:
    """Build the ledger of a finished merge.

    Args:
        recipe: what was asked for.
        sha256: of the merged file.
        size: its bytes.
        sums: name -> (the merged tensor, what was measured of it).
        untouched: numbers of tensors without a pair: "count", and of them "identical" (bytes of the base) and
            "converted" (to the chosen type).
    """
    changed = sum(pair.changed for _, pair in sums.values())
    absorbed = sum(pair.absorbed for _, pair in sums.values())
    return recipe.head() | {
        "sha256": sha256,
        "size": size,
        "pairs": len(sums),
        "merged": [
            {
                "name": name,
                "shape": list(info.shape),
                "dtype": info.dtype,
                "max_delta": pair.max_delta,
                "changed": pair.changed,
                "absorbed": pair.absorbed / pair.changed if pair.changed else 0.0,
                "max_error": pair.max_error,
                "error_share": pair.worst,
            }
            for name, (info, pair) in sums.items()
        ],
        "untouched": dict(untouched),
        "absorbed": absorbed / changed if changed else 0.0,
        "max_delta": max(pair.max_delta for _, pair in sums.values()),
        "max_error": max(pair.max_error for _, pair in sums.values()),
        "error_share": max(pair.worst for _, pair in sums.values()),
        "finite": all(pair.finite for _, pair in sums.values()),
    }


def refuse_symlink(path: Path) -> None:
    """Raise InputError where a result would be written over a symbolic link."""
    if path.is_symlink():
        raise InputError(f"{path}: is a symbolic link; remove it or choose another folder")
