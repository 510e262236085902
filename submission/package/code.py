"""Which files are the code that ran."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath

_SUFFIXES = (".py", ".sh", ".yaml", ".css", ".typ")
_PREFIXES = ("README", "LICENSE", "NOTICE")
_OTHERS = ("pyproject.toml", "constraints.txt")
_NEVER = {"logs", ".git", ".venv", "venv", "__pycache__", "node_modules"}
_GIT_SECONDS = 60


def code_files(root: Path) -> list[str]:
    """Return the code files of the project, relative to `root`, sorted.

    With git: what is tracked, and what lies untracked but not ignored in the rooms (it ran too).
    Without git: what lies in the rooms and at the top. Links, logs and virtual environments are never among them.
    """
    names = _by_git(root)
    if names is None:
        names = _by_listing(root)
    return sorted(name for name in set(names) if _wanted(PurePosixPath(name)) and _plain(root, name))


def _wanted(path: PurePosixPath) -> bool:
    if _NEVER & set(path.parts):
        return False
    return path.name in _OTHERS or path.suffix in _SUFFIXES or path.name.startswith(_PREFIXES)


def _plain(root: Path, name: str) -> bool:
    """Say whether a file is there and neither it nor a folder above it is a link."""
    path = root / name
    return path.is_file() and path.resolve() == root.resolve() / name


def _by_git(root: Path) -> list[str] | None:
    # A project inside another repository's folder is not that repository's: then its rooms are listed.
    if not (root / ".git").exists():
        return None
    rooms = _rooms(root)
    tracked = _git(root, "--cached")
    others = _git(root, "--others", "--exclude-standard", "--", *rooms) if rooms else []
    return None if tracked is None or others is None else tracked + others


def _rooms(root: Path) -> list[str]:
    """Return the folders that hold what runs: Python packages and the configuration."""
    return sorted(folder.name for folder in root.iterdir() if folder.name == "configs" or _is_package(folder))


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()


def _git(root: Path, *arguments: str) -> list[str] | None:
    command = ["git", "-C", str(root), "ls-files", "-z", *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=_GIT_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    return [name.decode("utf-8", errors="surrogateescape") for name in done.stdout.split(b"\0") if name]


def _by_listing(root: Path) -> list[str]:
    names = [path.name for path in root.iterdir() if path.is_file()]
    for room in _rooms(root):
        names += [path.relative_to(root).as_posix() for path in (root / room).rglob("*") if path.is_file()]
    return names
