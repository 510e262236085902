"""The zip that is handed in: streamed, reproducible to the byte, whole or absent."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import __version__
from core.errors import InputError
from core.files import make_folder, replacing
from core.inside import open_inside
from core.progress import megabytes
from core.results import RESULTS, file_name
from submission.package import layout
from submission.package.run_facts import RunFacts
from submission.package.weights import adapter_tensor, tensor_sizes

MODES = ("full", "manifest", "light")
_CHUNK = 1 << 20
_RESERVE = 16 << 20  # bytes of disk beside the zip itself: directory of the zip, file system
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can state: the same run gives the same bytes


@dataclass(frozen=True)
class Part:
    """One file of the zip: its name there, where it comes from, and whether it is stored without compression."""

    name: str
    path: Path
    stored: bool = False


def parts_of(facts: RunFacts, made: Mapping[str, Path], code: Mapping[str, Path], mode: str) -> list[Part]:
    """Return what goes into the zip, sorted by name.

    Args:
        facts: the run.
        made: name inside the zip -> file, of the report and its pictures.
        code: name in the project -> file, of the code that ran.
        mode: `submission.checkpoints`: "full" with the weights, "manifest" without, "light" with the adapters instead.

    Raises:
        InputError: another mode.
    """
    if mode not in MODES:
        raise InputError(f"submission.checkpoints is {mode!r}, it must be one of {', '.join(MODES)}")
    run = facts.run
    parts = [Part(name, path, stored=path.suffix == ".png") for name, path in made.items()]
    parts.append(Part(layout.RUN_CONFIG, run.settings_file))
    if "train" in facts.config.steps:
        parts.append(Part(layout.FINETUNE_CONFIG, run.trainer_yaml))
    parts += [Part(layout.CODE + name, path) for name, path in code.items()]
    files = [*facts.logs, *facts.predictions, run.losses, run.validation_losses, run.audit, run.environment]
    files += [run.path / file_name(name) for name in facts.results.values]
    files += sorted(run.hand_in.glob("*.txt"))
    files += sorted(path for path in run.results.glob("*.json") if path.stem not in RESULTS)
    files += [checkpoint.manifest_path for checkpoint in facts.checkpoints]
    parts += [Part(layout.archive_name(facts.relative(path)), path) for path in files if path.is_file()]
    parts += [
        Part(_adapter_name(path), run.train / "adapters" / path.parent.name / path.name) for path in facts.adapters
    ]
    if mode == "light":
        parts += [Part(_adapter_name(path), path, stored=True) for path in _tensors(facts)]
    if mode == "full":
        parts += [Part(layout.CHECKPOINTS + item.path.name, item.path, stored=True) for item in facts.checkpoints]
    return sorted(parts, key=lambda part: part.name)


def _adapter_name(path: Path) -> str:
    return f"{layout.ADAPTERS}{path.parent.name}/{path.name}"


def _tensors(facts: RunFacts) -> list[Path]:
    """Return the adapters' tensors, which lie where the run left them; InputError where one is missing."""
    found = [path.with_suffix(".safetensors") for path in facts.adapters]
    there = {path.parent.name for path in found if path.is_file()}
    if missing := [item.name for item in facts.checkpoints if item.name not in there]:
        raise InputError(
            f"train/adapters/: no adapter of {', '.join(missing)}; submission.checkpoints=light puts the adapters into"
            " the zip: train again, or choose full or manifest"
        )
    return found


@dataclass(frozen=True)
class Label:
    """What the zip's manifest says of the whole.

    Attributes:
        team: its name.
        mode: `submission.checkpoints`.
        weights_url: where the weights can be had; "" where nowhere.
        replaced: what stands for something else in the zip's texts.
    """

    team: str
    mode: str
    weights_url: str = ""
    replaced: tuple[Mapping[str, Any], ...] = ()


def pack(facts: RunFacts, parts: list[Part], out: Path, label: Label) -> None:
    """Write the zip.

    The weights are read once: each is hashed while it is copied and compared with its merge manifest. In manifest
    mode they are hashed without being copied.

    Args:
        facts: the run.
        parts: from `parts_of`.
        out: the zip; it appears when it is complete, and an older one stays until then.
        label: what its manifest says of the whole.

    Raises:
        InputError: a file cannot be read, weights differ from their merge manifest or hold adapter tensors, or too
            little disk.
    """
    for checkpoint in facts.checkpoints:
        _refuse_adapter(checkpoint.path)
    _need_room(out, parts)
    hashes: dict[str, tuple[int, str]] = {}
    apart = (
        [] if label.mode == "full" else [(layout.CHECKPOINTS + item.path.name, item.path) for item in facts.checkpoints]
    )
    total = sum(_size(path) for path in [*(part.path for part in parts), *(path for _, path in apart)])
    with (
        megabytes("packing", total) as advance,
        replacing(out) as partial,
        zipfile.ZipFile(partial, "w", allowZip64=True) as archive,
    ):
        for part in parts:
            hashes[part.name] = _add(archive, part, advance)
        loose = {name: _hash(path, advance) for name, path in apart}
        entries = _checkpoint_entries(facts, hashes | loose)
        manifest = _manifest(facts, label, hashes, entries)
        archive.writestr(_entry(layout.MANIFEST, stored=False), manifest)


def _manifest(
    facts: RunFacts, label: Label, hashes: Mapping[str, tuple[int, str]], checkpoints: list[dict[str, Any]]
) -> str:
    value = {
        "schema": layout.SCHEMA,
        "kit": __version__,
        "team": label.team,
        "contest": facts.config.contest,
        "run": facts.run.name,
        "weights": label.mode,
        "weights_url": label.weights_url,
        "replaced": list(label.replaced),
        "checkpoints": checkpoints,
        "files": [{"path": name, "bytes": size, "sha256": sha} for name, (size, sha) in sorted(hashes.items())],
    }
    return json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _checkpoint_entries(facts: RunFacts, hashes: Mapping[str, tuple[int, str]]) -> list[dict[str, Any]]:
    entries = []
    for item in facts.checkpoints:
        name = layout.CHECKPOINTS + item.path.name
        size, sha256 = hashes[name]
        if sha256 != item.sha256:
            raise InputError(
                f"{item.path}: sha256 {sha256} is not the one of its merge manifest ({item.sha256}): merge it again"
            )
        entries.append(
            {
                "step": item.step,
                "path": name,
                "bytes": size,
                "sha256": sha256,
                "merged": True,
                "base_sha256": item.base_sha256,
            }
        )
    return entries


def _refuse_adapter(path: Path) -> None:
    if adapter := adapter_tensor(tensor_sizes(path)):
        raise InputError(f"{path}: not merged, it holds the adapter tensor {adapter!r}: merge it into the base")


def _need_room(out: Path, parts: list[Part]) -> None:
    make_folder(out.parent)
    needed = sum(_size(part.path) for part in parts) + _RESERVE
    free = shutil.disk_usage(out.parent).free
    if needed > free:
        raise InputError(
            f"{out.parent}: the zip needs up to {needed >> 20} MiB and {free >> 20} MiB are free:"
            " make room, or set submission.checkpoints=manifest"
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error


def _entry(name: str, stored: bool) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.create_system = 3  # Unix, on every system, so that the bytes do not depend on where it was packed
    entry.external_attr = (stat.S_IFREG | 0o644) << 16
    entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    return entry


def _add(archive: zipfile.ZipFile, part: Part, advance: Callable[[int], None]) -> tuple[int, str]:
    entry = _entry(part.name, part.stored)
    entry.file_size = _size(part.path)  # decides whether the entry needs the ZIP64 form
    with archive.open(entry, "w") as out:
        return _copy(part.path, out.write, advance)


def _hash(path: Path, advance: Callable[[int], None]) -> tuple[int, str]:
    return _copy(path, lambda piece: len(piece), advance)


def _copy(path: Path, write: Any, advance: Callable[[int], None]) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with open_inside(path) as source:
        while piece := source.read(_CHUNK):
            digest.update(piece)
            size += len(piece)
            write(piece)
            advance(len(piece))
    return size, digest.hexdigest()
