"""Inputs that are led by what they reach in a reader's code, where `pip install atheris` was done for it.

    python tests/attacks/coverage_fuzz.py check --minutes 10
    python tests/attacks/coverage_fuzz.py tensors --minutes 10

It ends at the first input that crashes the reader or takes more than its limits; libFuzzer writes that to `crash-…`.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
for _folder in (ROOT / "tests" / "submission", ROOT / "tests", ROOT):
    sys.path.insert(0, str(_folder))

_INSTRUMENTED = ("ckpt_tools", "core", "submission", "zipfile", "pickletools")


def main() -> int:
    """Fuzz one reader."""
    parser = argparse.ArgumentParser(
        description="Coverage-guided inputs against a reader of the kit (needs atheris).",
        epilog="example: python tests/attacks/coverage_fuzz.py check --minutes 10",
    )
    parser.add_argument("reader", choices=("check", "tensors"))
    parser.add_argument("--minutes", type=float, default=10.0, help="default: %(default)s")
    arguments = parser.parse_args()
    atheris: Any = importlib.import_module("atheris")
    with atheris.instrument_imports(include=list(_INSTRUMENTED)):
        for module in ("submission.check", "ckpt_tools.formats.torch_file"):
            importlib.import_module(module)  # before anything else imports them, for what is imported is not changed
        from attacks.fuzz import _seeds, made_outcome
        from attacks.run import faults

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpus = folder / "corpus"
        corpus.mkdir()
        seeds, whole = _seeds(arguments.reader, folder)
        suffix = seeds[0][0]
        for number, (ending, body) in enumerate(seeds):
            if ending == suffix:
                (corpus / f"{number}").write_bytes(body)
        path = folder / f"input{suffix}"

        def attack(data: bytes) -> None:
            path.write_bytes(whole(data))
            with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
                found = made_outcome(arguments.reader, path)
            if wrong := faults(arguments.reader, {path.name: found}):
                raise AssertionError(wrong[0])

        seconds = int(arguments.minutes * 60)
        # libFuzzer ends the process by itself: what it has found is said on standard error.
        atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=65536", str(corpus)], attack)
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
