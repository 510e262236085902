"""The manifest beside each merged checkpoint: what it was made of, what was measured, and whether it still holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ckpt_tools.formats.index import INDEX
from ckpt_tools.formats.sharded import joint_fingerprint
from ckpt_tools.formats.writing import WrittenFile
from ckpt_tools.merging.adapter import AdapterInfo
from ckpt_tools.merging.arithmetic import RowSum
from core.errors import InputError
from core.files import read_json
from core.methods import Change
from core.step_names import step_name
from core.untrusted import load_json

SCHEMA = 1
# A tensor that loses more of its changed entries to rounding than this is worth a warning.
ABSORBED_WARNING = 0.1


@dataclass(frozen=True)
class MergeSpec:
    """Everything that determines the bytes of one merged checkpoint.

    Attributes:
        base_sha256: of the base file.
        adapter_sha256: of `adapter.safetensors`.
        adapter: the content of `adapter.json`.
        file_format: "ckpt" or "safetensors".
        dtype: type of the floating tensors, "keep" for that of the base.
        shard_size: bytes of tensors a file of a sharded checkpoint holds; None for a single file.
        checksum: whether a `.ckpt` ends with its crc32.
    """

    base_sha256: str
    adapter_sha256: str
    adapter: AdapterInfo
    file_format: str
    dtype: str
    shard_size: int | None = None
    checksum: bool = False

    def head(self) -> dict[str, Any]:
        """Return the part of the manifest that says what was asked for."""
        return {
            "schema": SCHEMA,
            "step": self.adapter.step,
            "file": self.file_name,
            "format": self.file_format,
            "dtype": self.dtype,
            "shard_size": self.shard_size,
            "crc": self.checksum,
            "base_sha256": self.base_sha256,
            "adapter_sha256": self.adapter_sha256,
            "adapter": self.adapter.content(),
            **self.adapter.method.figures(self.adapter.settings),
        }

    @property
    def name(self) -> str:
        """`step_N`: two merges never overwrite each other."""
        return step_name(self.adapter.step)

    @property
    def result_name(self) -> str:
        """Name of the merged file, or of the folder of a sharded one."""
        return f"{self.name}.{self.file_format}" if self.shard_size is None else self.name

    @property
    def file_name(self) -> str:
        """What is opened to read the result: the merged file, or the index of a sharded one."""
        return self.result_name if self.shard_size is None else f"{self.result_name}/{INDEX}"

    @property
    def manifest_name(self) -> str:
        """Name of the manifest."""
        return f"{self.name}.json"


def valid_manifest(out: Path, spec: MergeSpec) -> dict[str, Any] | None:
    """Return the manifest in `out` where it and its checkpoint are of this spec and whole; None otherwise."""
    try:
        path = out / spec.manifest_name
        # Whoever reads from a pipe may wait for ever.
        manifest = read_json(path) if path.is_file() else {}
        # A round trip through JSON, so that tuples and numbers compare as they are stored.
        wanted = load_json(json.dumps(spec.head()), str(path))
        if any(manifest[key] != value for key, value in wanted.items()):
            return None
        files = manifest["files"] if spec.shard_size else [{"name": spec.file_name, "size": manifest["size"]}]
        whole = all((out / file["name"]).stat().st_size == file["size"] for file in files)
        return manifest if whole and (out / spec.file_name).is_file() else None
    except (InputError, OSError, ValueError, LookupError, TypeError):
        return None


def merged_facts(change: Change, measured: RowSum) -> dict[str, Any]:
    """Return what the manifest says of a tensor that an update was added to."""
    info = measured.info
    return {
        "name": info.name,
        **change.parts,
        "shape": list(info.shape),
        "dtype": info.dtype,
        "max_delta": measured.max_delta,
        "changed": measured.changed,
        "absorbed_entries": measured.absorbed,
        "absorbed": _share(measured.absorbed, measured.changed),
        "max_error": measured.max_error,
        "error_share": measured.worst,
    }


def full_manifest(
    spec: MergeSpec,
    files: Sequence[WrittenFile],
    merged: Sequence[Mapping[str, Any]],
    untouched: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Build the manifest of a finished merge.

    Args:
        spec: what was asked for.
        files: the written files; one, or the shards.
        merged: `merged_facts` of each merged tensor.
        untouched: of every other tensor its name, shape, dtype, the sha256 of its bytes in the result, and whether
            they are those of the base ("identical") or were converted to the chosen type.
    """
    changed = sum(facts["changed"] for facts in merged)
    absorbed = sum(facts["absorbed_entries"] for facts in merged)
    identical = sum(facts["identical"] for facts in untouched)
    if spec.shard_size is None:
        sha256, listed = files[0].sha256, {}
    else:
        sha256 = joint_fingerprint({Path(file.name).name: file.sha256 for file in files})
        listed = {"files": [asdict(file) for file in files]}
    return spec.head() | {
        "sha256": sha256,
        "size": sum(file.size for file in files),
        **listed,
        "pairs": len(merged),
        "merged": list(merged),
        "untouched": {
            "count": len(untouched),
            "identical": identical,
            "converted": len(untouched) - identical,
            "tensors": list(untouched),
        },
        "absorbed": _share(absorbed, changed),
        "max_delta": max(facts["max_delta"] for facts in merged),
        "max_error": max(facts["max_error"] for facts in merged),
        "error_share": max(facts["error_share"] for facts in merged),
        # A result that is not finite is never written to its end.
        "finite": True,
        "warnings": _warnings(spec, merged),
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _warnings(spec: MergeSpec, merged: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say that nothing changes, or which tensors lost much of their change to rounding."""
    if not any(facts["changed"] for facts in merged):
        change = spec.adapter.method.change
        return [f"{spec.name}: the adapter changes nothing, each {change} is zero; the result is the base"]
    lossy = [facts for facts in merged if facts["absorbed"] > ABSORBED_WARNING]
    if not lossy:
        return []
    worst = max(lossy, key=lambda facts: facts["absorbed"])
    return [
        f"{spec.name}: rounding to {worst['dtype']} swallowed more than {100 * ABSORBED_WARNING:.0f} % of the "
        f"changed entries in {len(lossy)} of {len(merged)} merged tensors (most in {worst['name']}: "
        f"{100 * worst['absorbed']:.1f} %); --dtype float32 keeps them"
    ]
