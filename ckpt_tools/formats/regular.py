"""Opening files that others made: never one that might not end, such as a pipe or a device."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from core.errors import InputError
from core.files import read_json, refuse_pointer

# The index of a model of many experts has some megabytes.
_MAX_JSON = 64 << 20


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading.

    Raises:
        InputError: it is missing, cannot be read, is a pipe or device, which might never end, or a pointer of Git LFS.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InputError(f"{path}: is not a regular file; give one that is")
    stream = os.fdopen(descriptor, "rb")
    try:
        refuse_pointer(path, os.pread(descriptor, 1024, 0))
    except BaseException:
        stream.close()
        raise
    return stream


def read_regular_json(path: Path) -> Any:
    """Read one JSON value from an index, a configuration or the description of an adapter.

    Raises:
        InputError: as `open_regular`; too large for such a file, or malformed.
    """
    with open_regular(path) as stream:
        if stream.seek(0, os.SEEK_END) > _MAX_JSON:
            raise InputError(f"{path}: more than {_MAX_JSON} bytes; no description of a checkpoint is that large")
    # Whoever reads a description says which of its keys is wrong.
    return read_json(path, any_number=True)
