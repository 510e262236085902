"""The index of a MindRecord file: a SQLite database that says where each row stands."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from itertools import chain, tee
from pathlib import Path

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


class IndexWriter:
    """Writes an index; raises sqlite3.Error where it cannot be written."""

    def __init__(self, path: Path, name: str) -> None:
        """Start the index of the MindRecord file `name` at `path`, in place of what stands there."""
        path.unlink(missing_ok=True)
        self._base = sqlite3.connect(path, isolation_level=None)
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
