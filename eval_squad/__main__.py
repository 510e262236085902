"""`python -m eval_squad` is `python eval_squad/run.py`."""

from __future__ import annotations

import sys

from core.errors import run_command
from eval_squad.run import main

if __name__ == "__main__":
    sys.exit(run_command(main))
