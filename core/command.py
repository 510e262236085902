"""What every command has in common: how its help looks, `--version`, `--json`, and where its examples stand."""

from __future__ import annotations

import argparse

from core import __version__
from core.terminal import Parser


def command_parser(program: str, description: str, examples: str, json: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of a command, with what all of them take.

    Args:
        program: how it is called, such as "ckpt_tools/show.py".
        description: what it does, in one sentence or two.
        examples: lines that work when they are copied; shown below the options as they are.
        json: what `--json` prints on standard output, where it has that option: "the result", "the audit".
    """
    parser = Parser(
        prog=program, description=description, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"kit {__version__}")
    if json is not None:
        parser.add_argument("--json", action="store_true", help=f"print {json} as JSON and nothing else")
    return parser
