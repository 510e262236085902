"""What is checked of a merge before its first byte, and of its files before they get their names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ckpt_tools.formats.floats import all_finite
from ckpt_tools.formats.sharded import fingerprint
from ckpt_tools.formats.tensor_file import FLOATS, TensorFile
from ckpt_tools.formats.tensors import open_tensors
from ckpt_tools.formats.writing import WrittenFile
from ckpt_tools.merging.adapter import TENSORS, Adapter
from ckpt_tools.merging.manifest import full_manifest
from ckpt_tools.merging.partial import Partial
from core.errors import GateError, InputError
from core.methods import all_methods
from core.models import family_with


def check_steps(adapters: Sequence[Adapter]) -> None:
    """Raise InputError where two adapters are of one step: their results would have one name."""
    seen: dict[int, Path] = {}
    for adapter in adapters:
        other = seen.setdefault(adapter.info.step, adapter.path)
        if other is not adapter.path:
            raise InputError(
                f"{adapter.path}: is of step {adapter.info.step} like {other}; merge them into separate folders"
            )


def check_fit(adapter: Adapter, base: TensorFile) -> None:
    """Check that what the adapter changes is in the base, and that it changes all it has to; InputError otherwise."""
    where, method = adapter.path / TENSORS, adapter.info.method
    for weight, change in adapter.changes.items():
        first = next(iter(change.parts.values()))
        if weight not in base:
            raise InputError(f"{where}: {first!r} matches no weight of {base.path} ({weight!r} is not in it)")
        info = base[weight]
        if not _fits(info.shape, change.shape) or not info.size or len(info.shape) > 2:
            raise InputError(
                f"{where}: the {method.noun} of {weight} makes a matrix {change.shape}, the base's is {info.shape}"
            )
        if info.dtype not in FLOATS:
            raise InputError(f"{base.path}: {weight} is of type {info.dtype}; only floating weights can be merged")
    for name in adapter.tensors:
        if not all_finite(adapter.tensors.read(name), adapter.tensors[name].dtype):
            raise InputError(f"{where}: {name!r} holds NaN or infinity; the training diverged")
    methods = all_methods()
    for name in base:
        if any(one.owns(name) for one in methods):
            raise InputError(f"{base.path}: holds an adapter's tensor itself ({name!r}); give the base without adapter")
    for name in method.all_targets(adapter.info.settings, family_with(base.entries), base):
        if name not in adapter.changes:
            raise InputError(f"{where}: the settings of {method.title} name {name}, but its {method.noun} is missing")


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        should is None or length == should for length, should in zip(shape, wanted, strict=True)
    )


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
        self._before = self._stamps()

    def check(self) -> None:
        """Raise InputError where one of the files is not the one it was."""
        for path, before, now in zip(self._files, self._before, self._stamps(), strict=True):
            if before != now:
                raise InputError(f"{path}: was changed while it was merged; merge again when nothing writes to it")

    def _stamps(self) -> list[tuple[int, ...] | None]:
        stamps: list[tuple[int, ...] | None] = []
        for path in self._files:
            try:
                found = os.stat(path)
                stamps.append((found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))
            except OSError:
                stamps.append(None)
        return stamps


def proven_manifest(result: Partial, adapter: Adapter, files: Sequence[WrittenFile]) -> dict[str, Any]:
    """Return the manifest of a result that is written but has no name yet.

    Its blocks were read back one by one as they were written. What is left is their order: each tensor has to stand
    where the file itself says, under its name, once; and each tensor of the adapter has to be used, as it is meant.

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
    merged = [entry for entry in facts if "changed" in entry]
    done = {entry["name"]: {entry[role] for role in adapter.changes[entry["name"]].parts} for entry in merged}
    meant = {name: set(change.parts.values()) for name, change in adapter.changes.items()}
    used = set().union(*done.values())
    if [entry["name"] for entry in facts] != planned or done != meant or used != set(adapter.tensors):
        raise GateError(
            f"{adapter.path}: {len(adapter.changes)} changes, {len(merged)} of them merged into {len(facts)} of "
            f"{len(planned)} tensors; this is a defect, please report it"
        )
    return full_manifest(result.spec, files, merged, [entry for entry in facts if "changed" not in entry])
