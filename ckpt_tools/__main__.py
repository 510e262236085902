"""`python -m ckpt_tools COMMAND …`: one door to the commands of this room."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from core.errors import InputError, run_command, unknown
from core.terminal import show

COMMANDS = {
    "convert": "convert between the names of MindFormers, Hugging Face and Meta",
    "merge": "merge adapters into their base model",
    "peft": "convert adapters to and from PEFT's format",
    "join": "join the adapter slices of tensor-parallel workers (needs MindSpore)",
    "count": "count trainable and total parameters",
    "schedule": "evenly spaced checkpoints: their steps, and which steps files are of",
    "show": "show what a checkpoint holds",
    "verify": "compare the merged model's logits with those of base and adapter (needs MindSpore)",
}


def main(argv: Sequence[str]) -> int:
    """Call the command named first with the arguments after it."""
    if not argv or argv[0] in ("-h", "--help"):
        show("usage: python -m ckpt_tools COMMAND [argument ...]; COMMAND --help explains one", "")
        for name, purpose in COMMANDS.items():
            show(f"  {name:8} {purpose}")
        show("", "example: python -m ckpt_tools show model.ckpt")
        return 0
    if argv[0] not in COMMANDS:
        raise InputError(unknown("command", argv[0], list(COMMANDS)))
    # As merge.py does: its threads share out the processors themselves.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code: int = importlib.import_module(f"ckpt_tools.{argv[0]}").main(list(argv[1:]))
    return code


if __name__ == "__main__":
    sys.exit(run_command(main))
