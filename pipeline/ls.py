"""Command: list what there is to choose from: contests, models, machines, methods, judges, engines, steps and more."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from core.command import command_parser
from core.errors import InputError, run_command, unknown
from core.terminal import show, show_json
from pipeline.overview.listing import KINDS, listing

_EXAMPLE = """examples:
  python -m pipeline ls
  python -m pipeline ls contests
  python -m pipeline ls judges --json
"""


def main(argv: Sequence[str]) -> int:
    """Print one line for each entry of a kind, or of every kind."""
    parser = command_parser(
        "python -m pipeline ls",
        "List what there is to choose from, in the kit and in the folders that KIT_PLUGINS names.",
        _EXAMPLE,
        json="the result",
    )
    parser.add_argument("kind", nargs="?", help=f"one of {', '.join(KINDS)} (default: all of them)")
    arguments = parser.parse_args(argv)
    if arguments.kind and arguments.kind not in KINDS:
        raise InputError(unknown("kind", arguments.kind, KINDS))
    kinds = [arguments.kind] if arguments.kind else list(KINDS)
    found = {kind: listing(kind) for kind in kinds}
    if arguments.json:
        show_json(found[arguments.kind] if arguments.kind else found, indent=2)
        return 0
    width = max((len(entry["name"]) for entries in found.values() for entry in entries), default=0)
    for kind, entries in found.items():
        if not arguments.kind:
            show(f"{kind}:")
        for entry in entries:
            show(f"{'' if arguments.kind else '  '}{entry['name']:<{width}}  {entry['title']}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
