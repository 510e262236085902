"""Command: print the page of all settings, made from the schema; with --write it becomes docs/settings.md."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.errors import run_command
from core.files import write_text
from core.places import ROOT
from core.settings_page import settings_page
from core.terminal import show, show_text

_EXAMPLE = """examples:
  python -m pipeline settings
  python -m pipeline settings --write
"""
PAGE = ROOT / "docs" / "settings.md"


def main(argv: Sequence[str]) -> int:
    """Print the page, or write it to docs/settings.md and print that path."""
    parser = command_parser(
        "python -m pipeline settings",
        "Print every setting with its type, default and meaning, as Markdown.",
        _EXAMPLE,
    )
    parser.add_argument("--write", action="store_true", help="write the page to docs/settings.md instead")
    arguments = parser.parse_args(argv)
    if arguments.write:
        write_text(PAGE, settings_page())
        show(PAGE)
    else:
        show_text(settings_page().removesuffix("\n"))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
