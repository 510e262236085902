"""Parquet files, as the hub hands out its data sets: a row a record, of any format of JSON objects."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

from core.errors import InputError, first_line
from core.text.records import Record
from data_convert.readers.formats import Example, FileHead
from data_convert.readers.json_text import LONGEST
from data_convert.readers.tables import TableFormat, TableRow

_SIGNATURE = b"PAR1"
_TOGETHER = 1_000  # rows in memory
# A table of two rows, written by pyarrow 19 without compression.
_EXAMPLE = zlib.decompress(
    base64.b85decode(
        "c-jka3^EjD5X}?K(-CC>GT21fWEdD2n1Gmtkrzn%CFZ6oBr4>lmL%rrfuvrnTljq4bOl2NZ3QER=W9Ek?CN{EWY*IS6W{Nd4>Z6+)B=l1"
        "tU%JUC_hh+6UcyQwN)?{Ws$ToWsqPiPR>ZpO%!Ee5am&2l3*<?O)aWaW$*!M2a9kNr4|?D=M|?y1;tn-Wh8af7-U3wBvsiMB%xYFff8a<"
        "7=cKQ!&3(61O`!%?MUk227#5viN&eSVMJ0X_K8u9MU4YUi7+r|C=?_X0nIJZO)e<VO)M(PFIOl_Eh^5;&r>k8)HBdCkkkP>2IQU-KpX%J"
        "NC0QML|X"
    )
)


class Parquet(TableFormat):
    """Read with pyarrow, a few rows in memory at a time; nested columns are objects and lists."""

    order = 12
    suffixes = (".parquet",)
    signature = _SIGNATURE
    example: ClassVar[Example] = Example(
        "pairs.parquet",
        _EXAMPLE,
        (
            Record("0", "instruction", "Name a metal.", "Iron.", "pairs.parquet: row 0"),
            Record("1", "math", "计算 1 + 2 等于多少？", "1 + 2 = 3", "pairs.parquet: row 1", {"type": "add"}),
        ),
    )

    def recognises(self, head: FileHead) -> bool:
        """See `FileFormat`."""
        return head.start.startswith(_SIGNATURE)

    def rows(self, stream: BinaryIO, path: Path) -> Iterator[TableRow]:
        """See `TableFormat`."""
        parquet = _library(path)
        number = 0
        try:
            file = parquet.ParquetFile(stream)
            for batch in file.iter_batches(batch_size=_TOGETHER, use_threads=False):
                for value in batch.to_pylist():
                    yield _row(value, f"{path}: row {number}")
                    number += 1
        except (OSError, ValueError, RuntimeError, NotImplementedError) as error:  # what pyarrow's errors are made of
            raise InputError(
                f"{path}: not a Parquet file that can be read, from row {number} on ({first_line(error)})"
            ) from error


def _row(value: dict[str, Any], where: str) -> TableRow:
    # pandas' word for a cell without a value.
    value = {name: None if item != item else item for name, item in value.items()}
    try:
        shown = json.dumps(value, ensure_ascii=False, default=str)
        shown.encode()
    except (UnicodeEncodeError, RecursionError):
        return TableRow(None, where, "", "a text that is no Unicode, or nested too deeply")
    if len(shown) > LONGEST:
        return TableRow(None, where, shown[:1000], f"longer than {LONGEST >> 20} MiB")
    return TableRow(value, where, shown)


def _library(path: Path) -> Any:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(
            f'{path}: Parquet, which is read with pyarrow: pip install -c constraints.txt ".[parquet]", or save the '
            "table as JSON Lines"
        ) from error
    return parquet


FORMAT = Parquet()
