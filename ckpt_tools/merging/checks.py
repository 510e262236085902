"""What is checked of a merge before its first byte, and of its files before they get their names."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ckpt_tools.formats.floats import all_finite
from ckpt_tools.formats.sharded import fingerprint
from ckpt_tools.formats.tensor_file import FLOATS, TensorFile
from ckpt_tools.formats.tensors import open_tensors
from ckpt_tools.formats.writing import WrittenFile
from ckpt_tools.merging.adapter import TENSORS, Adapter
from ckpt_tools.merging.manifest import full_ledger
from ckpt_tools.merging.partial import Partial
from core.errors import GateError, InputError

_LEAF = re.compile(r".+\.(?:attention|feed_forward)\.(\w+)\.weight")


def check_steps(adapters: Sequence[Adapter]) -> None:
    """Raise InputError where two adapters are of one step: their results would have one name."""
    seen: dict[int, Path] = {}
    for adapter in adapters:
        other = seen.setdefault(adapter.info.step, adapter.path)
        if other is not adapter.path:
            raise InputError(
                f"{adapter.path}: is of step {adapter.info.step} like {other}; merge them into two folders"
            )


def check_fit(adapter: Adapter, base: TensorFile) -> None:
    """Check that each pair has its weight, and each weight that the targets name its pair; InputError otherwise."""
    where = adapter.path / TENSORS
    for weight, pair in adapter.pairs.items():
        if weight not in base:
            raise InputError(f"{where}: {pair.a!r} matches no weight of {base.path} ({weight!r} is not in it)")
        info = base[weight]
        shape = (adapter.tensors[pair.b].shape[0], adapter.tensors[pair.a].shape[1])
        if info.shape != shape or not info.size:
            raise InputError(f"{where}: the pair of {weight} makes a matrix {shape}, the base's is {info.shape}")
        if info.dtype not in FLOATS:
            raise InputError(f"{base.path}: {weight} is of type {info.dtype}; only floating weights can be merged")
        for name in (pair.a, pair.b):
            if not all_finite(adapter.tensors.read(name), adapter.tensors[name].dtype):
                raise InputError(f"{where}: {name!r} holds NaN or infinity; the training diverged")
    for name in base:
        if "mindpet_delta_lora" in name:
            raise InputError(f"{base.path}: holds an adapter's tensor itself ({name!r}); give the base without adapter")
        leaf = _LEAF.fullmatch(name)
        if leaf and name not in adapter.pairs and re.match(adapter.info.targets, leaf[1]):
            raise InputError(f"{where}: the targets {adapter.info.targets!r} name {name}, but its pair is missing")


def checked_base(base: Path, adapters: Sequence[Adapter]) -> str:
    """Return the fingerprint of the base; InputError where an adapter was trained on another one."""
    found = fingerprint(base)
    for adapter in adapters:
        if adapter.info.base_sha256 != found:
            raise InputError(
                f"{adapter.path}: was trained on another base (sha256 {adapter.info.base_sha256[:12]}…) than {base} "
                f"({found[:12]}…); give the base it was trained on"
            )
    return found


class Unchanged:
    """Notices files that are written to while they are merged; what was hashed would not be what was read."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._files = files
        self._before = self._marks()

    def check(self) -> None:
        """Raise InputError where one of the files is not the one it was."""
        for path, before, now in zip(self._files, self._before, self._marks(), strict=True):
            if before != now:
                raise InputError(f"{path}: was changed while it was merged; merge again when nothing writes to it")

    def _marks(self) -> list[tuple[int, ...] | None]:
        marks: list[tuple[int, ...] | None] = []
        for path in self._files:
            try:
                found = os.stat(path)
                marks.append((found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))
            except OSError:
                marks.append(None)
        return marks


def proven_ledger(result: Partial, adapter: Adapter, files: Sequence[WrittenFile]) -> dict[str, Any]:
    """Return the ledger of a result that is written but has no name yet.

    Its blocks were read back one by one as they were written. What is left is their order: each tensor has to stand
    where the file itself says, under its name, once; and each pair has to be used, once.

    Raises:
        GateError: something of this does not hold.
    """
    for file in files:
        path, layout = result.folder / file.name, result.layouts[file.name]
        with open_tensors(path) as written:
            found = {entry.info: entry.extents for entry in written.entries.values()}
        if found != {info: layout.extents()[info.name] for info in layout.infos}:
            raise GateError(f"{path}: does not read back as it was planned; this is a defect, please report it")
    facts = [record["facts"] for record in result.records]
    planned = [info.name for layout in result.layouts.values() for info in layout.infos]
    merged = [entry for entry in facts if "a" in entry]
    used = sorted(name for entry in merged for name in (entry["a"], entry["b"]))
    if [entry["name"] for entry in facts] != planned or used != sorted(adapter.tensors):
        raise GateError(
            f"{adapter.path}: {len(adapter.pairs)} pairs, {len(merged)} of them merged into {len(facts)} of "
            f"{len(planned)} tensors; this is a defect, please report it"
        )
    return full_ledger(result.recipe, files, merged, [entry for entry in facts if "a" not in entry])
