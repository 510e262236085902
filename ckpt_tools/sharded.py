"""Safetensors in several files with an index (`model.safetensors.index.json`), read as if it were one file."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from ckpt_tools.layout import Entry, TensorFile
from ckpt_tools.safetensors_file import open_safetensors
from core.errors import InputError
from core.files import read_json, sha256_file

INDEX_SUFFIX = ".safetensors.index.json"
_MAX_INDEX = 64 << 20


def open_sharded(index: Path) -> TensorFile:
    """Open a sharded checkpoint by its index.

    Raises:
        InputError: a malformed index, a shard that is missing, damaged or lies outside the index's folder, a tensor
            that is not where the index says, or that the index does not name.
    """
    weight_map = _weight_map(index)
    shards = sorted(set(weight_map.values()))
    entries: list[Entry] = []
    metadata: dict[str, str] = {}
    for number, shard in enumerate(shards):
        opened = open_safetensors(index.parent / shard)
        metadata |= opened.metadata
        for name, entry in opened.entries.items():
            if weight_map.get(name) != shard:
                raise InputError(f"{index.parent / shard}: holds {name!r}, which {index.name} does not place there")
            extents = tuple(replace(extent, file=number) for extent in entry.extents)
            entries.append(Entry(entry.info, extents))
    missing = set(weight_map) - {entry.info.name for entry in entries}
    if missing:
        name = min(missing)
        raise InputError(f"{index}: places {name!r} in {weight_map[name]}, where it is not")
    return TensorFile(index, "safetensors", entries, metadata, [index.parent / shard for shard in shards])


def fingerprint(path: Path) -> str:
    """Return what identifies a checkpoint: the sha256 of its file; of a sharded one, of its shards' names and hashes.

    Args:
        path: the file, or the index of a sharded checkpoint.
    """
    if not path.name.endswith(INDEX_SUFFIX):
        return sha256_file(path)
    digest = hashlib.sha256()
    for shard in sorted(set(_weight_map(path).values())):
        digest.update(f"{shard} {sha256_file(path.parent / shard)}\n".encode())
    return digest.hexdigest()


def _weight_map(index: Path) -> dict[str, str]:
    """Return tensor name -> file name beside the index."""
    try:
        if index.stat().st_size > _MAX_INDEX:
            raise InputError(f"{index}: more than {_MAX_INDEX} bytes; not an index of safetensors")
    except OSError as error:
        raise InputError(f"{index}: cannot be read ({error.strerror or error})") from error
    content = read_json(index)
    weight_map = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        raise InputError(f"{index}: has no weight_map; not an index of safetensors")
    for name, shard in weight_map.items():
        # A name with a folder in it could reach any file of the machine.
        if not isinstance(shard, str) or Path(shard).name != shard or not shard.endswith(".safetensors"):
            raise InputError(f"{index}: places {name!r} in {shard!r}; only .safetensors files beside the index count")
    return weight_map
