"""What the machine that works on a run is called: its folders, users and hosts, which are not handed in.

A run may be trained on one machine and packed on another, so each that holds a run writes its names into the run's
`.machines.jsonl`, which stays there; `submission/package/placeholders.py` puts placeholders in their place.
"""

from __future__ import annotations

import getpass
import os
import pwd
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import append_jsonl, read_jsonl
from core.places import LOGS, ROOT, plugin_folders

NOTES = ".machines.jsonl"
# Placeholder -> what it stands for; a path below several of them is named by the longest.
FOLDERS = {
    "run": "the run folder",
    "kit": "the folder of the kit",
    "logs": "the folder of the runs",
    "plug-ins": "a folder of plug-ins",
    "python": "the Python environment",
    "home": "a user's home folder",
    "temporary": "the folder of temporary files",
}
NAMES = {"user": "a user's name", "host": "a machine's name or address"}


def this_machine(run: Path) -> dict[str, list[str]]:
    """Return the names that this machine has for the folders and things of a run, by placeholder."""
    try:
        plugins = [str(folder) for folder in plugin_folders()]
    except InputError:
        plugins = []
    places = {
        "run": [str(run)],
        "kit": [str(ROOT)],
        "logs": [str(LOGS)] if os.environ.get("KIT_LOGS") else [],
        "plug-ins": plugins,
        "python": [sys.prefix, sys.base_prefix],
        "home": [os.path.expanduser("~"), *_entry("pw_dir")],
        "temporary": [tempfile.gettempdir()],
    }
    found = {name: _spellings(paths) for name, paths in places.items()}
    with suppress(OSError, KeyError):  # a container may have a user without a name
        found["user"] = [getpass.getuser()]
    found["user"] = _known([*found.get("user", ()), *_entry("pw_name"), os.environ.get("SUDO_USER", "")])
    hosts = [socket.gethostname(), os.uname().nodename, os.environ.get("HOSTNAME", "")]
    found["host"] = _known([*hosts, *(host.partition(".")[0] for host in hosts)])
    return found


def _entry(field: str) -> list[str]:
    """Return what the system's list of users says of this one; nothing where it is not in it."""
    with suppress(KeyError):
        return [str(getattr(pwd.getpwuid(os.getuid()), field))]
    return []


def _spellings(paths: list[str]) -> list[str]:
    """Return absolute paths as they are and as the system resolves them."""
    return _known([spelt for path in paths for spelt in (os.path.abspath(path), os.path.realpath(path))])


def _known(words: list[str]) -> list[str]:
    return list(dict.fromkeys(word for word in words if word))


def note_machine(run: Path) -> None:
    """Write the names of this machine into a run, if they are not there yet."""
    row = this_machine(run)
    if row not in machines_of(run):
        append_jsonl(run / NOTES, row)


def machines_of(run: Path) -> list[dict[str, list[str]]]:
    """Return the names of the machines that worked on a run, as far as they are noted."""
    rows: list[dict[str, list[str]]] = []
    with suppress(InputError):  # of a run that was made before, or damaged
        rows += (row for _, row in read_jsonl(run / NOTES, whole_lines=True) if _is_row(row))
    return rows


def _is_row(row: Any) -> bool:
    return isinstance(row, dict) and all(
        isinstance(words, list) and all(isinstance(word, str) for word in words) for words in row.values()
    )
