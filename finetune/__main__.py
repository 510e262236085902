"""`python -m finetune` is `python finetune/run.py`."""

import sys

from core.errors import run_command
from finetune.run import main

sys.exit(run_command(main))
