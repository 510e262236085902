"""Command: convert a contest's corpus into what training and evaluation read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.errors import InputError, run_command
from core.run_folder import RunFolder, begun, find_run, new_run, point_latest, unfinished_run
from core.terminal import show, show_json, show_text

_EXAMPLE = """examples:
  python data_convert/make.py --corpus math --records 10000 --out math.json
  python data_convert/run.py --contest practice_math data.train=math.json
  python data_convert/run.py --contest practice_math data.train=math.json data.packing=true --max-bad 10
  python data_convert/run.py --run logs/latest --force

A conversion that was interrupted goes on when the same words are given again. Settings: docs/data.md.
Exit codes: 0 done, 2 wrong input or configuration, 1 a defect or a worker that was killed, 130 interrupted.
"""


def main(argv: Sequence[str]) -> int:
    """Parse arguments, convert, print the audit."""
    parser = command_parser(
        "data_convert/run.py",
        "Read a corpus, check it, hold out questions, and write MindRecord and the question files.",
        _EXAMPLE,
        json="the audit",
    )
    parser.add_argument("--run", help="a run folder (default: the newest, or a new one with --contest)")
    parser.add_argument("--contest", help="start a new run of this contest, or go on with one that was interrupted")
    parser.add_argument("--max-bad", metavar="N", help="unreadable records to pass over: short for data.max_bad=N")
    parser.add_argument("--force", action="store_true", help="convert again, though it was done")
    parser.add_argument("--processes", type=int, help="how many work at once (default: one for each processor)")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings to change, with --contest")
    arguments = parser.parse_intermixed_args(argv)
    if arguments.processes is not None and arguments.processes < 1:
        raise InputError(f"--processes {arguments.processes}: at least 1 is expected")
    from data_convert.conversion.audit_table import table
    from data_convert.conversion.convert import convert

    if arguments.max_bad is not None:
        arguments.settings.append(f"data.max_bad={arguments.max_bad}")
    run, new = _find(arguments)
    with begun(run, new), run.step("convert", arguments.force):
        audit = convert(run.config(), run, arguments.processes)
    if arguments.json:
        show_json(audit)
    else:
        show_text(table(audit))
        show(f"audit: {run.data / 'audit.json'}")
    return 0


def _find(arguments: argparse.Namespace) -> tuple[RunFolder, bool]:
    """Return the run folder that is to be converted, and whether it is a new one, as where a contest is named."""
    from core.config import load_contest
    from data_convert.corpus.inputs import check_inputs

    if not arguments.contest:
        if arguments.settings:
            raise InputError("settings belong to a new run: give them with --contest")
        return find_run(arguments.run), False
    if arguments.run:
        raise InputError("--contest starts a new run: give no --run with it")
    config = load_contest(arguments.contest, arguments.settings)
    check_inputs(config, conversion_only=True)
    found = unfinished_run(config, "convert")
    run = found or new_run(config)
    point_latest(run)
    return run, found is None


if __name__ == "__main__":
    sys.exit(run_command(main))
