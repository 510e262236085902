"""Command: convert a contest's corpus into what training and evaluation read."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from core.errors import InputError, run_command
from core.run_folder import find_run, new_run

_EXAMPLE = """example:
  python data_convert/run.py --contest practice_math data.train=corpus.jsonl
  python data_convert/run.py --run logs/latest
"""


def main(argv: Sequence[str]) -> int:
    """Parse arguments, convert, print the audit."""
    parser = argparse.ArgumentParser(
        prog="data_convert/run.py",
        description="Read a corpus, check it, hold out questions, and write MindRecord and the question files.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--run", help="a run folder (default: the newest, or a new one with --contest)")
    parser.add_argument("--contest", help="start a new run of this contest")
    parser.add_argument("--force", action="store_true", help="convert again, though it was done")
    parser.add_argument("--processes", type=int, help="how many work at once (default: one for each processor)")
    parser.add_argument("--json", action="store_true", help="print the audit as JSON on standard output")
    parser.add_argument("settings", nargs="*", metavar="key=value", help="settings to change, with --contest")
    arguments = parser.parse_args(argv)
    from core.config import load_contest
    from data_convert.convert import convert
    from data_convert.inputs import check_inputs
    from data_convert.table import table

    if arguments.contest:
        config = load_contest(arguments.contest, arguments.settings)
        check_inputs(config)
        run = new_run(config)
    else:
        if arguments.settings:
            raise InputError("settings belong to a new run: give them with --contest")
        run = find_run(arguments.run)
        config = run.config()
        if run.finished("convert") and not arguments.force:
            raise InputError(f"{run.path} is converted; --force does it again, and all that was made from it")
    run.redo("convert")
    audit = convert(config, run, arguments.processes)
    if arguments.json:
        print(json.dumps(audit, ensure_ascii=False))
    else:
        print(table(audit))
        print(f"audit: {run.data / 'audit.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
