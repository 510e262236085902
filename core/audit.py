"""What others read of a conversion's account, `data/audit.json`; InputError where it does not say it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import read_json
from core.packed import COLUMNS, columns

_MOST_TOKENS = 1 << 60


@dataclass(frozen=True)
class Filling:
    """What rows are filled with.

    Attributes:
        records, rows: converted.
        tokens: of the rows, padding not counted; learned: of these, how many are learned.
        seq_length: a row has one place more.
    """

    records: int
    rows: int
    tokens: int
    learned: int
    seq_length: int

    @property
    def share(self) -> float:
        """Share of the rows' places that hold a token, and no padding."""
        return self.tokens / (self.rows * (self.seq_length + 1))


def filling(audit: Path) -> Filling:
    """Return what the converted rows are filled with."""
    value = _read(audit)
    found = []
    for name in ("converted", "rows", "tokens", "answer_tokens", "seq_length"):
        number = value.get(name)
        if type(number) is not int or not 0 < number < _MOST_TOKENS:
            raise InputError(f"{audit}: {name!r} is no number above 0; convert again with --force")
        found.append(number)
    return Filling(*found)


def validation_rows(audit: Path) -> int:
    """Return how many rows the validation records have."""
    account = _read(audit).get("validation")
    found = account.get("rows") if isinstance(account, dict) else None
    if type(found) is not int or not 0 < found < _MOST_TOKENS:
        raise InputError(f"{audit}: it names no validation rows; convert again with --force")
    return found


def converted_columns(audit: Path) -> tuple[str, ...]:
    """Return the columns of the converted rows, in the order in which MindFormers' network takes them."""
    value = _read(audit)
    # Before 0.2.0 attention reached from record to record, and no column said where one begins.
    found = value.get("columns", () if value.get("packing") else COLUMNS)
    if not isinstance(found, (list, tuple)) or tuple(found) not in (columns(False), columns(True)):
        raise InputError(f"{audit}: it does not say how its rows are packed; convert again with --force")
    return tuple(found)


def trained_prompt(audit: Path, task: str) -> dict[str, str] | None:
    """Return "template" and "sha256" of the prompt that a task's rows were made with, None where there are none."""
    prompts = _read(audit).get("prompts")
    found = prompts.get(task) if isinstance(prompts, dict) else None
    if not isinstance(prompts, dict) or not (found is None or isinstance(found, dict)):
        raise InputError(f"{audit}: 'prompts' does not name the prompts by task; convert again with --force")
    if found and not all(isinstance(found.get(key), str) for key in ("template", "sha256")):
        raise InputError(f"{audit}: the {task} prompt has no template and sha256; convert again with --force")
    return found or None


def _read(audit: Path) -> dict[str, Any]:
    value = read_json(audit)
    if not isinstance(value, dict):
        raise InputError(f"{audit}: is not an object of named values; convert again with --force")
    return value
