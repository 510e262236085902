"""`python -m submission` is `python submission/run.py`."""

from __future__ import annotations

import sys

from core.errors import run_command
from submission.run import main

if __name__ == "__main__":
    sys.exit(run_command(main))
