"""Command: make what is handed in out of a finished run: report, pictures, zip, check.

python submission/run.py --run logs/latest
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

from core.command import command_parser
from core.errors import GateError, run_command
from core.run_folder import LOGS, RunFolder
from core.terminal import show, show_text
from submission.check import print_verdict
from submission.package.build import Built, as_json, build
from submission.package.pack import MODES
from submission.report.report import LANGUAGES

# Options that make the zip another than run.yaml says.
_INSTEAD = ("team", "checkpoints", "language", "notes", "weights_url")


def main(argv: Sequence[str]) -> int:
    """Build and check the zip of a run; GateError (exit code 3) where the check finds something wrong."""
    parser = command_parser(
        "submission/run.py",
        "Write the report, plots and screenshots of a run, pack the zip and check it.",
        "example: python submission/run.py --run logs/latest --team 'My team' --language zh",
        json="the result",
    )
    parser.add_argument("--run", type=Path, default=LOGS / "latest", help="run folder (default: logs/latest)")
    parser.add_argument("--team", help="team name, and so the zip's (default: submission.team of the run)")
    parser.add_argument("--checkpoints", choices=MODES, help="the weights, their names and hashes only, or adapters")
    parser.add_argument("--language", choices=LANGUAGES, help="of the report (default: submission.language of the run)")
    parser.add_argument("--notes", type=Path, help="your own words, by section (default: submission.notes of the run)")
    parser.add_argument(
        "--weights-url", help="where the weights can be had (default: submission.weights_url of the run)"
    )
    parser.add_argument("--force", action="store_true", help="pack again even if nothing changed")
    arguments = parser.parse_args(argv)
    with _noted(arguments):
        chosen = (arguments.team, arguments.checkpoints, arguments.language, arguments.force)
        built = build(arguments.run, *chosen, notes=arguments.notes, weights_url=arguments.weights_url)
        _show(built, arguments.json)
        if built.verdict is not None and not built.verdict.ok:
            problems = len(built.verdict.problems)
            raise GateError(f"{built.path}: packed, but not fit to be handed in ({problems} problems)")
    return 0


def _noted(arguments: argparse.Namespace) -> AbstractContextManager[None]:
    """Return what notes the run's step; a zip that is another than run.yaml says is none of it."""
    run = RunFolder(arguments.run.resolve())
    is_own = not any(getattr(arguments, name) for name in _INSTEAD) and run.settings_file.is_file()
    return run.step("submission", arguments.force) if is_own else nullcontext()


def _show(built: Built, as_data: bool) -> None:
    if as_data:
        show_text(as_json(built))
        return
    if built.verdict is not None:
        print_verdict(built.verdict)
    show(f"{'report':<12} {built.report}")
    show(f"{'zip':<12} {built.path}")


if __name__ == "__main__":
    sys.exit(run_command(main))
