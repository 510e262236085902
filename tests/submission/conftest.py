"""Run folders and zips for the tests of this room."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from run_folder import make_run  # noqa: E402

from core.files import write_text  # noqa: E402
from submission.package.build import build  # noqa: E402

# What of the project below is code that ran, and what is needed to run it again.
CODE = (
    "LICENSE",
    "NOTICE",
    "README.md",
    "configs/x.yaml",
    "constraints.txt",
    "core/__init__.py",
    "core/a.py",
    "pyproject.toml",
    "submission/__init__.py",
    "submission/report/style.css",
)


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project without git whose code goes into the zips."""
    root = tmp_path_factory.mktemp("project")
    for name in CODE:
        write_text(root / name, f"# {name}\n")
    for name in ("logs/run/secret.py", "core/.venv/lib.py", "core/data.bin", "notes.txt", "elsewhere/b.py"):
        write_text(root / name, "never packed\n")
    return root


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A fresh run folder that may be changed."""
    return make_run(tmp_path / "run")


@pytest.fixture(scope="session")
def good_zip(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """A zip that passes the check; not to be changed."""
    built = build(make_run(tmp_path_factory.mktemp("good") / "run"), root=project)
    assert built.verdict is not None
    assert built.verdict.problems == ()
    return built.path
