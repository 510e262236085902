"""The environment that MindSpore's processes need: a `python` on the PATH that is this one, and a home folder."""

from __future__ import annotations

import atexit
import os
import shlex
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path

from backend.host import HELD
from core.files import make_folder, write_text

# Below the home folder, where MindPet writes its log as it is imported.
_MINDPET = Path(".cache", "Huawei", "mxTuningKit")


def worker_environment(scratch: Path) -> dict[str, str]:
    """Return the variables that workers need besides those of this process.

    Args:
        scratch: folder for what is made for them; nothing is made where all is as it should be.
    """
    environment = {
        "PATH": _path(),
        "PYTHONUNBUFFERED": "1",
        # Their logs are read as UTF-8, whatever the terminal's encoding is, and no character may end their work.
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        HELD: "1",
    }
    if home := home_for_mindpet(scratch):
        environment["HOME"] = home
    return environment


def home_for_mindpet(scratch: Path) -> str | None:
    """Return a home folder below `scratch` where the user's own will not do; None where it does.

    MindPet, which MindFormers imports, refuses to work with none, with another user's (sudo, docker run -u) or with one
    that cannot be written.
    """
    if _will_do(os.environ.get("HOME", "")):
        return None
    home = scratch / "home"
    make_folder(home)
    return str(home)


def _will_do(home: str) -> bool:
    try:
        if not home or os.stat(home).st_uid != os.geteuid():
            return False
        folder = Path(home) / _MINDPET
        make_folder(folder)
        return all(os.access(path, os.W_OK) for path in (folder, *folder.iterdir()))
    except OSError:
        return False


def _path() -> str:
    """Return a PATH whose first `python`, with which msrun starts its workers, is the one that runs now."""
    here = Path(sys.executable).parent
    # Some Pythons have no `python` beside them, and a folder with a colon in its name is two on a PATH.
    if os.pathsep in str(here) or not (here / "python").exists():
        here = _folder_with_python()
    return os.pathsep.join([str(here), os.environ.get("PATH", "")])


@cache
def _folder_with_python() -> Path:
    """Make a folder for the time of this process, with a `python` in it that is the one that runs now."""
    folder = Path(tempfile.mkdtemp(prefix="kit-python-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "python"
    # A link would not do: Python looks for its environment beside the name it was called by.
    write_text(file, f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    file.chmod(0o755)
    return folder
