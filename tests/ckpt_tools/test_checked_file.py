"""A file that is read back while it is written: any pieces, any end, any beginning; a disk that lies is noticed."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ckpt_tools.formats import checked_file
from ckpt_tools.formats.checked_file import CheckedFile
from ckpt_tools.formats.tensor_file import DiskError
from core.errors import GateError


def noise(count: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(count).integers(0, 256, count, dtype=np.uint8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.integers(0, 20_000), max_size=8), start=st.integers(0, 9000), flushes=st.sets(st.integers(0, 7))
)
def test_what_lands_is_what_was_appended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: list[int], start: int, flushes: set[int]
) -> None:
    monkeypatch.setattr(checked_file, "_BLOCK", 8192)
    path, landed = tmp_path / "a", bytearray()
    data = noise(start + sum(pieces))
    path.write_bytes(data[:start].tobytes() + b"left over" * 3000)
    file = CheckedFile(path, len(data), lambda block: landed.extend(block.tobytes()), start)
    at = start
    for number, count in enumerate(pieces):
        file.append(data[at : at + count])
        at += count
        if number in flushes:
            file.flush()
            assert len(landed) == at - start
    file.finish()
    assert path.read_bytes() == data.tobytes()
    assert bytes(landed) == data[start:].tobytes()


def test_bytes_that_read_back_otherwise_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = os.preadv

    def lying(descriptor: int, buffers: list[Any], offset: int) -> int:
        count = read(descriptor, buffers, offset)
        buffers[0][count // 2] ^= 1
        return count

    monkeypatch.setattr(os, "preadv", lying)
    file = CheckedFile(tmp_path / "a", 100_000, lambda block: None)
    file.append(noise(100_000))
    with pytest.raises(GateError, match="does not read back as it was written"):
        file.finish()
    file.close()


def test_a_file_that_ends_early_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)
    with pytest.raises(GateError, match="ends at byte 4096"):
        CheckedFile(tmp_path / "a", 10_000, lambda block: None, 5000)


def test_a_disk_without_direct_blocks_is_written_through_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, refused = os.pwrite, []

    def strict(descriptor: int, data: Any, offset: int) -> int:
        import fcntl

        if fcntl.fcntl(descriptor, fcntl.F_GETFL) & checked_file._DIRECT:
            refused.append(offset)
            raise OSError(errno.EINVAL, "not so")
        return write(descriptor, data, offset)

    monkeypatch.setattr(os, "pwrite", strict)
    data = noise(50_000)
    file = CheckedFile(tmp_path / "a", len(data), lambda block: None)
    direct = file._direct
    file.append(data)
    file.finish()
    assert (tmp_path / "a").read_bytes() == data.tobytes()
    assert len(refused) == (1 if direct else 0)


def test_short_writes_are_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda descriptor, data, offset: write(descriptor, data[:4096], offset))
    data = noise(50_000)
    file = CheckedFile(tmp_path / "a", len(data), lambda block: None)
    file.append(data)
    file.finish()
    assert (tmp_path / "a").read_bytes() == data.tobytes()


def test_a_symbolic_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "a").symlink_to(tmp_path / "precious")
    with pytest.raises(DiskError, match="cannot be written"):
        CheckedFile(tmp_path / "a", 10, lambda block: None)
    assert (tmp_path / "precious").read_bytes() == b"precious"


def test_too_few_bytes_are_a_defect_of_the_caller(tmp_path: Path) -> None:
    file = CheckedFile(tmp_path / "a", 10, lambda block: None)
    file.append(noise(9))
    with pytest.raises(ValueError, match="9 bytes of 10"):
        file.finish()
    file.close()
