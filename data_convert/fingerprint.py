"""Command: write the fingerprints of SQuAD's dev passages, by which training on them is refused without the file.

python data_convert/fingerprint.py dev-v1.1.json
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from collections.abc import Sequence

import numpy as np

from core.command import command_parser
from core.errors import InputError, run_command
from core.files import replacing
from core.terminal import show
from data_convert.readers.squad_questions import read_questions
from data_convert.selection.refusal import FINGERPRINTS, SQUAD_DEV_SHA256, is_squad_dev, passage_fingerprints

_EXAMPLE = "example: python data_convert/fingerprint.py dev-v1.1.json"


def main(argv: Sequence[str]) -> int:
    """Write the fingerprints of the dev file's passages, ascending."""
    parser = command_parser(
        "data_convert/fingerprint.py",
        "Write the fingerprints of the passages of SQuAD's dev set, which training data must not hold.",
        _EXAMPLE,
    )
    parser.add_argument("file", type=Path, help="the official dev-v1.1.json")
    path: Path = parser.parse_args(argv).file
    if not is_squad_dev(path):
        raise InputError(f"{path}: not the official dev-v1.1.json (its sha256 begins {SQUAD_DEV_SHA256[:8]})")
    passages = {str(record.meta["passage"]) for record in read_questions(path, "all")[0]}
    found = passage_fingerprints(passages)
    with replacing(FINGERPRINTS) as partial:
        np.array(sorted(found), "<u8").tofile(partial)
    show(f"{len(found)} fingerprints: {FINGERPRINTS}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
