"""Result files that grow by one checkpoint at a time: results/squad.json and results/accuracy.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import InputError
from core.files import read_json, write_json
from core.progress import say

SCHEMA = 1


def update_results(path: Path, name: str, result: dict[str, Any], data: dict[str, Any]) -> None:
    """Write the result of one checkpoint into a result file, atomically; those of others stay.

    Results on other data are not comparable: where the file's `data` has another hash, selection or count, its
    checkpoints are dropped, with a word on standard error. One process at a time may update a file.

    Args:
        path: the file, made where it is absent.
        name: "base" or "step_N".
        result: what the evaluator returned for it.
        data: what was evaluated: "file", "sha256", "selection", "count".

    Raises:
        InputError: the file is there and is not such a result file.
    """
    checkpoints: dict[str, Any] = {}
    if path.exists():
        held = read_results(path)
        if same_data(held["data"], data):
            checkpoints = held["checkpoints"]
        elif held["checkpoints"]:
            say(f"{path}: results on other data dropped ({', '.join(held['checkpoints'])})")
    checkpoints[name] = result
    ordered = {key: checkpoints[key] for key in sorted(checkpoints, key=_order)}
    write_json(path, {"schema": SCHEMA, "data": data, "checkpoints": ordered})


def read_results(path: Path) -> dict[str, Any]:
    """Read a result file of this form.

    Raises:
        InputError: missing, malformed, of another schema.
    """
    held = read_json(path)
    if not isinstance(held, dict) or held.get("schema") != SCHEMA:
        raise InputError(f"{path}: not a result file of schema {SCHEMA}; move it away and evaluate again")
    for key in ("data", "checkpoints"):
        if not isinstance(held.get(key), dict):
            raise InputError(f"{path}: field {key!r} is missing; move the file away and evaluate again")
    return held


def same_data(held: dict[str, Any], data: dict[str, Any]) -> bool:
    """Tell whether two results were measured on the same questions."""
    return all(held.get(key) == data.get(key) for key in ("sha256", "selection", "count"))


def _order(name: str) -> tuple[int, int, str]:
    """Return a sort key: the base first, then the steps by number, then any other name."""
    number = name.removeprefix("step_")
    if name == "base":
        return 0, 0, name
    return (1, int(number), name) if number.isdecimal() else (2, 0, name)
