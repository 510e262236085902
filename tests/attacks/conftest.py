"""What attacks are made with: run folders and zips of the tests of `submission/`, changed by code into hostile ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "submission"))

from run_folder import make_run  # noqa: E402


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A fresh run folder that may be changed."""
    return make_run(tmp_path / "logs" / "run")
