"""`python -m pipeline COMMAND …`: one door to the commands of this room."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from core.errors import InputError, run_command, unknown
from core.terminal import show

COMMANDS = {
    "job": "the main job, from corpus to zip (as bash finetune/run_lora.sh)",
    "ls": "list contests, models, machines, methods and all else that there is to choose from",
    "runs": "a table of all runs; name, note, time, compare and remove them",
    "validate": "check a contest's settings in a second, without starting anything",
    "settings": "print all settings with their meanings (docs/settings.md)",
}


def main(argv: Sequence[str]) -> int:
    """Call the command named first with the arguments after it."""
    if not argv or argv[0] in ("-h", "--help"):
        show("usage: python -m pipeline COMMAND [argument ...]; COMMAND --help explains one", "")
        for name, purpose in COMMANDS.items():
            show(f"  {name:8} {purpose}")
        show("", "example: python -m pipeline ls contests")
        return 0
    if argv[0] not in COMMANDS:
        raise InputError(unknown("command", argv[0], list(COMMANDS)))
    code: int = importlib.import_module(f"pipeline.{argv[0]}").main(list(argv[1:]))
    return code


if __name__ == "__main__":
    sys.exit(run_command(main))
