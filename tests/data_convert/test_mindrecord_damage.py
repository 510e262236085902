"""Damaged MindRecord files, disks that are full, and writers that are killed."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from data_convert.mindrecord import MindRecordReader, MindRecordWriter
from data_convert.mindrecord.header import HEADER_SIZE

PAGE = 1 << 15
ROWS = np.arange(120 * 200, dtype=np.int32).reshape(120, 200)


def write(path: Path, rows: np.ndarray[Any, np.dtype[np.int32]] = ROWS) -> None:
    with MindRecordWriter(path, ["input_ids", "labels"], page_size=PAGE) as writer:
        writer.write({"input_ids": rows, "labels": -rows})


def read(path: Path) -> int:
    """Read every row; return how many there are."""
    with MindRecordReader(path) as reader:
        return sum(row["input_ids"].dtype == row["labels"].dtype == np.int32 for row in reader)


def assert_read_or_refused(path: Path) -> None:
    try:
        refused, rows = "", read(path)
    except InputError as error:
        refused, rows = str(error), 0
    assert rows == len(ROWS) or path.name in refused
    assert "\n" not in refused


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "a.mindrecord"
    write(path)
    return path


@contextmanager
def patched(file: Path, offset: int, content: bytes) -> Iterator[None]:
    """Put bytes into a file for a while."""
    with file.open("r+b") as stream:
        stream.seek(offset)
        before = stream.read(len(content))
        stream.seek(offset)
        stream.write(content[: len(before)])
        stream.flush()
        try:
            yield
        finally:
            stream.seek(offset)
            stream.write(before)


@given(
    offset=st.integers(0, 3000) | st.integers(HEADER_SIZE, HEADER_SIZE + 4 * PAGE),
    content=st.binary(min_size=1, max_size=12) | st.sampled_from([b"9", b"-1", b"null", b"[", b"\xff" * 8]),
)
@settings(max_examples=400)
def test_any_bytes_in_the_file_are_read_or_refused_in_one_sentence(sound: Path, offset: int, content: bytes) -> None:
    with patched(sound, offset, content):
        assert_read_or_refused(sound)


@given(offset=st.integers(0, 1 << 14), content=st.binary(min_size=1, max_size=40))
@settings(max_examples=200)
def test_any_bytes_in_the_index_are_read_or_refused_in_one_sentence(sound: Path, offset: int, content: bytes) -> None:
    with patched(sound.with_name("a.mindrecord.db"), offset, content):
        assert_read_or_refused(sound)


def _cut(path: Path, size: int) -> None:
    os.truncate(path, size)


def _sql(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with sqlite3.connect(f"{path}.db") as base:
            base.execute(statement)
        base.close()

    return change


def _index_bytes(old: bytes, new: bytes) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        index = path.with_name("a.mindrecord.db")
        content = index.read_bytes()
        assert old in content
        index.write_bytes(content.replace(old, new))

    return change


def _header(old: bytes, new: bytes) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with path.open("r+b") as stream:
            text = stream.read(4000)[8:].rstrip(b"\0")
            assert old in text
            text = text.replace(old, new)
            stream.seek(0)
            stream.write(len(text).to_bytes(8, "little") + text)

    return change


def _length(number: int) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with path.open("r+b") as stream:
            stream.write(number.to_bytes(8, "little"))

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: _cut(path, path.stat().st_size - 1), "truncated, or only partly copied"),
        (lambda path: _cut(path, HEADER_SIZE), "truncated, or only partly copied"),
        (lambda path: _cut(path, 100), "not a MindRecord file"),
        (lambda path: _cut(path, 0), "not a MindRecord file"),
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.with_name("a.mindrecord.db").unlink(), r"a.mindrecord.db: not found"),
        (lambda path: path.with_name("a.mindrecord.db").write_bytes(b"no base" * 99), "not an index"),
        (_length(1 << 60), "not a MindRecord file"),
        (_length(1 << 23), "not a MindRecord file"),
        (_header(b'"int32"', b'"int64"'), "int32"),
        (_header(b'"shape":[-1]', b'"shape":[-1,2]'), "one-dimensional"),
        (_header(b'"version":"3.0"', b'"version":"2.0"'), "version"),
        (_header(b'["a.mindrecord"]', b'["a.mindrecord","b.mindrecord"]'), "one shard"),
        (_header(b'["input_ids","labels"]', b'["labels"]'), "columns that are no arrays"),
        (_header(b'"page_size":32768,"comp', b'"page_size":1,"comp'), "page_size"),
        (_sql("DELETE FROM INDEXES WHERE ROW_ID = 5"), "120 rows"),
        (_sql("UPDATE INDEXES SET ROW_ID = 500 WHERE ROW_ID = 5"), "row 5 is not where it should be"),
        (_sql("UPDATE INDEXES SET PAGE_OFFSET_BLOB = 1 << 60"), "row 0 is damaged"),
        (_sql("UPDATE INDEXES SET PAGE_OFFSET_BLOB = -5"), "row 0 is damaged"),
        (_sql("UPDATE INDEXES SET PAGE_OFFSET_BLOB_END = PAGE_OFFSET_BLOB_END + 1"), "row 0 is damaged"),
        (_sql("UPDATE INDEXES SET PAGE_ID_BLOB = 1"), "row 0 is damaged"),
        (_sql("UPDATE INDEXES SET PAGE_ID_BLOB = 'x'"), "row 0 is not where it should be"),
        (_sql("UPDATE SHARD_NAME SET NAME = 'b.mindrecord'"), "renamed"),
        (_sql("DROP TABLE INDEXES"), "no such table"),
        (_index_bytes(b"tableINDEXES", b"table\xf3\xa2DEXES"), "not an index"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, sound: Path, change: Callable[[Path], None], message: str) -> None:
    path = tmp_path / "a.mindrecord"
    for suffix in ("", ".db"):
        shutil.copy(f"{sound}{suffix}", f"{path}{suffix}")
    change(path)
    with pytest.raises(InputError, match=message):
        read(path)


def test_a_renamed_file_is_refused_as_mindspore_refuses_it(tmp_path: Path, sound: Path) -> None:
    for suffix in ("", ".db"):
        shutil.copy(f"{sound}{suffix}", tmp_path / f"b.mindrecord{suffix}")
    with pytest.raises(InputError, match="its old name back"):
        read(tmp_path / "b.mindrecord")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let the system refuse to make a file longer than `size`, as a full disk refuses."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [0, 5000, HEADER_SIZE, HEADER_SIZE + 1000, HEADER_SIZE + 2 * PAGE])
def test_a_full_disk_leaves_the_old_file(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.mindrecord"
    write(path, ROWS[:7])
    with largest_file(size), pytest.raises(InputError, match=r"a\.mindrecord: cannot be written \(.+\)"):
        write(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mindrecord", "a.mindrecord.db"]
    assert read(path) == 7


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "file" / "a.mindrecord")


def test_an_error_between_two_blocks_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with MindRecordWriter(tmp_path / "a.mindrecord", ["a"]) as writer:
            writer.write({"a": ROWS})
            raise KeyError("a record went wrong")

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


WRITE_WITHOUT_END = """
    import sys
    from pathlib import Path
    import numpy as np
    from data_convert.mindrecord import MindRecordWriter
    with MindRecordWriter(Path(sys.argv[1]), ["a"]) as writer:
        while True:
            writer.write({"a": np.ones((1000, 257), np.int32)})
            print("written", flush=True)
"""


def test_a_killed_writer_leaves_no_file_and_the_next_one_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a.mindrecord"
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WRITE_WITHOUT_END), str(path)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout
        child.stdout.readline()
        with pytest.raises(InputError, match="another process is writing it"):
            write(path)
        child.send_signal(signal.SIGKILL)
    assert not path.exists()
    assert not path.with_name("a.mindrecord.db").exists()
    write(path)
    assert read(path) == len(ROWS)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.mindrecord", "a.mindrecord.db"]
