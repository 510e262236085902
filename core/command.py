"""What every command has in common: how its help looks, `--version`, `--json`, and where its examples stand."""

from __future__ import annotations

import argparse

from core import __version__


def command_parser(program: str, description: str, examples: str, json: bool = True) -> argparse.ArgumentParser:
    """Return the parser of a command, with what all of them take.

    Args:
        program: how it is called, such as "ckpt_tools/show.py".
        description: what it does, in one sentence or two.
        examples: lines that work when they are copied; shown below the options as they are.
        json: whether it has `--json`: the result as JSON on standard output, and nothing else there.
    """
    parser = argparse.ArgumentParser(
        prog=program, description=description, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"kit {__version__}")
    if json:
        parser.add_argument("--json", action="store_true", help="print the result as JSON and nothing else")
    return parser
