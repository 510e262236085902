"""Hashes of the files that a run is made from, and whether they are still what they were.

A base model of 16 GB is read once a run: what is larger than 64 MiB is remembered in the run's `sources.json` with its
size, its times of change and its inode, and is read again only where one of these differs.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import read_json, sha256_file, write_json
from core.progress import say
from core.steps import Source

_SCHEMA = 1
_LARGE = 64 << 20
_WORTH_A_LINE = 1 << 30


class Hashes:
    """The sha256 of files and folders; those of large files are kept in `file`."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: dict[str, Any] | None = None

    def of_source(self, source: Source) -> str:
        """Return the hash of a file, or of the names and hashes of a folder's files.

        Raises:
            InputError: a file cannot be read.
        """
        if source.files == (source.path,):
            return self.of_file(source.path)
        digest = hashlib.sha256()
        for file in source.files:
            name = os.fsencode(file.relative_to(source.path).as_posix())
            digest.update(name + b" " + self.of_file(file).encode() + b"\n")
        return digest.hexdigest()

    def of_file(self, path: Path) -> str:
        """Return the hash of a file; of a large one that has not changed since, the hash that was kept."""
        stamp = stamp_of(path)
        if stamp is None or stamp[0] <= _LARGE:
            return sha256_file(path)
        kept = self._read()
        key = os.fsencode(path.resolve()).decode("utf-8", "backslashreplace")
        held = kept.get(key)
        if not isinstance(held, dict) or held.get("stamp") != stamp:
            if stamp[0] >= _WORTH_A_LINE:
                say(f"hashing {path} ({stamp[0] / 1e9:.1f} GB), once for this run")
            held = kept[key] = {"stamp": stamp, "sha256": sha256_file(path)}
            if stamp_of(path) != stamp:
                raise InputError(f"{path}: is still being written; wait until it is complete and start again")
            write_json(self._file, {"schema": _SCHEMA, "files": kept})
        return str(held["sha256"])

    def _read(self) -> dict[str, Any]:
        """Return what is kept; nothing where the file is absent or damaged: the hashes are then made again."""
        if self._kept is None:
            try:
                held = read_json(self._file)
                files = held["files"] if held["schema"] == _SCHEMA else {}
            except (InputError, KeyError, TypeError):
                files = {}
            self._kept = files if isinstance(files, dict) else {}
        return self._kept


def stamp_of(path: Path) -> list[int] | None:
    """Return size, times of change (of content and of the entry, nanoseconds) and inode of a file; None: not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


class Watched:
    """Sources as they are when a step begins, to be held against what they are when it ends.

    Args:
        sources: by setting; those that are not there are left out.
        hashes: makes their hashes.
    """

    def __init__(self, sources: Mapping[str, Source], hashes: Hashes) -> None:
        self._sources = {setting: source for setting, source in sources.items() if source.files}
        # Stamps before hashes: a change while a file is hashed shows in the end.
        self._stamps = {file: stamp_of(file) for source in self._sources.values() for file in source.files}
        self._hashes = hashes
        self.sha256 = {setting: hashes.of_source(source) for setting, source in self._sources.items()}

    def changed(self) -> list[str]:
        """Return "PATH (setting)" of each source whose content is another now; one that has gone is no change."""
        found = []
        for setting, source in self._sources.items():
            if all(stamp_of(file) in (None, self._stamps[file]) for file in source.files):
                continue
            if not all(file.is_file() for file in source.files):
                continue
            if self._hashes.of_source(source) != self.sha256[setting]:
                found.append(f"{source.path} ({setting})")
        return found
