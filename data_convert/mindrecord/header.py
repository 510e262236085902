"""The header of a MindRecord file: what it is made of, and where its pages are.

A file is a header (its length as 8 bytes, little-endian, and JSON, in 16 MiB) and pages of 32 MiB, numbered from 0.
Blob pages hold the rows. Raw pages hold what could be searched for; where all columns are arrays, as here, that is
the same 13 bytes for every row. The rows of one blob page are a row group; a raw page lists the groups it holds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from pydantic import BaseModel, Field, ValidationError

from core.errors import InputError

HEADER_SIZE = 1 << 24
PAGE_SIZE = 1 << 25
BLOB, RAW = "BLOB_DATA", "RAW_DATA"
VERSION = "3.0"
# The longest header that is read. One of this length describes 20,000 pages, 600 GiB; what claims more is damaged.
_LONGEST = 1 << 22
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


class _PageEntry(BaseModel):
    page_id: int = Field(ge=0)
    page_type: Literal["BLOB_DATA", "RAW_DATA"]
    page_size: int = Field(ge=0)
    start_row_id: int = Field(ge=0)
    end_row_id: int = Field(ge=0)


class _Column(BaseModel):
    type: Literal["int32"]
    shape: list[int] = Field(min_length=1, max_length=1)


class _Schema(BaseModel):
    blob_fields: list[str] = Field(min_length=1)
    columns: dict[str, _Column] = Field(alias="schema")


class Header(BaseModel):
    """What a reader needs of a header: sizes, columns, pages. The bounds of the sizes are MindSpore's."""

    header_size: int = Field(ge=1 << 14, le=1 << 27)
    page_size: int = Field(ge=1 << 15, le=1 << 28)
    page: list[_PageEntry] = Field(min_length=1)
    schemas: list[_Schema] = Field(alias="schema", min_length=1, max_length=1)
    shard_addresses: list[str] = Field(min_length=1, max_length=1)
    version: Literal["3.0"]

    @property
    def columns(self) -> list[str]:
        """Names of the columns, in the order of storage."""
        return self.schemas[0].blob_fields

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(page.end_row_id - page.start_row_id for page in self.page if page.page_type == BLOB)

    @property
    def end(self) -> int:
        """Bytes that the file has at the least."""
        return self.header_size + max(page.page_id * self.page_size + page.page_size for page in self.page)


def read_header(stream: BinaryIO, path: Path) -> Header:
    """Read the header of an open file.

    Args:
        stream: the file, at its start.
        path: its place, for messages.

    Raises:
        InputError: it is no MindRecord file, or none of one shard and one-dimensional int32 columns.
    """
    length = int.from_bytes(stream.read(8), "little")
    text = stream.read(length) if 2 <= length <= _LONGEST else b""
    if len(text) < length or not text.startswith(b"{"):
        raise InputError(f"{path}: not a MindRecord file, or its header is damaged; write it again")
    try:
        header = Header.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "header"
        raise InputError(
            f"{path}: not a MindRecord file of one shard with one-dimensional int32 columns ({place}: {first['msg']})"
        ) from error
    if sorted(header.columns) != sorted(header.schemas[0].columns):
        raise InputError(f"{path}: it has columns that are no arrays; only int32 arrays are read")
    if header.rows < 1 or any(page.page_size > header.page_size for page in header.page):
        raise InputError(f"{path}: its list of pages is damaged; write it again")
    return header
