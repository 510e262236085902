"""Command: paired comparison of two sets of answers; a door to `eval_suite/compare.py`, where it lives now."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    command = Path(__file__).resolve().parents[1] / "eval_suite" / "compare.py"
    sys.argv[0] = str(command)
    runpy.run_path(str(command), run_name="__main__")
