"""Fixtures for all rooms."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no defect of what is tested.
settings.register_profile("kit", deadline=None)
settings.load_profile("kit")
# MindFormers writes its logs to ./output wherever it is imported, unless it is told another place.
os.environ.setdefault("LOCAL_DEFAULT_PATH", tempfile.mkdtemp(prefix="mindformers-"))
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real contest data (SHARED_DATA, or ../shared/data beside the kit); the test skips without it."""
    folder = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the contest's data are not on this machine")
    return folder


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that ask for a longer time: no process is to wait for them in the end."""
    items.sort(key=_patience, reverse=True)


def _patience(item: pytest.Item) -> int:
    mark = item.get_closest_marker("timeout")
    return int(mark.args[0]) if mark else 0
