"""The header of a MindRecord file: what it is made of, and where its pages are.

A file is a header (its length as 8 bytes, little-endian, and JSON, in 16 MiB) and pages of 32 MiB, numbered from 0.
Blob pages hold the rows. Raw pages hold what could be searched for; where all columns are arrays, as here, that is
the same 13 bytes for every row. The rows of one blob page are a row group; a raw page lists the groups it holds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

HEADER_SIZE = 1 << 24
PAGE_SIZE = 1 << 25
BLOB, RAW = "BLOB_DATA", "RAW_DATA"
VERSION = "3.0"
# A row of a raw page: a length of 5, and {"id": 0} in MessagePack.
RAW_ROW = (5).to_bytes(8, "little") + b"\x81\xa2id\x00"


@dataclass
class Page:
    """One page.

    Attributes:
        number: its place in the file.
        kind: BLOB or RAW.
        kind_number: for a blob page, the number of its row group.
        start, end: the rows of a blob page, from `start` to before `end`.
        groups: (row group, where its rows start in this page).
        size: bytes in use.
    """

    number: int
    kind: str
    kind_number: int
    start: int = 0
    end: int = 0
    groups: list[tuple[int, int]] = field(default_factory=list)
    size: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the page's entry in the header."""
        return {
            "end_row_id": self.end,
            "page_id": self.number,
            "page_size": self.size,
            "page_type": self.kind,
            "page_type_id": self.kind_number,
            "row_group_ids": [{"id": number, "offset": offset} for number, offset in self.groups],
            "shard_id": 0,
            "start_row_id": self.start,
        }


def header_bytes(
    name: str, columns: Sequence[str], description: str, pages: Sequence[Page], page_size: int, saved: int
) -> bytes:
    """Return the header as FileWriter writes it, its length before it.

    Args:
        name: the file's name.
        columns: names of its int32 columns, sorted.
        description: free text.
        pages: all pages, in order.
        page_size: bytes of a page.
        saved: bytes that storing numbers in as few bytes as they need has saved.
    """
    header = {
        "header_size": HEADER_SIZE,
        "index_fields": None,
        "page": [page.as_json() for page in pages],
        "page_size": page_size,
        "compression_size": max(0, saved),
        "schema": [
            {
                "blob_fields": list(columns),
                "desc": description,
                "schema": {column: {"shape": [-1], "type": "int32"} for column in columns},
            }
        ],
        "shard_addresses": [name],
        "shard_id": 0,
        "statistics": None,
        "version": VERSION,
    }
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return len(text).to_bytes(8, "little") + text
