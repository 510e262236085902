"""Command: GuNER2023's scorer as the organiser's platform calls it; --strict says all that is wrong, and much more."""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
from collections.abc import Sequence
from typing import Any

from core.command import command_parser
from core.errors import GateError, InputError, KitError, run_command
from core.files import write_json, write_text
from core.terminal import laid_out, show, show_json, show_text
from core.untrusted import load_json
from eval_accuracy.ner.organiser import scored, written

_EXAMPLES = """examples:
  python eval_accuracy/guner.py IN.json OUT.json      as the platform calls it: {"fileData": {"standardFilePath": …,
                                                      "userFilePath": …}} in, a score or an error out; exit code 0
  python eval_accuracy/guner.py --strict gold.txt mine.txt --train train.txt
  python eval_accuracy/guner.py --strict gold.txt mine.txt --against earlier.txt --json
  python eval_accuracy/guner.py --strict test_public.txt mine.txt --repair fixed.txt      without gold: check alone
  python eval_accuracy/guner.py --strict IN.json OUT.json

Strict mode ends with exit code 3 where anything is wrong. docs/guner.md says what is counted.
"""


class UncaughtByScorer(KitError):
    """What ends the organiser's scorer with an uncaught error: nothing is written, exit code 1."""


def main(argv: Sequence[str]) -> int:
    """Score as the organiser does, or strictly; return the exit code."""
    arguments = _parser().parse_args(argv)
    if arguments.strict:
        return _strict(arguments)
    for name in ("train", "against", "repair", "output", "json"):
        if getattr(arguments, name):
            raise InputError(f"--{name} goes with --strict; the organiser's scorer takes IN.json and OUT.json alone")
    standard, submitted = _named(arguments.first, announce=True)
    try:
        write_text(arguments.second, written(scored(standard, submitted)))
    except OSError as error:
        raise UncaughtByScorer(f"{arguments.second}: cannot be written ({error.strerror or error})") from error
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command_parser(
        "eval_accuracy/guner.py",
        "Score marked texts as GuNER2023's organiser does; with --strict: all faults at once, and figures.",
        _EXAMPLES,
        json="the result of --strict",
    )
    parser.add_argument("first", metavar="IN.json", type=Path, help="which files; with --strict: the gold file or text")
    parser.add_argument("second", metavar="OUT.json", type=Path, help="the result; with --strict: the response")
    parser.add_argument("--strict", action="store_true", help="all faults with places and repairs, figures, intervals")
    parser.add_argument("--train", type=Path, metavar="FILE", help="marked training text: entities seen and unseen")
    parser.add_argument("--against", type=Path, metavar="FILE", help="an earlier response to compare with")
    parser.add_argument("--repair", type=Path, metavar="FILE", help="write the response with the gold file's text")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the result to this JSON file too")
    return parser


def _named(path: Path, announce: bool) -> tuple[Any, Any]:
    """Return the two files that the platform names; with `announce`, print them as they are read."""
    try:
        files = load_json(path.read_bytes(), str(path))["fileData"]
        standard = files["standardFilePath"]
        if announce:
            show(f"Read standard from {standard}")
        submitted = files["userFilePath"]
        if announce:
            show(f"Read user submit file from {submitted}")
    except OSError as error:
        raise UncaughtByScorer(f"{path}: cannot be read ({error.strerror or error})") from error
    except InputError as error:
        raise UncaughtByScorer(str(error)) from error
    except (KeyError, TypeError, IndexError) as error:
        raise UncaughtByScorer(f"{path}: fileData.standardFilePath or fileData.userFilePath is missing") from error
    return standard, submitted


def _strict(arguments: argparse.Namespace) -> int:
    from eval_accuracy.ner.report import lines_of, strict

    gold, response, output = arguments.first, arguments.second, arguments.output
    if gold.suffix == ".json":
        gold, response, output = (*(Path(str(one)) for one in _named(gold, announce=False)), response)
    shown = strict(gold, response, arguments.train, arguments.against, arguments.repair)
    if output:
        write_json(output, shown)
    if arguments.json:
        show_json(shown, indent=2)
    else:
        show_text(laid_out(lines_of(shown)))
    return GateError.exit_code if shown["faults"] else 0


if __name__ == "__main__":
    sys.exit(run_command(main))
