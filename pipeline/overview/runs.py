"""All runs of a folder: how far each is, what its best checkpoint came to, what it did otherwise than its contest."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.config import PARTS, load_contest
from core.errors import InputError, first_line
from core.files import read_json, read_text
from core.result_parts import ByCheckpoint, Cell
from core.result_types import ScoreResult
from core.results import gather, results_of
from core.run_folder import RunFolder
from core.step_names import step_order
from core.step_notes import read_events

NOTE = "note.txt"
# What is left out of the table, so that it fits 80 columns; --json has it.
_LEFT_OUT = {"EM"}
_LONGEST_VALUE = 40
_UNITS = ("B", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class RunRow:
    """A run in the table of all runs.

    Attributes:
        name: of its folder.
        contest: which it is of; empty where that cannot be read.
        begun: when it was made, ISO 8601 in UTC; empty where that is not noted.
        done, steps: how many steps of how many are done.
        checkpoint: the best one, or without a score the last that was measured; empty where none was.
        cells: figures of that checkpoint.
        differs: setting -> value where it is another than the contest's.
        size: bytes on the disk.
        note: what somebody wrote of it.
        fault: why it cannot be read; empty where it can.
    """

    name: str
    contest: str = ""
    begun: str = ""
    done: int = 0
    steps: int = 0
    checkpoint: str = ""
    cells: list[Cell] = field(default_factory=list)
    differs: dict[str, str] = field(default_factory=dict)
    size: int = 0
    note: str = ""
    fault: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it with its figures by their headings."""
        return {**vars(self), "cells": {cell.head: cell.text.strip() for cell in self.cells}}


def runs_in(logs: Path) -> list[RunFolder]:
    """Return the runs of a folder, the oldest first by their names' order in time of making."""
    found = [RunFolder(file.parent) for file in logs.glob("*/run.yaml") if not file.parent.is_symlink()]
    return sorted(found, key=lambda run: (_begun(run), run.name))


def row_of(run: RunFolder) -> RunRow:
    """Read what the table says of a run; what cannot be read is its fault, and no error."""
    size, note, begun = size_on_disk(run.path), note_of(run), _begun(run)
    try:
        config = run.config()
        done = [step for step in config.steps if run.finished(step)]
        made = gather(results_of(done, config.validates), lambda file: read_json(run.path / file))
    except InputError as error:
        return RunRow(run.name, begun=begun, size=size, note=note, fault=first_line(error))
    tables = [result for result in made.typed.values() if isinstance(result, ByCheckpoint)]
    score = made.of(ScoreResult)
    names = sorted({name for table in tables for name in table.checkpoints}, key=step_order)
    best = (score.best if score else None) or (names[-1] if names else "")
    return RunRow(
        name=run.name,
        contest=config.contest,
        begun=begun,
        done=len(done),
        steps=len(config.steps),
        checkpoint=best,
        cells=[cell for table in tables for cell in table.cells(best)] if best else [],
        differs=differences(run.settings(), config.contest),
        size=size,
        note=note,
        fault="; ".join(made.problems),
    )


def note_of(run: RunFolder) -> str:
    """Return what somebody wrote of a run; empty where nobody did."""
    file = run.path / NOTE
    return read_text(file).strip() if file.is_file() else ""


def _begun(run: RunFolder) -> str:
    try:
        first = next(iter(read_events(run.events, whole_lines=True)), {}) if run.events.is_file() else {}
    except InputError:
        return ""
    return str(first.get("time", ""))


def size_on_disk(folder: Path) -> int:
    """Return the bytes that a folder takes on the disk; links are not followed, files with two names count once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for above, folders, files in os.walk(folder):
        for name in (*folders, *files):
            try:
                found = os.lstat(os.path.join(above, name))
            except OSError:  # removed meanwhile
                continue
            if (place := (found.st_dev, found.st_ino)) not in seen:
                seen.add(place)
                total += found.st_blocks * 512
    return total


def differences(settings: Mapping[str, Any], contest: str) -> dict[str, str]:
    """Return the settings of a run whose values are not those of its contest as it is today.

    A part of another name stands for what is in it: {"method": "dora_qv", "train.epochs": "2"}.
    """
    parts = {
        part: value["name"] for part in PARTS if isinstance(value := settings.get(part), Mapping) and "name" in value
    }
    try:
        usual = dict(_usual(contest, ()))
        chosen = {part: name for part, name in parts.items() if usual.get(f"{part}.name") != name}
        usual = dict(_usual(contest, tuple(f"{part}={name}" for part, name in chosen.items())))
    except InputError:  # a contest of a plug-in that is not here, or one that has changed its settings since
        return {}
    found = {
        key: _short(value) for key, value in flat(settings) if key in usual and usual[key] != value and key != "contest"
    }
    return {**{part: str(name) for part, name in chosen.items()}, **found}


@lru_cache(maxsize=64)
def _usual(contest: str, chosen: tuple[str, ...]) -> tuple[tuple[str, Any], ...]:
    return tuple(flat(load_contest(contest, chosen).model_dump(mode="json")))


def flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested settings with dotted keys: {"train": {"epochs": 2}} gives ("train.epochs", 2)."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def in_words(value: Any) -> str:
    """Return a setting's value as it may be written behind key=."""
    if isinstance(value, list):
        return f"[{', '.join(map(in_words, value))}]"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _short(value: Any) -> str:
    text = in_words(value)
    return text if len(text) <= _LONGEST_VALUE else f"…{text[1 - _LONGEST_VALUE :]}"


def table(rows: list[RunRow]) -> Iterator[str]:
    """Yield the lines of the table: one for each run, and one for what is to be said of it besides."""
    heads = {cell.head: cell.width for row in rows for cell in row.cells if cell.head not in _LEFT_OUT}
    width = max([len(row.name) for row in rows] + [3])
    columns = "".join(f" {head:>{size}}" for head, size in heads.items())
    yield f"{'run':<{width}} {'steps':>5}{columns} {'size':>8}"
    for row in rows:
        texts = {cell.head: cell.text for cell in row.cells}
        figures = "".join(f" {texts.get(head, '-'):>{size}}" for head, size in heads.items())
        yield f"{row.name:<{width}} {f'{row.done}/{row.steps}':>5}{figures} {size_in_words(row.size):>8}"
        said = [f"{key}={value}" for key, value in row.differs.items()]
        for text in (", ".join(said), row.note, f"cannot be read: {row.fault}" if row.fault else ""):
            yield from textwrap.wrap(text, 80, initial_indent="    ", subsequent_indent="    ")


def size_in_words(size: int) -> str:
    """Return a number of bytes as people say it: 31_457_280 -> "31 MB"."""
    number, unit = float(size), 0
    while number >= 999.5 and unit < len(_UNITS) - 1:
        number, unit = number / 1000, unit + 1
    return f"{number:.0f} {_UNITS[unit]}" if number >= 10 or unit == 0 else f"{number:.1f} {_UNITS[unit]}"
