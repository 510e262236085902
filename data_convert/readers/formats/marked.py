"""Texts with marked spans, one a line, such as {丞相|OFI}{伯顏|PER}命以所部兵取寧國."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, ClassVar

from core.errors import InputError
from core.files import lines_of
from core.tasks.ner import TYPES
from core.text.markup import parse
from core.text.records import Record
from data_convert.readers.bad import OnBad, bad_record
from data_convert.readers.formats import Example, FileFormat, FileHead

_MARK = re.compile(rb"\{[^{}|\r\n]{1,200}\|(?:" + "|".join(TYPES).encode() + rb")\}")
# What a JSON object or array begins with.
_JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[{"\]])')
_BOM = b"\xef\xbb\xbf"


class MarkedText(FileFormat):
    """One text a line: the text without its marks is the question, the line the answer. Blank lines are passed over."""

    tasks = ("ner",)
    order = 90  # after all that may hold such texts in a field
    example: ClassVar[Example] = Example(
        "train.txt",
        "無實體。\n\n讀{易|BOOK}。\n以{丞相|OFI}{伯顏|PER}為{右丞相|OFI}。\n",
        (
            Record("0", "ner", "無實體。", "無實體。", "train.txt:1"),
            Record("2", "ner", "讀易。", "讀{易|BOOK}。", "train.txt:3"),
            Record("3", "ner", "以丞相伯顏為右丞相。", "以{丞相|OFI}{伯顏|PER}為{右丞相|OFI}。", "train.txt:4"),
        ),
    )

    def recognises(self, head: FileHead) -> bool:
        """See `FileFormat`."""
        return not _JSON.match(head.start.removeprefix(_BOM)) and _MARK.search(head.start) is not None

    def records(self, stream: BinaryIO, path: Path, prefix: str, task: str | None, on_bad: OnBad) -> Iterator[Record]:
        """See `FileFormat`."""
        if not any(_MARK.search(raw) for raw in lines_of(stream, str(path))):
            raise InputError(f"{path}: no marked span in it, such as {{伯顏|PER}}")
        stream.seek(0)
        for number, raw in enumerate(lines_of(stream, str(path))):
            where = f"{path}:{number + 1}"
            raw = raw.rstrip(b"\r\n").removeprefix(_BOM if number == 0 else b"")
            try:
                line = raw.decode("utf-8")
                text = parse(line).text
            except UnicodeDecodeError as error:
                on_bad(bad_record(where, f"not UTF-8 text (byte {error.start})", raw))
                continue
            except InputError as error:
                on_bad(bad_record(where, str(error), raw))
                continue
            if text.strip():
                yield Record(f"{prefix}{number}", "ner", text, line, where)


FORMAT = MarkedText()
