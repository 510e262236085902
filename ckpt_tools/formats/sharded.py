"""Safetensors in several files with an index (`model.safetensors.index.json`): read as one file, and planned."""

from __future__ import annotations

import hashlib
import json
import re
import reprlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ckpt_tools.formats.regular import read_regular_json
from ckpt_tools.formats.safetensors_file import SUFFIX, open_safetensors, safetensors_layout
from ckpt_tools.formats.tensor_file import Entry, Layout, TensorFile, TensorInfo
from core.errors import InputError
from core.files import sha256_file

INDEX_SUFFIX = ".safetensors.index.json"
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*([KMGT]?)(i?)B?", re.IGNORECASE)


def open_sharded(index: Path) -> TensorFile:
    """Open a sharded safetensors checkpoint by its index; see `open_indexed`."""
    return open_indexed(index, "safetensors", SUFFIX, open_safetensors)


def open_indexed(index: Path, file_format: str, suffix: str, open_shard: Callable[[Path], TensorFile]) -> TensorFile:
    """Open a sharded checkpoint by its index.

    Args:
        index: the index.
        file_format: what the result says of its format.
        suffix: of the shards' names.
        open_shard: opens one of them.

    Raises:
        InputError: a malformed index, a shard that is missing, damaged or lies outside the index's folder, a tensor
            that is not where the index says, or that the index does not name.
    """
    weight_map = _weight_map(index, suffix)
    shards = sorted(set(weight_map.values()))
    entries: list[Entry] = []
    metadata: dict[str, str] = {}
    for number, shard in enumerate(shards):
        opened = open_shard(index.parent / shard)
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
    return TensorFile(index, file_format, entries, metadata, [index.parent / shard for shard in shards])


def fingerprint(path: Path) -> str:
    """Return what identifies a checkpoint: the sha256 of its file; of a sharded one, of its shards' names and hashes.

    Args:
        path: the file, or the index of a sharded checkpoint.
    """
    if not path.name.endswith(INDEX_SUFFIX):
        return sha256_file(path)
    shards = sorted(set(_weight_map(path, SUFFIX).values()))
    with ThreadPoolExecutor() as pool:
        hashes = pool.map(sha256_file, [path.parent / shard for shard in shards])
        return joint_fingerprint(dict(zip(shards, hashes, strict=True)))


def joint_fingerprint(hashes: Mapping[str, str]) -> str:
    """Return the fingerprint of a sharded checkpoint from file name -> sha256 of its shards."""
    lines = "".join(f"{shard} {sha256}\n" for shard, sha256 in sorted(hashes.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def shard_layouts(
    infos: Sequence[TensorInfo], shard_size: int, metadata: Mapping[str, str] | None = None
) -> dict[str, Layout]:
    """Plan a sharded checkpoint: file name -> layout, `model-0000k-of-0000n.safetensors`.

    Args:
        infos: the tensors; they stay in their order but for the order inside a shard.
        shard_size: bytes of tensors that a shard holds at most; a larger tensor has a shard of its own.
        metadata: texts for the headers, as `safetensors_layout` takes them.

    Raises:
        InputError: no tensor, or a size below 1.
    """
    if shard_size < 1 or not infos:
        raise InputError(f"shards of {shard_size} bytes for {len(infos)} tensors: at least 1 of both is needed")
    shards: list[list[TensorInfo]] = [[]]
    held = 0
    for info in infos:
        if shards[-1] and held + info.nbytes > shard_size:
            shards.append([])
            held = 0
        shards[-1].append(info)
        held += info.nbytes
    return {
        f"model-{number:05}-of-{len(shards):05}.safetensors": safetensors_layout(shard, metadata)
        for number, shard in enumerate(shards, start=1)
    }


def index_text(layouts: Mapping[str, Layout]) -> str:
    """Return the index of a sharded checkpoint, as Hugging Face's libraries write it."""
    weight_map = {info.name: shard for shard, layout in layouts.items() for info in layout.infos}
    total = sum(info.nbytes for layout in layouts.values() for info in layout.infos)
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    return json.dumps(index, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def parse_size(text: str) -> int:
    """Return the bytes that a text such as `5GB`, `500MB` or `1GiB` says.

    Raises:
        InputError: it says no size of at least one byte.
    """
    match = _SIZE.fullmatch(text.strip())
    size = 0
    if match:
        power = " KMGT".index(match[2].upper() or " ")
        size = int(float(match[1]) * (1024 if match[3] else 1000) ** power)
    if size < 1:
        raise InputError(f"{text!r} is not a size; write for example 5GB or 500MB")
    return size


def _weight_map(index: Path, suffix: str) -> dict[str, str]:
    """Return tensor name -> file name beside the index."""
    content = read_regular_json(index)
    weight_map = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(weight_map, dict) or not weight_map:
        raise InputError(f"{index}: has no weight_map; not an index of {suffix} files")
    for name, shard in weight_map.items():
        # A name with a folder in it could reach any file of the machine.
        if not isinstance(shard, str) or Path(shard).name != shard or not shard.endswith(suffix):
            where = f"places {reprlib.repr(name)} in {reprlib.repr(shard)}"
            raise InputError(f"{index}: {where}; only {suffix} files beside the index count")
    for shard in set(weight_map.values()):
        _refuse_escape(index, shard)
    return weight_map


def _refuse_escape(index: Path, shard: str) -> None:
    """Raise InputError for a shard that is a symbolic link to somewhere else.

    In the cache of Hugging Face's hub the index and its shards are links, all into one folder: that is no escape.
    """
    path = index.parent / shard
    try:
        escapes = path.is_symlink() and path.resolve().parent not in (index.parent.resolve(), index.resolve().parent)
    except (OSError, RuntimeError) as error:  # a name too long, links in a circle
        raise InputError(f"{index}: places tensors in {reprlib.repr(shard)}, which cannot be read") from error
    if escapes:
        raise InputError(
            f"{path}: is a symbolic link that leaves the folder of {index.name}; put the file itself there"
        )
