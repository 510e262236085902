"""Command: check a contest's settings in about a second, without starting anything."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.config import load_contest
from core.errors import InputError, run_command
from core.terminal import show, show_json
from pipeline.beforehand.faults import faults, traps

_EXAMPLE = """examples:
  python -m pipeline validate practice_math
  python -m pipeline validate my_contest.yaml train.epochs=3 data.train=corpus.jsonl
  python -m pipeline validate math_llama3 --json

Exit codes: 0 nothing is wrong, 2 something is.
"""


def main(argv: Sequence[str]) -> int:
    """Print what is wrong with a contest's settings, all at once; InputError where something is."""
    parser = command_parser(
        "python -m pipeline validate",
        "Check that settings compose, that names are known, that steps go together, that input files are "
        "there, that the base weights fit the model, and that the trainer's YAML has no trap (finetune/check.py).",
        _EXAMPLE,
        json="the findings",
    )
    parser.add_argument("contest", metavar="FILE|NAME", help="a contest, or a YAML file of one (or a run.yaml)")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings to change, such as train.epochs=2")
    arguments = parser.parse_intermixed_args(argv)
    found, warnings = _faults(arguments.contest, arguments.settings)
    if arguments.json:
        show_json({"contest": arguments.contest, "ok": not found, "faults": found, "warnings": warnings})
        return InputError.exit_code if found else 0
    for warning in warnings:
        show(f"warning: {warning}")
    if found:
        raise InputError("; ".join(found))
    show(f"{arguments.contest}: nothing is wrong")
    return 0


def _faults(contest: str, settings: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return what is wrong, and what may be otherwise than meant."""
    try:
        config = load_contest(contest, settings)
    except InputError as error:
        return [str(error)], []
    errors, warnings = traps(config)
    return faults(config, here=False) + errors, warnings


if __name__ == "__main__":
    sys.exit(run_command(main))
