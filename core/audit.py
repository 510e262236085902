"""What others read of a conversion's account, `data/audit.json`; InputError where it does not say it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import read_json

_MOST_ROWS = 1 << 40


def converted_rows(audit: Path) -> int:
    """Return how many rows were converted."""
    rows = _read(audit).get("rows")
    if type(rows) is not int or not 0 <= rows < _MOST_ROWS:
        raise InputError(f"{audit}: 'rows' is no number of rows; convert again with --force")
    return rows


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
