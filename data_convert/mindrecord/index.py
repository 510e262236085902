"""The index of a MindRecord file: a SQLite database that says where each row stands."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from itertools import chain, tee
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.errors import InputError
from core.files import remove_file
from core.inside import inside
from data_convert.mindrecord.header import RAW_ROW, Page

# The statements of MindSpore's own generator, for they stand in the database as they were given.
_TABLES = (
    "CREATE TABLE INDEXES("
    "  ROW_ID               INT  NOT NULL, PAGE_ID_RAW          INT  NOT NULL"
    ", PAGE_OFFSET_RAW      INT  NOT NULL, PAGE_OFFSET_RAW_END  INT  NOT NULL"
    ", ROW_GROUP_ID         INT  NOT NULL, PAGE_ID_BLOB         INT  NOT NULL"
    ", PAGE_OFFSET_BLOB     INT  NOT NULL, PAGE_OFFSET_BLOB_END INT  NOT NULL, PRIMARY KEY(ROW_ID))",
    "CREATE TABLE SHARD_NAME(NAME TEXT NOT NULL)",
)


# SQLite takes 512 bytes, in which "-journal" behind the path has to fit too.
LONGEST_PATH = 504


def partial_index(path: Path) -> Path:
    """Return where the index of a MindRecord file is written until it is whole."""
    return path.with_name(f".{path.name}.db.partial")


def check_index_path(path: Path) -> None:
    """Raise InputError where the path of a MindRecord file is longer than its index may have."""
    index = partial_index(path).absolute()
    if (size := len(os.fsencode(index))) > LONGEST_PATH:
        raise InputError(
            f"{path}: the path of its index, while it is written, has {size} bytes, SQLite takes {LONGEST_PATH}; move "
            "the kit nearer to the root of the disk, or set KIT_LOGS to a folder with a shorter path"
        )


class IndexWriter:
    """Writes an index; raises sqlite3.Error where it cannot be written."""

    def __init__(self, path: Path, name: str) -> None:
        """Start the index of the MindRecord file `name` at `path`, in place of what stands there."""
        remove_file(path)
        self._base = sqlite3.connect(inside(path), isolation_level=None)
        # A file that is thrown away on failure needs no journal.
        for statement in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "BEGIN", *_TABLES):
            self._base.execute(statement)
        self._base.execute("INSERT INTO SHARD_NAME (NAME) VALUES (?)", (name,))

    def add(self, blob: Page, raw: Page, ends: Iterable[int]) -> None:
        """Add the rows of one row group.

        Args:
            blob: its blob page.
            raw: the raw page that holds it, as its last group.
            ends: where each of its rows ends in the blob page.
        """
        first_raw = raw.groups[-1][1] - blob.start * len(RAW_ROW)
        statement = (
            f"INSERT INTO INDEXES VALUES (?1, {raw.number}, {first_raw} + ?1 * {len(RAW_ROW)},"
            f" {first_raw + len(RAW_ROW)} + ?1 * {len(RAW_ROW)}, {blob.kind_number}, {blob.number}, ?2, ?3)"
        )
        starts, ends = tee(ends)
        self._base.executemany(statement, zip(range(blob.start, blob.end), chain([0], starts), ends, strict=False))

    def close(self) -> None:
        """Complete the index."""
        self._base.execute("COMMIT")
        self._base.close()

    def abandon(self) -> None:
        """Close the file as it is."""
        self._base.close()


class IndexReader:
    """Reads an index; every method raises InputError where it is damaged."""

    def __init__(self, path: Path, name: str, rows: int) -> None:
        """Open the index of the MindRecord file `name`, which has so many rows."""
        self._path = path
        if not path.is_file():
            raise InputError(
                f"{path}: not found; a MindRecord file cannot be read without it: copy both, or convert again"
            )
        # Immutable: nothing is written beside it, not even a lock.
        self._base = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)
        try:
            names = self._select("SELECT NAME FROM SHARD_NAME")
            if names != [(name,)]:
                raise InputError(f"{path}: not the index of {name}; give a renamed file its old name back")
            if self._select("SELECT COUNT(*) FROM INDEXES") != [(rows,)]:
                raise InputError(f"{path}: it does not have the {rows} rows of {name}; convert again")
        except InputError:
            self.close()
            raise

    def place(self, row: int) -> tuple[int, int, int]:
        """Return a row's blob page, and where in it the row starts and ends."""
        found = self._select(
            "SELECT PAGE_ID_BLOB, PAGE_OFFSET_BLOB, PAGE_OFFSET_BLOB_END FROM INDEXES WHERE ROW_ID = ?", row
        )
        if len(found) != 1 or not all(isinstance(value, int) for value in found[0]):
            raise InputError(f"{self._path}: row {row} is not where it should be; convert again")
        page, start, end = found[0]
        return page, start, end

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _select(self, statement: str, *values: int) -> list[tuple[Any, ...]]:
        try:
            return self._base.execute(statement, values).fetchmany(2)
        # SQLite quotes damaged text in its messages, which are then not UTF-8.
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise InputError(f"{self._path}: not an index of a MindRecord file, or damaged ({error})") from error
