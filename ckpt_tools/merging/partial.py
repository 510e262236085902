"""A result that is not finished: the hidden folder with its files so far, and a journal of the tensors that are done.

A merge that was killed goes on from here. What is kept is checked first: the journal has to be of the very same inputs
and settings, and the files have to hold, up to the end of each tensor, the bytes whose sha256 the journal states.

An example: a base with tensors a, b and c of 100, 200 and 300 bytes, whose file begins with a header of 80 bytes, is
merged with the adapter of step 50. The merge is killed when 430 bytes are written:

    .step_50.partial/step_50.safetensors   header 80 | a to byte 180 | b to byte 380 | 50 bytes of c
    .step_50.partial/journal.jsonl         head (hashes of base and adapter, settings, layout)
                                           a, sha256 of bytes 0 to 180    b, sha256 of bytes 0 to 380    {"na

The same command again finds its own head, drops the line that was cut off, and reads the file once: the first 380 bytes
have the sha256 of b's line, so it goes on at byte 380 with the whole of c, over the 50 bytes that are there. Had a bit
of b flipped, 180 bytes would still have that of a's line, and b would be merged again too. With another adapter, base
or `--dtype` the head differs, and the folder is removed: the merge begins at byte 0.

When c is done, `publish` puts step_50.safetensors in its place and then step_50.json, the manifest. Killed between the
two, the next merge takes the file back into the folder (`_take_back`), where all three lines hold: nothing is merged
again, and the manifest is made from the journal.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections import deque
from collections.abc import Mapping
from operator import eq
from pathlib import Path
from typing import Any

from ckpt_tools.formats.index import INDEX
from ckpt_tools.formats.regular import open_regular
from ckpt_tools.formats.safetensors_file import SUFFIX
from ckpt_tools.formats.sharded import index_text
from ckpt_tools.formats.tensor_file import Array, Layout
from ckpt_tools.formats.writing import TensorWriter, WrittenFile, checked_prefix, refuse_symlink
from ckpt_tools.merging.manifest import MergeSpec
from core.errors import InputError
from core.files import make_folder, move, remove_file, remove_folder, write_json, write_text
from core.untrusted import JSON_FILE, load_json

# To be raised where the same inputs would give other bytes: what an older version began is then not gone on with.
_ARITHMETIC = 1
_JOURNAL = "journal.jsonl"
_MANIFEST = "manifest.json"


class Partial:
    """One result from its first byte to its name; not for two threads at a time.

    Attributes:
        folder: the hidden folder.
        facts: what the journal is to say of a tensor; set before its last bytes are written.
        records: {"name", "prefix", "facts"} of each tensor that is done, in the order of the files; "prefix" is the
            sha256 of its file up to its end.
    """

    def __init__(self, out: Path, spec: MergeSpec, layouts: Mapping[str, Layout]) -> None:
        """Name what is to be written; nothing is touched yet.

        Args:
            out: folder of the results.
            spec: what the result is made of.
            layouts: file name below `out` -> its plan, in the order of writing.
        """
        self.out, self.spec, self.layouts = out, spec, layouts
        self.folder = out / f".{spec.name}.partial"
        self.facts: dict[str, dict[str, Any]] = {}
        self.records: list[dict[str, Any]] = []
        self._head = {"arithmetic": _ARITHMETIC, "recipe": spec.head(), "layout": _digest(layouts)}
        self._waiting = deque(layouts)
        self._writer: TensorWriter | None = None
        self._written: list[WrittenFile] = []
        self._journal = -1

    def check_place(self) -> None:
        """Raise InputError where the result would be written over or through what is not its own."""
        result, sharded = self.out / self.spec.result_name, self.spec.shard_size is not None
        for path, is_folder in (
            (self.folder, True),
            (result, sharded),
            (self.out / self.spec.manifest_name, False),
        ):
            refuse_symlink(path)
            if path.exists() and not (path.is_dir() if is_folder else path.is_file()):
                what = "a folder" if path.is_dir() else "no folder" if path.is_file() else "no regular file"
                raise InputError(f"{path}: is {what}; remove it or choose another folder for the results")
        if sharded and result.exists():
            strange = [path for path in result.iterdir() if not _of_a_checkpoint(path)]
            if strange:
                raise InputError(
                    f"{strange[0]}: would be lost when the sharded checkpoint is written; move it elsewhere"
                )

    def prepare(self) -> int:
        """Drop what an earlier merge of other inputs left; return the bytes on the disk that can be gone on with."""
        if self._read_journal() is None:
            self.discard()
            return 0
        return sum(path.stat().st_blocks * 512 for path in self.folder.rglob("*") if path.is_file())

    def open(self) -> int:
        """Check what is there already and go on behind it; return the number of tensors that are done."""
        known = self._read_journal() or []
        for name in self.layouts:
            make_folder((self.folder / name).parent)
        self._take_back(len(known))
        while self._waiting:
            begun = len(self.records)
            count = len(self.layouts[self._waiting[0]].infos)
            self._next_file(known[begun : begun + count])
            if len(self.records) < begun + count:
                break
            self._end_file()
        self._write_journal()
        return len(self.records)

    def write(self, name: str, values: Array) -> None:
        """Append entries of tensor `name`; tensors come in the order of the layouts, without those that are done."""
        while self._writer is None or not self._writer.plans(name):
            self._end_file()
            self._next_file([])
        self._writer.write(name, values)

    def finish(self) -> list[WrittenFile]:
        """Bring the last file to the disk; return all of them."""
        self._end_file()
        while self._waiting:
            self._next_file([])
            self._end_file()
        if self.spec.shard_size is not None:
            write_text(self.folder / self.spec.result_name / INDEX, index_text(_base_names(self.layouts)))
        return list(self._written)

    def publish(self, manifest: dict[str, Any]) -> None:
        """Give the result its name, put its manifest beside it, and remove the folder."""
        name = self.spec.result_name
        write_json(self.folder / _MANIFEST, manifest)
        # From here on the result is the new one: an old manifest must not speak for it.
        remove_file(self.out / self.spec.manifest_name)
        if self.spec.shard_size is not None and (self.out / name).exists():
            move(self.out / name, self.folder / "replaced")
        move(self.folder / name, self.out / name)
        move(self.folder / _MANIFEST, self.out / self.spec.manifest_name)
        _sync_folder(self.out)
        self.discard()

    def close(self) -> None:
        """Close the files, finished or not."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1

    def discard(self) -> None:
        """Remove the folder and what is in it."""
        self.close()
        # The journal goes last: what a kill leaves of the folder is still known as that of this result.
        for path in self.folder.glob("*"):
            if path.name != _JOURNAL:
                _remove(path)
        _remove(self.folder)

    def tidy(self) -> None:
        """Remove what is left of a merge that was killed when its result had its name already."""
        if self._read_journal() is not None:
            self.discard()

    def _next_file(self, known: list[dict[str, Any]]) -> None:
        """Open the next file behind those of its tensors that are there as `known` says."""
        name = self._waiting.popleft()
        layout, path = self.layouts[name], self.folder / name
        prefix = checked_prefix(path, layout, [record["prefix"] for record in known])
        self.records += known[: prefix.tensors]
        self._writer = TensorWriter(path, layout, prefix, self._landed)

    def _end_file(self) -> None:
        if self._writer is None:
            return
        sha256 = self._writer.finish()
        name = self._writer.path.relative_to(self.folder).as_posix()
        self._written.append(WrittenFile(name, self._writer.layout.size, sha256))
        self._writer = None

    def _landed(self, name: str, prefix: str) -> None:
        record = {"name": name, "prefix": prefix, "facts": self.facts.pop(name)}
        self.records.append(record)
        if self._journal >= 0:
            os.write(self._journal, _line(record))

    def _take_back(self, known: int) -> None:
        """Take a result back that was given its name just before the merge was killed: its manifest is missing."""
        place = self.folder / self.spec.result_name
        named = self.out / self.spec.result_name
        if known < sum(len(layout.infos) for layout in self.layouts.values()) or not named.exists():
            return
        if self.spec.shard_size is None and not place.exists():
            move(named, place)
        elif self.spec.shard_size is not None and not any(place.iterdir()):
            remove_folder(place)
            move(named, place)

    def _read_journal(self) -> list[dict[str, Any]] | None:
        """Return the records of the journal; None where there is none, or one of other inputs or settings."""
        try:
            with open_regular(self.folder / _JOURNAL) as stream:
                lines = stream.read(JSON_FILE.size).split(b"\n")
            # The last line is empty, or was cut off by a kill.
            head, *records = [load_json(line, _JOURNAL) for line in lines[:-1]]
            names = [info.name for layout in self.layouts.values() for info in layout.infos]
            fits = head == load_json(json.dumps(self._head), _JOURNAL) and len(records) <= len(names)
            fits = fits and all(set(record) == {"name", "prefix", "facts"} for record in records)
            return records if fits and all(map(eq, (record["name"] for record in records), names)) else None
        except (InputError, OSError, ValueError, TypeError, RecursionError):
            return None

    def _write_journal(self) -> None:
        """Write the journal anew, with the records that hold, and keep it open for more."""
        path = self.folder / _JOURNAL
        write_text(path, "".join(_line(value).decode() for value in (self._head, *self.records)))
        self._journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)


def _remove(path: Path) -> None:
    """Remove a file or a folder as far as that is possible."""
    with contextlib.suppress(OSError):
        remove_folder(path)


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _digest(layouts: Mapping[str, Layout]) -> str:
    """Return what identifies a plan: each byte that is not of a tensor, and each tensor's name, type and place."""
    digest = hashlib.sha256()
    for name, layout in layouts.items():
        digest.update(repr((name, layout.size, layout.trailer, layout.infos)).encode())
        for part in layout.parts:
            digest.update(repr((part.name, part.length)).encode() + part.header)
    return digest.hexdigest()


def _of_a_checkpoint(path: Path) -> bool:
    return path.is_file() and (path.suffix == SUFFIX or path.name == INDEX)


def _base_names(layouts: Mapping[str, Layout]) -> dict[str, Layout]:
    return {Path(name).name: layout for name, layout in layouts.items()}


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where its file system can."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)
