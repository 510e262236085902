"""`python -m data_convert` is `python data_convert/run.py`."""

import sys

from core.errors import run_command
from data_convert.run import main

sys.exit(run_command(main))
