"""What lies in a run folder stays in it: no link there leads a write, a deletion, a lock or the packer elsewhere.

A run may come from somebody else, with `train/extra.log -> ~/.ssh/id_ed25519` in it, or `data -> /home/me`. A folder
that is itself reached through a link (`logs/latest`) is as good as any, and so is a link from one place of a run to
another. `core/files.py` calls this before it writes or deletes anything, and nothing else of the kit writes or deletes
(`tests/attacks/test_links.py` looks).
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO

from core.errors import InputError
from core.places import LOGS

_MARK = "run.yaml"
_TO_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # whoever opens a pipe may wait for ever


def inside(path: Path, follow: bool = True) -> Path:
    """Return `path`, after making sure that it leads nowhere outside the run folder that it lies in, if it lies in one.

    Args:
        path: what is to be written or deleted; it need not be there.
        follow: it will be opened; False: it will be replaced or removed itself, be it a link or not.

    Raises:
        InputError: it is, or lies below, a link that leads out of the run.
    """
    whole = _without_dots(path)
    leads_to = os.path.realpath(whole) if follow else os.path.join(os.path.realpath(whole.parent), whole.name)
    for run in _runs_of(whole):
        if not _is_within(leads_to, os.path.realpath(run)):
            raise InputError(_refusal(whole, run))
    return path


def check_links(run: Path, names: Iterable[str], proven: tuple[str, ...] = ()) -> None:
    """Look through folders of a run for links that lead out of it, before something that is not the kit's writes there.

    A hard link is one where a file has more names than are found; whoever writes to it writes to a file elsewhere.

    Args:
        run: the run folder.
        names: files and folders in it; those that are not there are passed over.
        proven: endings of files that may have names elsewhere, for what is in them is compared with a hash anyway.

    Raises:
        InputError: there is one; names the first.
    """
    root = os.path.realpath(run)
    shared: dict[tuple[int, int], list[str]] = {}
    counts: dict[tuple[int, int], int] = {}
    for entry in (entry for name in names for entry in _entries(os.path.join(root, name))):
        try:
            status = os.lstat(entry)
        except OSError:
            continue
        if stat.S_ISLNK(status.st_mode) and not _is_within(os.path.realpath(entry), root):
            raise InputError(_refusal(Path(entry), Path(root)))
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1 and not entry.endswith(proven or ("\0",)):
            shared.setdefault((status.st_dev, status.st_ino), []).append(entry)
            counts[status.st_dev, status.st_ino] = status.st_nlink
    for file, entries in shared.items():
        if counts[file] > len(set(entries)):
            raise InputError(
                f"{entries[0]}: has another name outside (a hard link), through which a file there would be changed or "
                "handed in; put a copy in its place, or remove it"
            )


def open_inside(path: Path) -> BinaryIO:
    """Open a regular file for reading; InputError where it is none, cannot be read, or lies outside its run."""
    inside(path)
    return os.fdopen(_opened(path, os.path.realpath(path), _TO_READ), "rb")


def open_to_append(path: Path) -> BufferedRandom:
    """Open a file for reading and appending, made where absent; InputError as `inside`, or for no regular file."""
    inside(path)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    # "r+b", for Python opens no pipe for appending; the flag above lets every byte go to the end.
    return os.fdopen(_opened(path, os.path.realpath(path), flags), "r+b")


def open_lock(path: Path) -> BufferedRandom:
    """Open a file to be locked; it is made where it is absent, and never emptied.

    Raises:
        InputError: there is a link in its place, something that is no file, or it cannot be opened.
    """
    inside(path, follow=False)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    return os.fdopen(_opened(path, os.fspath(path), flags), "r+b")


def _opened(path: Path, place: str, flags: int) -> int:
    try:
        descriptor = os.open(place, flags, 0o666)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise InputError(f"{path}: is a link, which is not followed; remove it") from error
        raise InputError(f"{path}: cannot be opened ({error.strerror or error})") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{path}: is no regular file; remove it")
    if not _is_inside(descriptor, path):
        os.close(descriptor)
        raise InputError(f"{path}: its folder was put elsewhere while it was opened; look who else works in this run")
    return descriptor


def _is_inside(descriptor: int, path: Path) -> bool:
    """Tell whether an open file lies in the run that `path` names: a folder above it may be a link by now."""
    try:
        there = os.readlink(f"/proc/self/fd/{descriptor}").removesuffix(" (deleted)")
    except OSError:
        return True  # a system that does not tell
    return all(_is_within(there, os.path.realpath(run)) for run in _runs_of(_without_dots(path)))


def _without_dots(path: Path) -> Path:
    """Return an absolute path; where it has "..", what stands before the last one is resolved as the system does."""
    path = Path.cwd() / path
    if ".." not in path.parts:
        return path
    last = len(path.parts) - path.parts[::-1].index("..")
    return Path(os.path.realpath(Path(*path.parts[:last])), *path.parts[last:])


def _runs_of(path: Path) -> Iterator[Path]:
    """Yield the folders above a path that are runs, or what servers were asked without one."""
    logs = Path.cwd() / LOGS
    return (folder for folder in path.parents if os.path.lexists(folder / _MARK) or folder.parent == logs)


def _entries(top: str) -> Iterator[str]:
    """Yield a path and all that lies below it; links are not followed."""
    yield top
    if not os.path.islink(top):
        for folder, folders, files in os.walk(top):
            yield from (os.path.join(folder, name) for name in (*folders, *files))


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _refusal(path: Path, run: Path) -> str:
    """Say which link it is that leads out of the run."""
    root = os.path.realpath(run)
    links = [part for part in (*reversed(path.parents), path) if part != run and part.is_relative_to(run)]
    for link in links:
        if link.is_symlink() and not _is_within(os.path.realpath(link), root):
            return (
                f"{link}: is a link out of the run folder (to {os.readlink(link)}), which is neither written through, "
                "deleted in nor packed; put a copy in its place, or remove it"
            )
    return f"{path}: lies outside the run folder {run}"
