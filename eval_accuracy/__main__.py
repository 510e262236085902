"""`python -m eval_accuracy` is `python eval_accuracy/run.py`."""

from __future__ import annotations

import sys

from core.errors import run_command
from eval_accuracy.run import main

if __name__ == "__main__":
    sys.exit(run_command(main))
