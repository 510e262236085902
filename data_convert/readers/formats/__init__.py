"""The corpus formats: a module here for each, which assigns `FORMAT`, an object of one of the classes below.

- `JsonFormat`: JSON Lines, or one JSON array, of objects that are a record each. A file may mix several such formats.
  `QuestionFormat` is the short way where an object is a question and its answer.
- `FileFormat`: everything else; a file is read as a whole. `readers.tables.TableFormat` are those whose rows are
  objects of the JSON formats.

A format says how its corpora are recognised and what is read from them, and shows both in an `example`, over which
the contract tests go. All that is not the format's own (lines and arrays, slices for several processes, malformed
JSON, ids, places in messages) is done by the modules of readers/.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from core.places import plugin_folders
from core.registry import FORMATS
from core.text.records import Record
from data_convert.readers.bad import OnBad
from data_convert.readers.question_answer import QuestionAnswer, record_of

HEAD = 1 << 16  # bytes by which a file is recognised
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Example:
    """A tiny corpus of a format and what is read from it.

    Attributes:
        file: the file's name.
        text: what stands in it; bytes where it is no text.
        records: those read from it, `source` with the file's bare name.
    """

    file: str
    text: str | bytes
    records: tuple[Record, ...]

    @property
    def content(self) -> bytes:
        """The file's bytes."""
        return self.text.encode() if isinstance(self.text, str) else self.text


class CorpusFormat(ABC):
    """What all formats have in common.

    Attributes:
        example: see `Example`.
        order: formats are asked whether they recognise something in ascending order. The kit's own have 10 and more,
            so one of a plug-in is asked before them unless it says otherwise.
    """

    example: ClassVar[Example]
    order: ClassVar[int] = 0


class JsonFormat(CorpusFormat):
    """A format of JSON objects, each of them a record.

    Attributes:
        described: what its objects are called in messages, such as "problem/solution".
        free: its objects say nothing of their task; where the text does not tell, it is that of the run.
    """

    described: ClassVar[str]
    free: ClassVar[bool] = False

    @abstractmethod
    def recognises(self, row: dict[str, Any]) -> bool:
        """Tell whether an object is of this format, by the names of its fields."""

    @abstractmethod
    def record(self, row: dict[str, Any], identity: str, where: str, task: str | None) -> Record:
        """Turn one object into a Record.

        Args:
            row: the object.
            identity: the record's id, where the object gives none.
            where: file:line, the record's source.
            task: the record's task; None: by what it says.

        Raises:
            Fault: a field is missing, empty or not text, or the record cannot be of this task.
        """


class QuestionFormat(JsonFormat):
    """A format of JSON objects that are a question and its answer.

    Attributes:
        task: of the records, where the caller decides nothing; None: by what each says.
    """

    task: ClassVar[str | None] = None

    @abstractmethod
    def question(self, row: dict[str, Any]) -> QuestionAnswer:
        """Take question and answer out of an object; Fault as `record`."""

    def record(self, row: dict[str, Any], identity: str, where: str, task: str | None) -> Record:
        """See `JsonFormat`."""
        return record_of(self.question(row), task or self.task, identity, where)


@dataclass(frozen=True)
class FileHead:
    """What a file is recognised by.

    Attributes:
        path: the file; start: its first 64 KiB, in UTF-8.
        stream: the file; what is text in another encoding comes as UTF-8.
        fields: role -> field, as the caller names them; empty for none.
    """

    path: Path
    start: bytes
    stream: BinaryIO
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def first(self) -> bytes:
        """The first byte that is neither white space nor of a byte order mark; empty where there is none."""
        start = self.start.lstrip()
        while start.startswith(_BOM):
            start = start.removeprefix(_BOM).lstrip()
        return start[:1]

    def whole(self) -> BinaryIO:
        """Return the file, open at its beginning."""
        self.stream.seek(0)
        return self.stream


class FileFormat(CorpusFormat):
    """A format whose files are read as a whole.

    Attributes:
        suffixes: endings of the files that are read where a corpus is a folder, in small letters; empty: a corpus is
            one file.
        tasks: what its records may be of; None: of any task that the caller names.
        signature: what files begin with that are no UTF-8 text, such as b"PAR1".
    """

    suffixes: ClassVar[tuple[str, ...]] = ()
    tasks: ClassVar[tuple[str, ...] | None] = None
    signature: ClassVar[bytes] = b""

    @abstractmethod
    def recognises(self, head: FileHead) -> bool:
        """Tell whether a file is of this format, by its first bytes rather than by its name."""

    @abstractmethod
    def records(self, stream: BinaryIO, path: Path, prefix: str, task: str | None, on_bad: OnBad) -> Iterator[Record]:
        """Yield the records of a file, in bounded memory.

        Args:
            stream: the file, at its beginning.
            path: its name, for `source` and messages.
            prefix: what goes before a row's number, from 0, in its record's id; "" but in a folder.
            task: of all records; None: the format's own.
            on_bad: takes each record that cannot be read.

        Raises:
            InputError: the file as a whole cannot be read; names file and line.
        """


def corpus_format(name: str) -> CorpusFormat:
    """Return a format by its name; InputError where there is none."""
    found: CorpusFormat = FORMATS.get(name, JsonFormat, FileFormat)
    return found


def json_formats() -> dict[str, JsonFormat]:
    """Return the formats of JSON objects by name, in the order in which they are asked."""
    return {name: one for name, one in _ordered(tuple(plugin_folders())) if isinstance(one, JsonFormat)}


def file_formats() -> dict[str, FileFormat]:
    """Return the formats of whole files by name, in the order in which they are asked."""
    return {name: one for name, one in _ordered(tuple(plugin_folders())) if isinstance(one, FileFormat)}


@cache
def _ordered(_: tuple[Path, ...]) -> list[tuple[str, CorpusFormat]]:
    """Return all formats in order; remembered for each set of plug-in folders, for every slice asks."""
    return sorted(((name, corpus_format(name)) for name in FORMATS.names()), key=lambda item: (item[1].order, item[0]))
