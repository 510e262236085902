"""The questions that a run is measured on, and a look at their files before anything expensive starts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.config import kit_path
from core.errors import InputError
from core.schema import RunConfig
from core.text.records import Record
from data_convert.corpus.inputs import reading_of
from data_convert.readers import read_corpus
from data_convert.readers.listing import is_there
from data_convert.readers.squad_questions import read_questions


def read_test(file: Path, task: str, **how: Any) -> list[Record]:
    """Read the questions to measure accuracy on.

    Args:
        file: a file, folder or pattern.
        task: the contest's.
        how: see `read_corpus`.

    Raises:
        InputError: they cannot be read, are of another task, or an id stands twice.
    """
    records = list(read_corpus(file, **how))
    other = next((record for record in records if record.task != task), None)
    if other is not None:
        raise InputError(f"{other.source or file}: of task {other.task}; this contest's questions are {task}")
    names = {record.id for record in records}
    if len(names) < len(records):
        raise InputError(f"{file}: {len(records) - len(names)} of its ids are repeated")
    return records


def check_questions(config: RunConfig) -> None:
    """Make sure that the files of questions can be read to their ends, before a large corpus is.

    Raises:
        InputError: they cannot; what is wrong with each of them.
    """
    data = config.data
    how = reading_of(data, config.task)
    reads: list[tuple[str | None, Callable[[Path], object]]] = [
        (data.test, lambda path: read_test(path, config.task, **how)),
        (data.squad, lambda path: read_questions(path, data.selection)),
        *((path, lambda path: deque(read_corpus(path, encoding=data.encoding), 0)) for path in data.against),
    ]
    faults = []
    for name, read in reads:
        # Those that are not there at all, or that nobody may read, `check_inputs` names.
        if name and is_there(path := kit_path(name)) and (not path.exists() or os.access(path, os.R_OK)):
            try:
                read(path)
            except InputError as error:
                faults.append(str(error))
    if faults:
        raise InputError("; ".join(faults))
