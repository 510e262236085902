"""Records that cannot be read: what is known of each, and how many of them a run puts up with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from core.errors import InputError
from core.files import write_jsonl

_LONGEST_TEXT = 1000


class Fault(Exception):
    """What is wrong with one value of a corpus, in a clause without its place."""


class BadRecord(NamedTuple):
    """One record that cannot be read, or one fault that spoils several.

    Attributes:
        where: file and line, or file and place in it.
        reason: what is wrong, in a clause.
        text: the record as it stands in the file, cut to 1,000 characters.
        records: how many records are lost by it: all questions of a file without answers, else 1.
        expected: files of this kind are published so; it is listed, and does not count towards those allowed.
        unlearned: it can be read, and nothing of it is to be learned; it is listed and counted apart.
    """

    where: str
    reason: str
    text: str = ""
    records: int = 1
    expected: bool = False
    unlearned: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"

    def row(self) -> dict[str, Any]:
        """Return it as a line of the side file."""
        return {"where": self.where, "reason": self.reason, "text": self.text, "records": self.records}


OnBad = Callable[[BadRecord], None]


class TooManyBad(InputError):
    """There are more unreadable records than allowed."""


def bad_record(where: str, reason: str, raw: bytes | str) -> BadRecord:
    """Make a BadRecord of the bytes or text of the file; what is no Unicode in them is shown as an escape."""
    if isinstance(raw, str):
        shown = raw[:_LONGEST_TEXT]
        try:
            raw = shown.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            raw = shown.encode("utf-8", "backslashreplace")
    text = raw[: 4 * _LONGEST_TEXT].decode("utf-8", "backslashreplace")
    return BadRecord(where, reason, text.strip()[:_LONGEST_TEXT])


def refuse(bad: BadRecord) -> None:
    """Take no bad record at all."""
    raise InputError(str(bad))


class BadRecords:
    """Keeps unreadable records and gives up when there are more than allowed.

    Processes that read slices each use one of their own and send back `records`; the reader of the whole adds these
    in the order of the slices with `extend`. The count, and the record at which it gives up, are then those of one
    process.

    Attributes:
        records: those found, in order.
    """

    def __init__(self, allowed: int, side_file: Path | None = None, setting: str = "data.max_bad=N") -> None:
        """Set the bounds.

        Args:
            allowed: how many bad records are put up with.
            side_file: where `save` writes them.
            setting: how a user allows more of them.
        """
        self.allowed = allowed
        self._setting = setting
        self.side_file = side_file
        self.records: list[BadRecord] = []
        self._counted = 0  # of the records, those that were not expected

    @property
    def lost(self) -> int:
        """How many records are lost because they cannot be read."""
        return sum(bad.records for bad in self.records if not bad.unlearned)

    @property
    def unlearned(self) -> int:
        """How many records can be read, and are not to be learned."""
        return sum(bad.records for bad in self.records if bad.unlearned)

    @property
    def found(self) -> list[str]:
        """The bad records as sentences, "file:line: reason"."""
        return [str(bad) for bad in self.records]

    def __call__(self, bad: BadRecord) -> None:
        """Note one bad record; TooManyBad (an InputError) where it is one too many, after `save`."""
        self.records.append(bad)
        allowed = bad.expected or bad.unlearned
        self._counted += not allowed
        if not allowed and self._counted > self.allowed:
            self.save()
            more = f" (and {self.allowed} before it)" if self.allowed else ""
            raise TooManyBad(f"{bad}{more}; {self._setting} skips up to N such records and lists them")

    def extend(self, records: Iterable[BadRecord]) -> None:
        """Note the bad records of one slice, in order."""
        for bad in records:
            self(bad)

    def save(self) -> None:
        """Write the side file, where there is one, as JSON Lines of `BadRecord`; nothing where none is bad."""
        if self.side_file is not None and self.records:
            write_jsonl(self.side_file, (bad.row() for bad in self.records))
