"""A short run of the fuzzer; `python tests/ckpt_tools/fuzz_tensor_files.py` runs it long."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz_tensor_files import SEEDS, fuzz


@pytest.mark.parametrize("name", SEEDS)
def test_mutated_files_are_read_or_refused(tmp_path: Path, name: str) -> None:
    read = fuzz(name, 500, tmp_path)
    assert 0 < read < 500
