"""`ckpt_tools/convert.py` with a limit on the sizes of files, which stands for a disk that fills up part of the way."""

from __future__ import annotations

import resource
import subprocess
import sys

from core.places import ROOT

_CODE = (
    "import signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); from ckpt_tools import convert; "
    "from core.errors import run_command; sys.exit(run_command(convert.main))"
)


def convert_within(most_bytes: int, *words: object) -> subprocess.CompletedProcess[str]:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    line = [sys.executable, "-c", _CODE, *map(str, words)]
    return subprocess.run(line, cwd=ROOT, preexec_fn=limited, capture_output=True, text=True)
